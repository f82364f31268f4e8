package topology

import (
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Differences are the broker's words on what exists with other settings than would
// be declared, on what must exist and does not, or on what cannot be used. Nothing is
// created: what does not exist is left so, and declaring what does exist changes nothing.
func (t Topology) Differences(conn *amqp.Connection) (differences []error) {
	for _, one := range []Topology{{Exchange: t.Exchange, Mode: t.Mode}, {Queue: t.Queue, Mode: t.Mode}} {
		if one.Empty() {
			continue
		}
		err := onChannel(conn, one.find)
		var absent *MissingError
		switch {
		case errors.As(err, &absent) && t.Mode != Passive:
			err = nil
		case err == nil:
			err = onChannel(conn, one.Declare)
		}
		if err != nil {
			differences = append(differences, err)
		}
	}
	return differences
}

// onChannel uses a channel of its own: an error closes it.
func onChannel(conn *amqp.Connection, use func(*amqp.Channel) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	defer ch.Close()
	return use(ch)
}
