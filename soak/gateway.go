package soak

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	"golang.org/x/sync/errgroup"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/agent"
)

// gateway is the module as a gateway uses it: a factory for backends, and agents.
type gateway struct {
	ctx      context.Context
	hosts    []string
	factory  proxy.BackendFactory
	agents   *errgroup.Group
	logger   logging.Logger
	shutdown context.CancelFunc
}

func newGateway(t testing.TB, logger logging.Logger, hosts ...string) *gateway {
	ctx, cancel := context.WithCancel(context.Background())
	group, groupCtx := errgroup.WithContext(ctx)
	g := &gateway{ctx: groupCtx, hosts: hosts, agents: group, logger: logger, shutdown: cancel}
	g.factory = amqp.NewBackendFactory(ctx, logger, nil)
	t.Cleanup(func() { g.stop(t) })
	return g
}

// stop ends the gateway as SIGTERM does and waits for its agents.
func (g *gateway) stop(t testing.TB) {
	g.shutdown()
	if err := g.agents.Wait(); err != nil {
		t.Error(err)
	}
}

// block has the keys that all three roles share.
func (g *gateway) block(name string, more map[string]any) map[string]any {
	b := map[string]any{"name": name, "exchange": name, "durable": true}
	for k, v := range more {
		b[k] = v
	}
	return b
}

func (g *gateway) producer(name string, more map[string]any) proxy.Proxy {
	block := g.block(name, more)
	block["routing_key"] = "key"
	return g.producerOn(name, "", block)
}

// producerOn is a producer on an endpoint with parameters.
func (g *gateway) producerOn(name, endpoint string, block map[string]any) proxy.Proxy {
	return g.factory(&config.Backend{
		URLPattern: "/" + name, ParentEndpoint: endpoint, Host: slices.Clone(g.hosts), Encoding: encoding.JSON,
		ExtraConfig: config.ExtraConfig{"backend/amqp/producer": block},
	})
}

func (g *gateway) consumer(name string, more map[string]any) proxy.Proxy {
	block := g.block(name, more)
	block["routing_key"] = []any{"key"}
	return g.factory(&config.Backend{
		URLPattern: "/" + name, Host: slices.Clone(g.hosts), Decoder: encoding.JSONDecoder, Encoding: encoding.JSON,
		ExtraConfig: config.ExtraConfig{"backend/amqp/consumer": block},
	})
}

// agent starts an agent whose messages backends gets.
func (g *gateway) agent(name string, backends proxy.Proxy, more map[string]any) error {
	hosts := ""
	for i, h := range g.hosts {
		if i > 0 {
			hosts += ","
		}
		hosts += h
	}
	block := g.block(name, more)
	block["host"] = hosts
	a := &config.AsyncAgent{
		Name:        name,
		Consumer:    config.Consumer{Topic: "key", Workers: 4, Timeout: requestTime},
		ExtraConfig: config.ExtraConfig{"async/amqp": block},
	}
	if !agent.StartAgent(g.ctx, async.Options{Agent: a, Proxy: backends, AgentPing: make(chan string, 1), G: g.agents, Logger: g.logger}) {
		return fmt.Errorf("agent %s did not start", name)
	}
	return nil
}

// requestTime is the timeout of every request: KrakenD's default.
const requestTime = 2 * time.Second
