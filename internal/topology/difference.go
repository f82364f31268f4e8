package topology

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Differences are the broker's words on what exists with other settings than would
// be declared, or cannot be used. Nothing is created: what does not exist is left so,
// and declaring what does exist changes nothing.
func (t Topology) Differences(conn *amqp.Connection) (differences []error) {
	for _, one := range []Topology{{Exchange: t.Exchange}, {Queue: t.Queue}} {
		if one.Empty() {
			continue
		}
		err := one.onChannel(conn, one.passive)
		if err == nil {
			err = one.onChannel(conn, one.Declare)
		}
		if err != nil && !isMissing(err) {
			differences = append(differences, err)
		}
	}
	return differences
}

// onChannel uses a channel of its own: an error closes it.
func (t Topology) onChannel(conn *amqp.Connection, use func(*amqp.Channel) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	defer ch.Close()
	return use(ch)
}

// passive fails with 404 where the exchange or queue does not exist.
func (t Topology) passive(ch *amqp.Channel) error {
	if e := t.Exchange; e.declarable() {
		if err := ch.ExchangeDeclarePassive(e.Name, e.Type, e.Durable, e.AutoDelete, false, false, nil); err != nil {
			return fmt.Errorf("exchange %q: %w", e.Name, err)
		}
	}
	if q := t.Queue; q.Name != "" {
		if _, err := ch.QueueDeclarePassive(q.Name, q.Durable, q.AutoDelete, q.Exclusive, false, nil); err != nil {
			return fmt.Errorf("queue %q: %w", q.Name, err)
		}
	}
	return nil
}

func isMissing(err error) bool {
	var refused *amqp.Error
	return errors.As(err, &refused) && refused.Code == amqp.NotFound
}
