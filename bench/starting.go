package main

import (
	"context"
	"fmt"
	"time"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	"golang.org/x/sync/errgroup"
)

// startAgent starts an agent as Lura does. Its pings are read, for the peer waits
// until they are.
func startAgent(ctx context.Context, start async.Factory, c consuming, backend proxy.Proxy) error {
	pings, group, ended := make(chan string, 1), &errgroup.Group{}, make(chan struct{})
	go func() {
		for {
			select {
			case <-pings:
			case <-ended:
				return
			}
		}
	}()
	if !start(ctx, agentOptions(c, "bench", group, pings, backend)) {
		close(ended)
		return fmt.Errorf("the agent's block %s was not found", agentNamespace)
	}
	go func() {
		defer close(ended)
		_ = group.Wait() // the peer's error is that ctx has ended
	}()
	return nil
}

func agentOptions(c consuming, name string, group *errgroup.Group, pings chan<- string, backend proxy.Proxy) async.Options {
	block := c.consumerBlock()
	delete(block, "routing_key")
	block["host"] = c.url
	return async.Options{
		Agent: &config.AsyncAgent{
			Name:        name,
			Connection:  config.Connection{HealthInterval: time.Second},
			Consumer:    config.Consumer{Topic: c.key, Workers: c.workers, Timeout: timeout},
			ExtraConfig: config.ExtraConfig{agentNamespace: block},
		},
		Proxy:          backend,
		AgentPing:      pings,
		G:              group,
		ShouldContinue: func(int) bool { return true }, // the end of its context ends the peer
		BackoffF:       func(int) time.Duration { return 0 },
		Logger:         logging.NoOp,
	}
}
