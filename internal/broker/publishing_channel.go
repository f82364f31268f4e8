package broker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ReturnHeader carries the number by which the basic.return of a message finds its request,
// where the message says it. It means nothing to anybody else.
const ReturnHeader = "x-lura-amqp-publish"

// refusedInARow is how many publishes a channel may refuse one after the other
// before another channel is tried, once a second at most: it may be the channel and
// not the queue.
const refusedInARow = 3

// publishingChannel is a channel that several requests publish on at the same
// time. A goroutine notes its returns and waits for its end.
type publishingChannel struct {
	session *session
	started time.Time

	ready chan struct{} // closed when the channel is open, or could not be opened
	ch    *amqp.Channel // may be read once ready is closed, as may err
	err   error

	closed <-chan *amqp.Error // from amqp091-go
	// returns and noted get every basic.return, one after the other and without a buffer,
	// from the goroutine that reads the connection. It goes on to the confirm only when
	// run has taken it from both: by then the return is noted.
	returns, noted <-chan amqp.Return

	done  chan struct{} // closed when the channel is closed
	cause error         // why; may be read once done is closed

	users   atomic.Int64
	retired atomic.Bool
	refused atomic.Int64 // publishes in a row (basic.nack)
	number  atomic.Int64

	mu       sync.Mutex // guards expected
	expected expectations
}

func newPublishingChannel(s *session) *publishingChannel {
	return &publishingChannel{
		session:  s,
		started:  time.Now(),
		ready:    make(chan struct{}),
		done:     make(chan struct{}),
		expected: expectations{},
	}
}

// run opens the channel, serves it and ends with it.
func (c *publishingChannel) run(confirm bool) {
	defer close(c.done)
	if err := c.open(confirm); err != nil {
		c.err, c.cause = err, err
		close(c.ready)
		return
	}
	close(c.ready)
	for {
		select {
		case r, open := <-c.returns:
			if !open {
				c.returns = nil // and closed says why
				continue
			}
			c.note(&r)
			<-c.noted
		case refused := <-c.closed:
			c.cause = cause(refused)
			if refused != nil && !c.session.conn.IsClosed() {
				c.session.logger.Warning(fmt.Sprintf("the broker closed a publishing channel: %v", refused))
			}
			return
		}
	}
}

func (c *publishingChannel) open(confirm bool) error {
	ch, err := c.session.conn.Channel()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	c.ch = ch
	c.closed = ch.NotifyClose(make(chan *amqp.Error, 1))
	c.returns, c.noted = ch.NotifyReturn(make(chan amqp.Return)), ch.NotifyReturn(make(chan amqp.Return))
	if confirm {
		if err := ch.Confirm(false); err != nil {
			return fmt.Errorf("confirm.select: %w", err)
		}
	}
	return nil
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

// expect returns the number of a message that is about to be published and may come back.
func (c *publishingChannel) expect(m *Message) int64 {
	number := c.number.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected[number] = &expectation{message: m}
	return number
}

// outcome returns a ReturnedError if the message came back. The broker sends the return
// before the confirm.
func (c *publishingChannel) outcome(number int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.expected[number].returns.take()
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
	delete(c.expected, number)
}

func (c *publishingChannel) note(r *amqp.Return) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected.note(r)
}
