package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/luraproject/lura/v2/logging"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// Publisher publishes to one exchange, whose topology it keeps declared. It is
// safe for concurrent use.
type Publisher struct {
	connection *Connection
	holder     *Connection // of the exclusive queue; nil when there is none
	topology   *declared
	held       *declared // what the holder declares
	confirm    bool
	watched    bool // a queue is declared, so no message should go astray
	patient    bool
	counters   *stats.Entry
	duration   *telemetry.Duration // nil where nobody sees the counters

	standing atomic.Pointer[standing]
}

// PublisherOptions is what a publisher relies on.
type PublisherOptions struct {
	Topology topology.Topology
	// Confirm waits for the broker to take responsibility for each message.
	Confirm bool
	// Patient waits while the broker blocks publishers: ErrBlocked then means that the
	// message was not sent before ctx ended. It is for publishers that declare nothing.
	Patient bool
	Policy  Policy
	Logger  logging.Logger
	Prefix  string       // of its log lines
	Stats   *stats.Entry // where it counts. Default: where nobody sees it
}

// Message is one message to publish.
type Message struct {
	RoutingKey string
	// Mandatory makes a message that no queue takes an error.
	Mandatory bool
	// Publishing has headers that belong to the publisher from then on: it adds its own.
	amqp.Publishing

	// ExpiresUnanswered makes the message expire with its request, in the time that is left
	// when it goes out.
	ExpiresUnanswered bool

	answered <-chan struct{} // closed when the message was answered, which is more than a confirm
	useless  <-chan struct{} // closed when its answer could not come any more
	numbered bool            // in a header, by which its return is known
}

// standing is what a publisher has on the session it used last.
type standing struct {
	declaredOn
	channels *channelGroup
}

// NewPublisher returns a publisher on the connection to hosts, which it keeps
// open until ctx has ended and no message is under way.
//
// An exclusive queue is declared on the consuming connection: a queue that the
// publishing connection held could be consumed by nobody.
func NewPublisher(ctx context.Context, hosts Hosts, o PublisherOptions) *Publisher {
	logger := prefixed{o.Logger, o.Prefix}
	p := &Publisher{
		connection: Acquire(ctx, hosts, Publishing, o.Policy, o.Logger),
		confirm:    o.Confirm,
		watched:    o.Confirm && o.Topology.DeclaresQueue(),
		patient:    o.Patient,
		counters:   cmp.Or(o.Stats, &stats.Entry{}),
	}
	if o.Stats != nil {
		p.duration = telemetry.PublishDuration(o.Topology.Exchange.Name)
	}
	p.counters.Show(ctx, p.connection.Status)
	own := o.Topology
	if own.Queue.Exclusive && own.DeclaresQueue() {
		p.holder = Acquire(ctx, hosts, Consuming, o.Policy, o.Logger)
		p.held = p.holder.need(ctx, o.Topology, o.Policy, logger)
		own.Queue, own.Bindings = topology.Queue{}, nil
	}
	p.topology = p.connection.need(ctx, own, o.Policy, logger)
	return p
}

// Publish returns nil once the broker has confirmed the message, or, without
// confirms, once it is on its way to the socket. It waits for the connection, the
// topology and the confirm within ctx. See the package's errors for the rest.
func (p *Publisher) Publish(ctx context.Context, m Message) error {
	p.enter()
	defer p.leave()
	return p.send(ctx, m)
}

// enter keeps the connection while a request is in flight, until leave.
func (p *Publisher) enter() {
	p.connection.hold()
	p.counters.InFlight.Add(1)
}

func (p *Publisher) leave() {
	p.counters.InFlight.Add(-1)
	p.connection.release()
}

// send publishes and counts.
func (p *Publisher) send(ctx context.Context, m Message) error {
	began := time.Now()
	ctx, span := telemetry.StartPublish(ctx, p.exchange(), m.RoutingKey, &m.Publishing)
	err := p.publish(ctx, &m)
	p.duration.Record(ctx, time.Since(began), err)
	span.End(err)
	p.count(err)
	if !m.Mandatory && isReturned(err) {
		return nil // no queue wants it, and nobody asked for one
	}
	return err
}

func isReturned(err error) bool {
	if err == nil {
		return false
	}
	var returned *ReturnedError
	return errors.As(err, &returned)
}

// count counts how a publish ended.
func (p *Publisher) count(err error) {
	switch {
	case err == nil:
		p.counters.Published.Add(1)
	case isReturned(err):
		p.counters.Returned.Add(1)
	case errors.Is(err, ErrNacked):
		p.counters.Nacked.Add(1)
	default:
		p.counters.Failed.Add(1)
	}
}

