package broker

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Caller publishes requests and waits for their replies. It is safe for concurrent use.
// All callers on the same hosts share one consumer for each [ReplyQueue].
type Caller struct {
	publisher  *Publisher
	queue      ReplyQueue
	connection *Connection // that replies come over
	policy     Policy
	failures   failureLog // of consuming replies
}

// NewCaller returns a caller on the connections to hosts, which it keeps open until ctx has
// ended and no call is under way.
func NewCaller(ctx context.Context, hosts Hosts, q ReplyQueue, o PublisherOptions) *Caller {
	c := &Caller{
		publisher:  NewPublisher(ctx, hosts, o),
		queue:      q,
		connection: Acquire(ctx, hosts, q.direction(), o.Policy, o.Logger),
		policy:     o.Policy,
		failures:   failureLog{logger: prefixed{o.Logger, o.Prefix}},
	}
	c.publisher.counters.Show(ctx, c.connection.Status)
	return c
}

// Call publishes the message as [Publisher.Publish] does and returns the reply. A
// correlation id that the message has is the caller's own, and goes to the server as it
// is. The error is ErrUnanswered when ctx ends first, and a LostError when the reply cannot
// come any more.
func (c *Caller) Call(ctx context.Context, m Message) (*amqp.Delivery, error) {
	c.publisher.enter()
	defer c.publisher.leave()
	c.connection.hold()
	defer c.connection.release()
	for {
		replies, err := c.replies(ctx)
		var reply *amqp.Delivery
		if err == nil {
			reply, err = c.call(ctx, m, replies)
		}
		if !errors.Is(err, errUnsent) || ctx.Err() != nil {
			return reply, err
		}
	}
}

// replies returns the consumer of the session that is up.
func (c *Caller) replies(ctx context.Context) (*replyConsumer, error) {
	s, err := c.connection.current(ctx)
	if err != nil {
		return nil, err
	}
	replies := s.replies.of(s, c)
	return replies, replies.await(ctx)
}

// call is errUnsent when the consumer had ended before the request went out: a server would
// work for a reply that nobody gets.
func (c *Caller) call(ctx context.Context, m Message, replies *replyConsumer) (*amqp.Delivery, error) {
	calls := c.connection.calls
	one := calls.add(m.CorrelationId)
	defer calls.remove(one)
	m.ReplyTo, m.answered, m.useless = replies.address, one.answered, replies.over
	if one.caller == "" {
		m.CorrelationId = one.id
	} else {
		m.setHeader(CallHeader, one.id)
	}
	if err := c.publisher.send(ctx, m); err != nil {
		return nil, err
	}
	select {
	case <-one.answered:
		return &one.reply, nil
	case <-replies.over:
		return nil, &LostError{Err: replies.cause}
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnanswered, ctx.Err())
	}
}
