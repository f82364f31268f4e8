package topology

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// MissingError says that something does not exist that nobody here declares.
type MissingError struct {
	What string // such as: queue "orders"
	Err  error  // the broker's words
}

func (e *MissingError) Error() string { return e.What + " does not exist: " + e.Err.Error() }
func (e *MissingError) Unwrap() error { return e.Err }

// find fails with a MissingError where exchange or queue do not exist.
func (t Topology) find(ch *amqp.Channel) error {
	if e := t.Exchange; e.declarable() {
		if err := ch.ExchangeDeclarePassive(e.Name, e.Type, e.Durable, e.AutoDelete, false, false, e.Args); err != nil {
			return missing(fmt.Sprintf("exchange %q", e.Name), err)
		}
	}
	if q := t.Queue; q.Name != "" {
		if _, err := ch.QueueDeclarePassive(q.Name, q.Durable, q.AutoDelete, q.Exclusive, false, q.Args); err != nil {
			return missing(fmt.Sprintf("queue %q", q.Name), err)
		}
	}
	return nil
}

// existing takes the broker's word that something exists with other settings for
// success.
func existing(err error) error {
	var refused *amqp.Error
	if errors.As(err, &refused) && refused.Code == amqp.PreconditionFailed {
		return nil
	}
	return err
}

func missing(what string, err error) error {
	var refused *amqp.Error
	if errors.As(err, &refused) && refused.Code == amqp.NotFound {
		return &MissingError{What: what, Err: err}
	}
	return fmt.Errorf("look for %s: %w", what, err)
}
