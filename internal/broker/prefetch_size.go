package broker

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// takesPrefetchSize says whether the broker takes a prefetch_size. RabbitMQ does
// not, and answers 540 NOT_IMPLEMENTED, which closes the connection: so it is
// asked once, on a connection for that purpose, and the answer is kept.
func (c *Connection) takesPrefetchSize(ctx context.Context, size int, logger prefixed) bool {
	c.mu.Lock()
	tried, refused := c.sizeTried, c.sizeRefused
	c.mu.Unlock()
	if tried {
		return !refused
	}
	err := c.tryPrefetchSize(ctx, size)
	var answer *amqp.Error
	refused = errors.As(err, &answer) && answer.Code == amqp.NotImplemented
	if err != nil && !refused {
		return false // no answer; the next subscription asks again
	}
	c.mu.Lock()
	first := !c.sizeTried
	c.sizeTried, c.sizeRefused = true, refused
	c.mu.Unlock()
	if refused && first {
		logger.Warning(fmt.Sprintf("prefetch_size: the broker refuses it (%v); going on without, set prefetch_count instead", err))
	}
	return !refused
}

func (c *Connection) tryPrefetchSize(ctx context.Context, size int) error {
	s, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer s.end(errSessionOver)
	ch, err := s.conn.Channel()
	if err != nil {
		return err
	}
	return ch.Qos(0, size, false)
}
