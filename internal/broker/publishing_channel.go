package broker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ReturnHeader carries the number by which a basic.return finds its request. It means
// nothing to anybody else.
const ReturnHeader = "x-lura-amqp-publish"

// refusedInARow is how many publishes a channel may refuse one after the other
// before another channel is tried, once a second at most: it may be the channel and
// not the queue.
const refusedInARow = 3

// publishingChannel is a channel that several requests publish on at the same
// time. A goroutine reads its returns and waits for its end.
type publishingChannel struct {
	session *session
	started time.Time

	ready chan struct{} // closed when the channel is open, or could not be opened
	ch    *amqp.Channel // may be read once ready is closed, as may err
	err   error

	done  chan struct{} // closed when the channel is closed
	cause error         // why; may be read once done is closed

	users   atomic.Int64
	retired atomic.Bool
	refused atomic.Int64 // publishes in a row (basic.nack)
	number  atomic.Int64
	flushes chan chan struct{}

	mu       sync.Mutex // guards returned
	returned map[int64]*amqp.Return
}

func newPublishingChannel(s *session) *publishingChannel {
	return &publishingChannel{
		session:  s,
		started:  time.Now(),
		ready:    make(chan struct{}),
		done:     make(chan struct{}),
		flushes:  make(chan chan struct{}),
		returned: map[int64]*amqp.Return{},
	}
}

// run opens the channel, serves it and ends with it.
func (c *publishingChannel) run(confirm bool) {
	defer close(c.done)
	closed, returns, err := c.open(confirm)
	if err != nil {
		c.err, c.cause = err, err
		close(c.ready)
		return
	}
	close(c.ready)
	for {
		select {
		case r, ok := <-returns:
			if !ok {
				returns = nil
				continue
			}
			c.note(r)
		case flushed := <-c.flushes:
			c.drain(returns)
			close(flushed)
		case refused := <-closed:
			c.drain(returns)
			c.cause = cause(refused)
			if refused != nil && !c.session.conn.IsClosed() {
				c.session.logger.Warning(fmt.Sprintf("the broker closed a publishing channel: %v", refused))
			}
			return
		}
	}
}

func (c *publishingChannel) open(confirm bool) (<-chan *amqp.Error, <-chan amqp.Return, error) {
	ch, err := c.session.conn.Channel()
	if err != nil {
		return nil, nil, fmt.Errorf("open channel: %w", err)
	}
	c.ch = ch
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	returns := ch.NotifyReturn(make(chan amqp.Return, 64))
	if confirm {
		if err := ch.Confirm(false); err != nil {
			return nil, nil, fmt.Errorf("confirm.select: %w", err)
		}
	}
	return closed, returns, nil
}

// taken and refuses count what the broker says to publishes on the channel.
func (c *publishingChannel) taken() {
	if c.refused.Load() > 0 {
		c.refused.Store(0)
	}
}

// refuses says whether another channel should be tried.
func (c *publishingChannel) refuses() bool {
	return c.refused.Add(1) >= refusedInARow && time.Since(c.started) >= shortLife
}

// expect returns a number for a mandatory message that is about to be published.
func (c *publishingChannel) expect() int64 {
	number := c.number.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.returned[number] = nil
	return number
}

// outcome returns a ReturnedError if the message came back. The broker sends the
// return before the confirm, and the goroutine reads it before it answers the
// flush.
func (c *publishingChannel) outcome(ctx context.Context, number int64) error {
	flushed := make(chan struct{})
	select {
	case c.flushes <- flushed:
		<-flushed
	case <-c.done:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnconfirmed, ctx.Err())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.returned[number]
	if r == nil {
		return nil
	}
	return &ReturnedError{Exchange: r.Exchange, RoutingKey: r.RoutingKey, Code: r.ReplyCode, Text: r.ReplyText}
}

// unsent waits for the end of a channel that could not be published on.
func (c *publishingChannel) unsent(ctx context.Context, err error) error {
	select {
	case <-c.done:
	case <-ctx.Done():
	}
	return c.session.unsentIfClosed(ctx, fmt.Errorf("%w: %w", errUnsent, err))
}

func (c *publishingChannel) forget(number int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.returned, number)
}

func (c *publishingChannel) drain(returns <-chan amqp.Return) {
	for {
		select {
		case r, ok := <-returns:
			if !ok {
				return
			}
			c.note(r)
		default:
			return
		}
	}
}

func (c *publishingChannel) note(r amqp.Return) {
	number, _ := r.Headers[ReturnHeader].(int64)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, expected := c.returned[number]; expected {
		c.returned[number] = &r
	}
}
