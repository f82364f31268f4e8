package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

const (
	// firstLook and longestLook are how often an empty queue is asked again for a
	// request that waits.
	firstLook   = 10 * time.Millisecond
	longestLook = 200 * time.Millisecond
)

// Puller takes messages from a queue one at a time, when somebody asks (basic.get). It
// holds none that nobody has asked for.
type Puller struct {
	ctx        context.Context
	connection *Connection
	topology   *declared
	options    SubscriptionOptions
	desks      deskTable
}

// NewPuller returns a puller on the connection to hosts until ctx ends. It does not
// wait for the broker. Prefetch and NoLocal do not apply.
func NewPuller(ctx context.Context, hosts Hosts, o SubscriptionOptions) *Puller {
	o.Stats = cmp.Or(o.Stats, &stats.Entry{})
	p := &Puller{ctx: ctx, connection: Acquire(ctx, hosts, Consuming, o.Policy, o.Logger), options: o}
	o.Stats.Show(ctx, p.connection.Status)
	p.topology = p.connection.need(ctx, o.Topology, o.Policy, prefixed{o.Logger, o.Prefix})
	return p
}

// Receive returns the next message, which the caller must settle. The error is ErrEmpty
// when there is none, for as long as it is to wait, which is not at all unless it is
// bounded; ErrStopped when the puller's own context has ended; see the package's errors
// for the rest.
func (p *Puller) Receive(ctx context.Context, wait Wait) (*Delivery, error) {
	wait.Bounded = true
	ctx, cancel := BeforeDeadline(ctx)
	defer cancel()
	patience := wait.timer()
	defer patience.stop()
	for look := firstLook; ; look = min(2*look, longestLook) {
		d, err := p.get(ctx)
		if !errors.Is(err, ErrEmpty) || wait.Limit == 0 {
			return d, err
		}
		again := time.NewTimer(look)
		select {
		case <-again.C:
		case <-patience.start():
			again.Stop()
			return nil, ErrEmpty
		case <-ctx.Done():
			again.Stop()
			return nil, ErrEmpty
		}
	}
}

// get asks once, and again where the session was lost before it could or the queue is
// declared once more.
func (p *Puller) get(ctx context.Context) (*Delivery, error) {
	p.connection.hold()
	defer p.connection.release()
	for astray := false; ; {
		if p.ctx.Err() != nil {
			return nil, ErrStopped
		}
		d, on, err := p.getOn(ctx)
		var refused *amqp.Error
		switch {
		case errors.As(err, &refused) && refused.Code == amqp.NotFound && !astray:
			astray = true
			on.session.renew(on.generation)
		case errors.Is(err, errUnsent) && ctx.Err() == nil:
		default:
			return d, err
		}
	}
}

func (p *Puller) getOn(ctx context.Context) (*Delivery, declaredOn, error) {
	on, err := p.connection.declare(ctx, p.topology)
	if err != nil {
		return nil, on, err
	}
	d, err := p.desks.of(on.session, p).serve(ctx)
	if err != nil && !errors.Is(err, ErrEmpty) {
		err = on.session.unsentIfClosed(ctx, fmt.Errorf("get from queue %q: %w", p.options.Topology.Queue.Name, err))
	}
	return d, on, err
}
