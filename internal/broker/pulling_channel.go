package broker

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// pullingChannel is a channel that messages are got on, one at a time.
type pullingChannel struct {
	origin
	connection *Connection
	ch         *amqp.Channel
	queue      string
}

func (d *desk) open() (*pullingChannel, error) {
	ch, err := d.session.conn.Channel()
	if err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	o, connection := d.puller.options, d.puller.connection
	c := &pullingChannel{
		origin:     origin{over: make(chan struct{}), autoAck: o.AutoAck, release: connection.release, counters: o.Stats},
		connection: connection,
		ch:         ch,
		queue:      o.Topology.Queue.Name,
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	if !d.session.spawn(func() {
		<-closed
		close(c.over)
	}) {
		return nil, amqp.ErrClosed
	}
	return c, nil
}

// get returns a message or ErrEmpty.
func (c *pullingChannel) get() (*Delivery, error) {
	d, found, err := c.ch.Get(c.queue, c.autoAck)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, ErrEmpty
	}
	c.connection.hold() // until it is settled
	return c.delivery(d), nil
}