// publish publishes until the message cannot have been lost on its way, and once more
// when it came back though a queue should have taken it.
func (p *Publisher) publish(ctx context.Context, m *Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	m.numbered = m.Mandatory
	for astray := false; ; {
		at, err := p.prepare(ctx)
		if err == nil {
			err = p.publishOn(ctx, at, m)
		}
		switch {
		case err == nil:
			return nil
		case p.watched && !astray && isReturned(err):
			// Somebody deleted the queue or its binding: declare it again. The next return
			// must be this message's own, and not that of one that is equal.
			astray, m.numbered = true, true
			p.renew(at)
		case errors.Is(err, errUnsent) && ctx.Err() == nil && !m.isUseless():
			p.standing.Store(nil)
		case p.patient && errors.Is(err, ErrBlocked) && at != nil && at.session.awaitOpen(ctx):
		default:
			return err
		}
	}
}

// prepare returns what to publish on once the topology is declared.
func (p *Publisher) prepare(ctx context.Context) (*standing, error) {
	if p.holder != nil {
		// An exclusive queue has to be there before its messages are.
		if _, err := p.holder.declare(ctx, p.held); err != nil {
			return nil, err
		}
	}
	if at := p.standing.Load(); at != nil && at.session == p.connection.session.Load() && at.generation == at.session.generation.Load() {
		return at, nil
	}
	on, err := p.connection.declare(ctx, p.topology)
	if err != nil {
		return nil, err
	}
	at := &standing{declaredOn: on, channels: on.session.channels.group(on.session, p.exchange(), p.confirm)}
	p.standing.Store(at)
	return at, nil
}

func (p *Publisher) exchange() string { return p.topology.topology.Exchange.Name }

// renew forgets what was declared, because some of it is gone.
func (p *Publisher) renew(at *standing) {
	at.session.renew(at.generation)
	if p.holder == nil {
		return
	}
	if s := p.holder.session.Load(); s != nil {
		s.renew(s.generation.Load())
	}
}

// publishOn publishes once. The error is errUnsent when the message cannot have
// reached the broker and may be published again, though not as it is if it is useless.
func (p *Publisher) publishOn(ctx context.Context, at *standing, m *Message) error {
	s := at.session
	gate := s.gate.Load()
	if gate.closed() {
		return ErrBlocked
	}
	if err := s.outbox.awaitRoom(ctx); err != nil {
		return fmt.Errorf("%w: the network takes nothing: %w", ErrUnconfirmed, err)
	}
	c, err := at.channels.acquire(ctx, gate)
	if err != nil {
		return s.unsentIfClosed(ctx, err)
	}
	defer c.release()
	if m.isUseless() {
		return fmt.Errorf("%w: its reply could not come", errUnsent)
	}
	if m.ExpiresUnanswered {
		m.Expiration = timeLeft(ctx)
	}

	var number int64
	if m.numbered || p.watched {
		number = c.expect(m)
		defer c.forget(number)
	}
	if m.numbered {
		m.setHeader(ReturnHeader, number)
	}
	if headerSize(m.Publishing) > s.maxHeader() {
		return ErrHeadersTooLarge
	}
	began := time.Now()
	confirmation, err := c.ch.PublishWithDeferredConfirm(p.exchange(), m.RoutingKey, number != 0, false, m.Publishing)
	if err != nil {
		return c.unsent(ctx, err)
	}
	if confirmation == nil {
		return nil
	}
	blocked := gate.blocked
	if p.patient {
		blocked = nil // the message is on its way, only later
	}
	select {
	case <-confirmation.Done():
		p.counters.Confirms.Observe(time.Since(began))
		return p.settle(ctx, at, c, confirmation.Acked(), number)
	case <-m.answered:
		return nil
	case <-blocked:
		return ErrBlocked
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnconfirmed, ctx.Err())
	}
}

// settle says what a confirm means.
func (p *Publisher) settle(ctx context.Context, at *standing, c *publishingChannel, acked bool, number int64) error {
	if acked {
		c.taken()
		if number != 0 {
			return c.outcome(number)
		}
		return nil
	}
	if !c.ch.IsClosed() {
		if c.refuses() {
			at.channels.retire(c)
		}
		return ErrNacked
	}
	select {
	case <-c.done: // closed with the channel
	case <-ctx.Done():
		return &LostError{Err: ctx.Err()}
	}
	var refused *amqp.Error
	if errors.As(c.cause, &refused) && refused.Code == amqp.NotFound {
		p.renew(at)
	}
	return &LostError{Err: c.cause}
}

// isUseless says that its answer could not come any more.
func (m *Message) isUseless() bool {
	select {
	case <-m.useless:
		return true
	default:
		return false
	}
}

// setHeader adds a header to a message's own.
func (m *Message) setHeader(name string, value any) {
	if m.Headers == nil {
		m.Headers = amqp.Table{}
	}
	m.Headers[name] = value
}
