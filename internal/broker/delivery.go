package broker

import (
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Delivery is a message that was handed out. It is settled once, by the first of
// Ack, Requeue and Discard; later calls do nothing.
type Delivery struct {
	amqp.Delivery
	stream  *stream
	settled atomic.Bool
}

// Ack takes the message off its queue. An error means that the broker did not get
// the ack and delivers the message again. With auto_ack it does nothing.
func (d *Delivery) Ack() error {
	return d.settle(func() error { return d.Delivery.Ack(false) })
}

// Requeue gives the message back to its queue.
func (d *Delivery) Requeue() error {
	return d.settle(func() error { return d.Delivery.Nack(false, true) })
}

// Discard takes the message off its queue unprocessed. The broker dead-letters it
// if the queue has a dead-letter exchange.
func (d *Delivery) Discard() error {
	return d.settle(func() error { return d.Delivery.Nack(false, false) })
}

// Gone is closed when the message's channel is closed: the broker has it back, or
// delivers it to somebody else.
func (d *Delivery) Gone() <-chan struct{} { return d.stream.over }

func (d *Delivery) settle(send func() error) error {
	if !d.settled.CompareAndSwap(false, true) {
		return nil
	}
	defer d.stream.release()
	if d.stream.autoAck {
		return nil
	}
	return send()
}
