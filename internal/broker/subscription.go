package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/luraproject/lura/v2/logging"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// stopTime is how long a subscription that stops waits for each of the broker's
// answers.
const stopTime = 5 * time.Second

// Subscription consumes a queue for as long as its context lives, on whatever
// session is up. A goroutine subscribes again when a session or channel ends.
type Subscription struct {
	connection *Connection
	topology   *declared
	options    SubscriptionOptions
	logger     prefixed
	done       chan struct{} // closed when it has stopped and everything is settled
	position   position      // in a stream

	mu      sync.Mutex // guards below; never held while waiting
	stream  *stream    // nil while not consuming
	err     error      // why not
	stopped bool
	changed chan struct{} // closed and replaced when one of them changes
}

// SubscriptionOptions is what to consume and how.
type SubscriptionOptions struct {
	Topology topology.Topology
	Prefetch
	AutoAck bool
	NoLocal bool
	// ConsumerArgs are the consumer's arguments. On a stream the offset is that of
	// the first time; later it goes on where it was.
	ConsumerArgs amqp.Table
	// Passive receivers are no requests: they do not make a connection that has
	// given up try again.
	Passive bool
	Policy  Policy
	Logger  logging.Logger
	Prefix  string       // of its log lines
	Stats   *stats.Entry // where it counts. Default: where nobody sees it
}

var consumerNumber atomic.Int64

// consumerTag is what `rabbitmqctl list_consumers` shows. It is unique in the
// process.
func consumerTag() string {
	return fmt.Sprintf("%s-%d-%d", filepath.Base(os.Args[0]), os.Getpid(), consumerNumber.Add(1))
}

// Subscribe starts consuming the topology's queue until ctx ends. It does not
// wait for the broker.
func Subscribe(ctx context.Context, hosts Hosts, o SubscriptionOptions) *Subscription {
	o.Stats = cmp.Or(o.Stats, &stats.Entry{})
	s := &Subscription{
		connection: Acquire(ctx, hosts, Consuming, o.Policy, o.Logger),
		options:    o,
		logger:     prefixed{o.Logger, o.Prefix},
		done:       make(chan struct{}),
		changed:    make(chan struct{}),
	}
	o.Stats.Show(ctx, s.connection.Status)
	s.topology = s.connection.need(ctx, o.Topology, o.Policy, s.logger)
	s.connection.hold()
	go func() {
		defer close(s.done)
		defer s.connection.release()
		s.run(ctx)
	}()
	return s
}

// Done is closed once ctx has ended and every message that was handed out is
// settled.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// Consuming says whether messages are coming in, or would if there were any. The
// channel is closed when that may have changed.
func (s *Subscription) Consuming() (consuming bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream != nil, s.changed
}

// Receive returns the next message, which the caller must settle. It waits until shortly
// before the deadline of ctx at most. The error is ErrEmpty when no message came while the
// queue was consumed; an UnavailableError with the reason when the queue is not consumed;
// ErrStopped when the subscription's own context has ended.
func (s *Subscription) Receive(ctx context.Context, wait Wait) (*Delivery, error) {
	if d := s.ready(); d != nil {
		return d, nil
	}
	ctx, cancel := BeforeDeadline(ctx)
	defer cancel()
	patience := wait.timer()
	defer patience.stop()
	for {
		s.mu.Lock()
		stream, err, stopped, changed := s.stream, s.err, s.stopped, s.changed
		s.mu.Unlock()
		if stopped {
			return nil, ErrStopped
		}
		if stream != nil {
			d, err := stream.receive(ctx, patience.start())
			if !errors.Is(err, errStreamOver) {
				return d, err
			}
		} else if !s.options.Passive {
			s.connection.poke()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, s.connection.unavailable(err)
		}
	}
}

// ready returns a message that is here already, or nil.
func (s *Subscription) ready() *Delivery {
	s.mu.Lock()
	stream := s.stream
	s.mu.Unlock()
	if stream == nil || !stream.hold() {
		return nil
	}
	select {
	case d, ok := <-stream.deliveries:
		taken, _ := stream.take(d, ok)
		return taken
	default:
		stream.release()
		return nil
	}
}

// run consumes on one session after the other, at once after a stream that lived
// long enough, else after the back-off.
func (s *Subscription) run(ctx context.Context) {
	defer s.set(nil, ErrStopped, true)
	policy := Policy{Strategy: s.options.Policy.Strategy}.start()
	for ctx.Err() == nil {
		started := time.Now()
		err := s.consumeOnce(ctx)
		if ctx.Err() != nil || errors.Is(err, errUnsent) {
			continue // the connection's supervisor says what happened to it
		}
		s.set(nil, err, false)
		s.topology.logFailure(err)
		if time.Since(started) < shortLife {
			s.pause(ctx, policy.NextBackOff())
		} else {
			policy.Reset()
		}
	}
}

// consumeOnce consumes until the stream is over or the subscription stops.
func (s *Subscription) consumeOnce(ctx context.Context) error {
	stream, err := s.subscribe(ctx)
	if err != nil {
		return err
	}
	s.topology.forgetFailure()
	s.set(stream, nil, false)
	return s.attend(ctx, stream)
}

// attend keeps a stream until it is over or the subscription stops.
func (s *Subscription) attend(ctx context.Context, stream *stream) error {
	select {
	case <-stream.over:
		s.set(nil, stream.err, false)
		if stream.session.lostConnection() {
			return errUnsent
		}
		return stream.err
	case <-ctx.Done():
		s.set(nil, ErrStopped, true)
		stream.stop()
		return nil
	}
}

func (s *Subscription) set(stream *stream, err error, stopped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream, s.err, s.stopped = stream, err, stopped
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Subscription) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// subscribe waits for a session, declares, and consumes on a channel of its own.
func (s *Subscription) subscribe(ctx context.Context) (*stream, error) {
	session, err := s.connection.next(ctx)
	if err != nil {
		return nil, err
	}
	on, err := session.declare(ctx, s.topology)
	if err != nil {
		return nil, err
	}
	ch, err := on.session.conn.Channel()
	if err != nil {
		return nil, on.session.unsentIfClosed(ctx, fmt.Errorf("open channel: %w", err))
	}
	stream := newStream(on.session, ch, &s.position, s.options)
	if err := s.consume(ctx, stream); err != nil {
		_ = ch.Close()
		var refused *amqp.Error
		if errors.As(err, &refused) && refused.Code == amqp.NotFound {
			on.session.renew(on.generation)
		}
		return nil, on.session.unsentIfClosed(ctx, err)
	}
	if !on.session.spawn(stream.watch) {
		return nil, errUnsent
	}
	return stream, nil
}

func (s *Subscription) consume(ctx context.Context, stream *stream) error {
	o := s.options
	size := o.PrefetchSize
	if size != 0 && !s.connection.takesPrefetchSize(ctx, size, s.logger) {
		size = 0
	}
	if err := stream.ch.Qos(o.PrefetchCount, size, false); err != nil {
		return fmt.Errorf("set prefetch: %w", err)
	}
	queue := o.Topology.Queue
	deliveries, err := stream.ch.Consume(queue.Name, stream.tag, o.AutoAck, queue.Exclusive, o.NoLocal, o.Topology.NoWait, s.position.resume(o.ConsumerArgs))
	if err != nil {
		return fmt.Errorf("consume queue %q: %w", queue.Name, err)
	}
	stream.deliveries = deliveries
	return nil
}
