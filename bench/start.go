package main

import (
	"context"
	"fmt"
	"time"

	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	"golang.org/x/sync/errgroup"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/agent"
)

// What starts: a gateway with so many publishing endpoints and agents, a queue for
// each ten endpoints and one for each agent.
const (
	startBackends = 1000
	startAgents   = 100
	startQueues   = 100
)

// startUp measures how long a gateway takes to build its backends and agents and to
// publish one message through each backend, until all agents consume. The queues are
// there, as they are when a gateway is restarted.
func startUp(ctx context.Context, l *lab, _ contender) (result, error) {
	return l.amongQueues(ctx, func(ctx context.Context, places []place) (result, error) {
		pings, group := make(chan string, startAgents), &errgroup.Group{}
		closing, closeAll := context.WithCancel(ctx)
		defer group.Wait() //nolint:errcheck // agents return nil
		defer closeAll()

		began := time.Now()
		proxies := producers(closing, places, startBackends)
		for i := range startAgents {
			agent.StartAgent(closing, agentOptions(consuming{place: places[i%len(places)], workers: 1, prefetch: 10}, fmt.Sprintf("agent-%d", i), group, pings, ignore))
		}
		if err := publishThroughEach(ctx, proxies, startBackends); err != nil {
			return result{}, err
		}
		if err := awaitAll(ctx, pings, startAgents); err != nil {
			return result{}, err
		}
		took := time.Since(began)
		connections, err := l.nodes[0].Connections(ctx)
		return result{seconds: took.Seconds(), connections: float64(len(connections) - 1)}, err // the lab's own
	})
}

// amongQueues runs a trial with durable queues of one exchange.
func (l *lab) amongQueues(ctx context.Context, trial func(context.Context, []place) (result, error)) (result, error) {
	return l.among(ctx, queuesOf(newPlace(l.url(), true), startQueues), trial)
}

// producers builds so many publishing backends.
func producers(ctx context.Context, places []place, count int) []proxy.Proxy {
	factory := amqp.NewBackendFactory(ctx, logging.NoOp, nil)
	proxies := make([]proxy.Proxy, count)
	for i := range proxies {
		p := places[i%len(places)]
		proxies[i] = factory(p.backend(producerNamespace, p.producerBlock()))
	}
	return proxies
}

// publishThroughEach publishes a message through each backend, at once but for a limit.
func publishThroughEach(ctx context.Context, proxies []proxy.Proxy, atOnce int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, p := range proxies {
		group.Go(func() error {
			timed, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			return publishThrough(p, body(bodySize))(timed)
		})
	}
	return group.Wait()
}

// awaitAll returns when each agent has said that it consumes.
func awaitAll(ctx context.Context, pings <-chan string, count int) error {
	late := time.After(patience)
	for seen := map[string]bool{}; len(seen) < count; {
		select {
		case name := <-pings:
			seen[name] = true
		case <-late:
			return fmt.Errorf("%d of %d agents consume", len(seen), count)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func ignore(context.Context, *proxy.Request) (*proxy.Response, error) {
	return &proxy.Response{IsComplete: true}, nil
}
