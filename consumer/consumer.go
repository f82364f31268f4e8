package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/pace"
	"github.com/bdf0fecc/lura-amqp/internal/response"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/status"
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/internal/transfer"
)

// consumer answers the requests of one backend.
type consumer struct {
	cfg      Config
	mapping  response.Mapping
	source   source
	dead     *transfer.Queue // nil without dead_letter
	name     string          // of the endpoint
	counters *stats.Entry
	duration *telemetry.Duration
	messages pace.Messages // what is logged of them
}

// source is a subscription or a puller.
type source interface {
	Receive(context.Context, broker.Wait) (*broker.Delivery, error)
}

// New returns a proxy that answers each request with a message from the queue. It
// does not wait for the broker. When ctx ends it takes no more messages; what was
// prefetched goes back to the queue.
func New(ctx context.Context, logger logging.Logger, prefix string, cfg Config, remote *config.Backend) proxy.Proxy {
	counters := stats.RegisterBackend(ctx, remote)
	options := broker.SubscriptionOptions{
		Topology: cfg.Declares(),
		Prefetch: cfg.Prefetch,
		AutoAck:  cfg.AutoAck,
		NoLocal:  cfg.NoLocal,

		ConsumerArgs: topology.Table(cfg.ConsumerArgs),
		Policy:       cfg.policy,
		Logger:       logger,
		Prefix:       prefix,
		Stats:        counters,
	}
	c := &consumer{
		cfg:      cfg,
		mapping:  response.NewMapping(remote, cfg.Headers),
		name:     stats.NameOf(remote),
		counters: counters,
		duration: telemetry.ReceiveDuration(cfg.Name),
		messages: pace.Messages{Logger: logger, Prefix: prefix},
	}
	if cfg.Mode == pull {
		c.source = broker.NewPuller(ctx, cfg.hosts, options)
	} else {
		c.source = broker.Subscribe(ctx, cfg.hosts, options)
	}
	if cfg.DeadLetter != "" {
		c.dead = transfer.DeadLetter(ctx, cfg.DeadLetter, transfer.Options{
			Hosts: cfg.hosts, Source: options.Topology.Queue, Policy: cfg.policy, Logger: logger, Prefix: prefix,
		})
	}
	return c.take
}

// take is the proxy. The request may be nil.
func (c *consumer) take(ctx context.Context, _ *proxy.Request) (*proxy.Response, error) {
	began := time.Now()
	ctx, span := telemetry.StartReceive(ctx, c.cfg.Name)
	answer, err := c.answer(ctx, span)
	c.duration.Record(ctx, time.Since(began), err)
	span.End(err)
	c.counters.Request(err)
	return answer, err
}

func (c *consumer) answer(ctx context.Context, span telemetry.Span) (*proxy.Response, error) {
	d, err := c.source.Receive(ctx, c.cfg.wait)
	switch {
	case errors.Is(err, broker.ErrEmpty), errors.Is(err, broker.ErrStopped):
		return c.mapping.Empty(), nil
	case err != nil:
		return nil, status.Of(err)
	}
	span.Received(&d.Delivery, c.cfg.Name)
	taken, err := c.mapping.Of(&d.Delivery)
	if err != nil {
		c.refuse(ctx, d, err)
		return nil, err
	}
	if c.mapping.Raw {
		taken.Io = newBody(ctx, d.Body, func(handedOver bool) { c.settle(d, handedOver) })
		return taken, nil
	}
	if ctx.Err() != nil {
		c.settle(d, false)
		return nil, status.Of(ctx.Err())
	}
	c.settle(d, true)
	return taken, nil
}

// settle acks a message that was handed over and gives any other one back.
func (c *consumer) settle(d *broker.Delivery, handedOver bool) {
	settle := d.Requeue
	if handedOver {
		settle = d.Ack
	}
	c.report(settle())
}

// refuse settles a message that cannot be decoded.
func (c *consumer) refuse(ctx context.Context, d *broker.Delivery, why error) {
	if c.dead != nil {
		err := c.dead.Put(ctx, d, transfer.Failure{Err: why, By: "endpoint " + c.name}, 0)
		if err == nil {
			c.report(d.Moved(true))
			return
		}
		c.messages.Error("back", fmt.Sprintf("message goes back to the queue: %v; %v", why, err))
	}
	settle := d.Reject
	if c.cfg.NackDiscard {
		settle = d.Discard
	}
	c.report(settle())
}

func (c *consumer) report(err error) {
	if err != nil {
		c.messages.Logger.Debug(c.messages.Prefix, fmt.Sprintf("the broker did not get the ack, so it delivers the message again: %v", err))
	}
}
