package agent

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/proxy"
	"golang.org/x/time/rate"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/pace"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/internal/transfer"
)

// agent pushes the messages of one queue to its backends.
type agent struct {
	cfg          Config
	name         string
	pings        chan<- string
	backends     proxy.Proxy
	subscription *broker.Subscription
	limiter      *rate.Limiter // nil when the rate is unlimited
	counters     *stats.Entry
	duration     *telemetry.Duration
	retrier      *retrier // nil without a retry block
	replier      *replier // nil without reply
	failures     streak
	messages     pace.Messages // what is logged of them
}

// StartAgent starts the agent in opts.G, if its extra_config has an async/amqp
// block, and says whether it has: if not, another driver may look. It does not
// wait for the broker. A block that is wrong is logged as an ERROR that names the
// key, and the agent does nothing.
//
// The agent stops when ctx ends: it takes no more messages, finishes those in hand
// within their timeout, settles them, and gives the prefetched ones back.
func StartAgent(ctx context.Context, opts async.Options) bool {
	if !extra.Agent.In(opts.Agent.ExtraConfig) {
		return false
	}
	telemetry.Metrics()
	prefix := "[ASYNC: " + opts.Agent.Name + "][AMQP]"
	cfg, problems := NewConfig(opts.Agent)
	for _, warning := range problems.Warnings() {
		opts.Logger.Warning(prefix, warning)
	}
	if err := problems.Err(); err != nil {
		opts.Logger.Error(prefix, fmt.Sprintf("%v; the agent does not start", err))
		return true
	}
	a := newAgent(ctx, cfg, prefix, opts)
	opts.G.Go(func() error { return a.run(ctx) })
	return true
}

func newAgent(ctx context.Context, cfg Config, prefix string, opts async.Options) *agent {
	counters := stats.Register(ctx, stats.Agent, opts.Agent.Name)
	a := &agent{
		cfg:      cfg,
		name:     opts.Agent.Name,
		pings:    opts.AgentPing,
		backends: opts.Proxy,
		subscription: broker.Subscribe(ctx, cfg.hosts, broker.SubscriptionOptions{
			Topology: cfg.Declares(),
			Prefetch: cfg.Prefetch,
			AutoAck:  cfg.AutoAck,
			NoLocal:  cfg.NoLocal,

			ConsumerArgs: topology.Table(cfg.ConsumerArgs),
			Passive:      true,
			Policy:       cfg.policy,
			Logger:       opts.Logger,
			Prefix:       prefix,
			Stats:        counters,
		}),
		counters: counters,
		duration: telemetry.ProcessDuration(opts.Agent.Name, cfg.Name),
		failures: streak{strategy: cfg.policy.Strategy},
		messages: pace.Messages{Logger: opts.Logger, Prefix: prefix},
	}
	a.retrier = newRetrier(ctx, cfg.Retry, transfer.Options{
		Hosts: cfg.hosts, Source: cfg.Declares().Queue, Policy: cfg.policy, Logger: opts.Logger, Prefix: prefix,
	})
	a.replier = newReplier(ctx, &cfg, broker.PublisherOptions{Logger: opts.Logger, Prefix: prefix, Stats: counters}, &a.messages)
	if cfg.maxRate > 0 {
		a.limiter = rate.NewLimiter(rate.Limit(cfg.maxRate), max(int(cfg.maxRate), 1))
	}
	return a
}

// run returns when ctx has ended and every message is settled.
func (a *agent) run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range a.cfg.workers {
		workers.Go(func() { a.work(ctx) })
	}
	a.ping(ctx)
	workers.Wait()
	<-a.subscription.Done()
	return nil
}

// ping tells the gateway's health endpoint that the agent is consuming, for as
// long as it is. It never waits for somebody to listen.
func (a *agent) ping(ctx context.Context) {
	ticker := time.NewTicker(a.cfg.interval)
	defer ticker.Stop()
	for {
		consuming, changed := a.subscription.Consuming()
		if consuming {
			select {
			case a.pings <- a.name:
			default:
			}
		}
		select {
		case <-ticker.C:
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
