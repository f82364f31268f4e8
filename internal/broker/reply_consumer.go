package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// replyConsumers are those of one session, each shared by all callers whose replies
// come to the same queue.
type replyConsumers struct {
	mu  sync.Mutex // guards all
	all map[ReplyQueue]*replyConsumer
}

// replyConsumer hands replies to the calls that wait for them, on a channel of its own.
// It takes them with auto_ack: a caller that has gone wants them no more.
type replyConsumer struct {
	session *session
	queue   ReplyQueue
	calls   *calls

	ready   chan struct{} // closed when it consumes, or could not
	address string        // for reply_to; may be read once ready is closed, as may err
	err     error
	over    chan struct{} // closed when no more replies come
	cause   error         // why; may be read once over is closed, as may failed
	failed  time.Time
	count   int // of consumers in a row that could not consume, this one included
}

// of returns the consumer of a queue, a new one when the last has ended. One that could
// not consume is what everybody gets until the back-off is over.
func (r *replyConsumers) of(s *session, c *Caller) *replyConsumer {
	r.mu.Lock()
	defer r.mu.Unlock()
	previous := r.all[c.queue]
	if previous != nil && !previous.replaceable(c.policy) {
		return previous
	}
	next := &replyConsumer{session: s, queue: c.queue, calls: c.connection.calls, ready: make(chan struct{}), over: make(chan struct{})}
	if previous != nil && previous.err != nil {
		next.count = previous.count
	}
	if r.all == nil {
		r.all = map[ReplyQueue]*replyConsumer{}
	}
	r.all[c.queue] = next
	if !s.spawn(func() { next.run(&c.failures) }) {
		next.fail(errSessionOver)
	}
	return next
}

func (c *replyConsumer) replaceable(p Policy) bool {
	select {
	case <-c.over:
		return c.err == nil || time.Since(c.failed) >= p.Strategy.Delay(c.count)
	default:
		return false
	}
}

// run consumes until the channel is closed.
func (c *replyConsumer) run(log *failureLog) {
	replies, closed, err := c.consume()
	if err != nil {
		c.fail(&DeclareError{Err: err})
		if !c.session.lostConnection() {
			log.logFailure(err)
		}
		return
	}
	log.forgetFailure()
	close(c.ready)
	for d := range replies {
		c.calls.answer(d)
	}
	c.cause = cause(<-closed)
	close(c.over)
}

func (c *replyConsumer) consume() (<-chan amqp.Delivery, <-chan *amqp.Error, error) {
	if t := c.queue.topology(); !t.Empty() {
		if err := c.session.onDeclarer(t); err != nil {
			return nil, nil, err
		}
	}
	ch, err := c.session.conn.Channel()
	if err != nil {
		return nil, nil, fmt.Errorf("open channel: %w", err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	cancelled := ch.NotifyCancel(make(chan string, 1))
	replies, address, err := c.queue.consume(ch, consumerTag())
	if err != nil {
		_ = ch.Close()
		if errors.Is(err, amqp.ErrClosed) { // by the broker, which said why
			err = fmt.Errorf("consume replies: %w", cause(<-closed))
		}
		return nil, nil, err
	}
	c.address = address
	c.session.spawn(func() {
		// Somebody deleted the queue: the next call consumes anew.
		if _, gone := <-cancelled; gone {
			_ = ch.Close()
		}
	})
	return replies, closed, nil
}

func (c *replyConsumer) fail(err error) {
	c.err, c.cause, c.failed = err, err, time.Now()
	c.count++
	close(c.ready)
	close(c.over)
}

// await waits until the consumer consumes. A broker that blocks publishers answers
// nothing on their connection.
func (c *replyConsumer) await(ctx context.Context) error {
	select {
	case <-c.ready:
	default:
		select {
		case <-c.ready:
		case <-c.session.gate.Load().blocked:
			return ErrBlocked
		case <-ctx.Done():
			return fmt.Errorf("%w: consuming replies: %w", ErrUnanswered, ctx.Err())
		}
	}
	if c.err != nil {
		return c.session.unsentIfClosed(ctx, c.err)
	}
	return nil
}
