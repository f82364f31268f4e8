package main

import (
	"context"
	"fmt"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// byCallers is a confirmed publish with growing concurrency.
func byCallers(c contender) func(context.Context, *lab, int) (result, error) {
	return func(ctx context.Context, l *lab, callers int) (result, error) {
		return confirmedPublish(callers)(ctx, l, c)
	}
}

// bySize is a confirmed publish with growing bodies.
func bySize(c contender) func(context.Context, *lab, int) (result, error) {
	return func(ctx context.Context, l *lab, size int) (result, error) {
		return l.at(ctx, true, func(ctx context.Context, p place) (result, error) {
			publish, err := c.publisher(ctx, publishing{place: p, confirm: true, body: body(size)})
			if err != nil {
				return result{}, err
			}
			return l.afterWarmUp(ctx, 64, publish)
		})
	}
}

// byBackends spreads 256 callers over backends, with a queue each.
func byBackends(c contender, ownExchanges bool) func(context.Context, *lab, int) (result, error) {
	return func(ctx context.Context, l *lab, backends int) (result, error) {
		places := queuesOf(newPlace(l.url(), true), backends)
		for i := range places {
			if ownExchanges {
				places[i].exchange = fmt.Sprintf("bench-%d", i)
			}
		}
		return l.among(ctx, places, func(ctx context.Context, places []place) (result, error) {
			publish, err := spreadOver(ctx, c, places)
			if err != nil {
				return result{}, err
			}
			// Each backend's first message declares its topology.
			if _, err := drain(ctx, 64, len(places), publish); err != nil {
				return result{}, err
			}
			return l.afterWarmUp(ctx, 256, publish)
		})
	}
}

// spreadOver returns an operation that publishes to one place after the other.
func spreadOver(ctx context.Context, c contender, places []place) (operation, error) {
	if c.name() == bare {
		return bareOver(ctx, places)
	}
	operations := make([]operation, len(places))
	for i, p := range places {
		var err error
		if operations[i], err = c.publisher(ctx, publishing{place: p, confirm: true, body: body(bodySize)}); err != nil {
			return nil, err
		}
	}
	var turn atomic.Uint64
	return func(ctx context.Context) error { return operations[turn.Add(1)%uint64(len(operations))](ctx) }, nil
}

// bareOver uses one connection for all places.
func bareOver(ctx context.Context, places []place) (operation, error) {
	channels, err := openChannels(ctx, places[0].url, bareChannels)
	if err != nil {
		return nil, err
	}
	for _, ch := range channels {
		if err := ch.Confirm(false); err != nil {
			return nil, err
		}
	}
	var turn atomic.Uint64
	text := body(bodySize)
	return func(ctx context.Context) error {
		n := turn.Add(1)
		p := places[n%uint64(len(places))]
		return publishBare(ctx, channels[n%uint64(len(channels))], p.exchange, p.key, p.durable, text)
	}, nil
}

// byShards publishes 64 routing keys through a consistent-hash exchange, which spreads
// them over queues. A queue is one process of the broker.
func byShards(ctx context.Context, l *lab, queues int) (result, error) {
	if err := l.enablePlugin(ctx, "rabbitmq_consistent_hash_exchange"); err != nil {
		return result{}, err
	}
	p := newPlace(l.url(), true)
	p.kind = "x-consistent-hash"
	places := queuesOf(p, queues)
	for i := range places {
		places[i].key = "1" // a binding's weight
	}
	return l.among(ctx, places, func(ctx context.Context, _ []place) (result, error) {
		keys := queuesOf(p, 64)
		for i := range keys {
			keys[i].queue = "" // the lab's are bound already
		}
		publish, err := spreadOver(ctx, luraAMQP{}, keys)
		if err != nil {
			return result{}, err
		}
		return l.afterWarmUp(ctx, 256, publish)
	})
}

// byQueueType is a confirmed publish of 256 callers to a classic or a quorum queue.
func byQueueType(ctx context.Context, l *lab, kind string) (result, error) {
	p := newPlace(l.url(), true)
	if kind != amqp.QueueTypeClassic {
		p.args = amqp.Table{amqp.QueueTypeArg: kind}
	}
	return l.among(ctx, []place{p}, func(ctx context.Context, places []place) (result, error) {
		publish, err := luraAMQP{}.publisher(ctx, publishing{place: places[0], confirm: true, body: body(bodySize)})
		if err != nil {
			return result{}, err
		}
		return l.afterWarmUp(ctx, 256, publish)
	})
}
