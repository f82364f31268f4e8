package broker

import (
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

// Delivery is a message that was handed out. It is settled once, by the first of
// Ack, Requeue and Discard; later calls do nothing.
type Delivery struct {
	amqp.Delivery
	origin
	settled atomic.Bool
}

// origin is what deliveries of one channel have in common.
type origin struct {
	over     chan struct{} // closed when the channel is closed
	autoAck  bool
	release  func() // the channel may go, for all that one delivery cares
	counters *stats.Entry
	acker    *acker // nil where each message is acked by itself
}

func (o origin) delivery(d amqp.Delivery) *Delivery {
	o.counters.InFlight.Add(1)
	return &Delivery{Delivery: d, origin: o}
}

// Ack takes the message off its queue, together with others that are acked within a few
// milliseconds. An error means that the broker did not get an ack and delivers messages
// again. With auto_ack it does nothing.
func (d *Delivery) Ack() error {
	if d.autoAck {
		return d.settle(&d.counters.Consumed, nil)
	}
	return d.settle(&d.counters.Consumed, d.ack)
}

// Requeue gives the message back to its queue as one that nobody has tried. With
// auto_ack it is lost, which counts as dead-lettered, here and below.
func (d *Delivery) Requeue() error { return d.nack(&d.counters.Requeued, true) }

// Reject gives the message back to its queue as one that failed, which counts towards
// the delivery limit of a quorum queue. On RabbitMQ 4.3 Requeue does not.
func (d *Delivery) Reject() error {
	if d.autoAck {
		return d.settle(&d.counters.DeadLettered, nil)
	}
	return d.settle(&d.counters.Requeued, func() error { return d.tell(func() error { return d.Delivery.Reject(true) }) })
}

// Discard takes the message off its queue unprocessed. The broker dead-letters it
// if the queue has a dead-letter exchange.
func (d *Delivery) Discard() error { return d.nack(&d.counters.DeadLettered, false) }

func (d *Delivery) nack(counter *atomic.Int64, requeue bool) error {
	if d.autoAck {
		return d.settle(&d.counters.DeadLettered, nil)
	}
	return d.settle(counter, func() error { return d.tell(func() error { return d.Delivery.Nack(false, requeue) }) })
}

// Moved takes the message off its queue because a copy of it is in another one, and
// counts it as dead-lettered or as requeued.
func (d *Delivery) Moved(deadLettered bool) error {
	counter := &d.counters.Requeued
	if deadLettered {
		counter = &d.counters.DeadLettered
	}
	if d.autoAck {
		return d.settle(counter, nil)
	}
	return d.settle(counter, d.ack)
}

func (d *Delivery) ack() error {
	if d.acker == nil {
		return d.Delivery.Ack(false)
	}
	return d.acker.ack(d.DeliveryTag)
}

// tell tells the broker something else than an ack.
func (d *Delivery) tell(what func() error) error {
	if d.acker == nil {
		return what()
	}
	return d.acker.skip(d.DeliveryTag, what)
}

// Gone is closed when the message's channel is closed: the broker has it back, or
// delivers it to somebody else.
func (d *Delivery) Gone() <-chan struct{} { return d.over }

// settle sends what the broker is to be told, if anything, and counts it.
func (d *Delivery) settle(counter *atomic.Int64, send func() error) (err error) {
	if !d.settled.CompareAndSwap(false, true) {
		return nil
	}
	defer d.release()
	d.counters.InFlight.Add(-1)
	if send != nil {
		err = send()
	}
	if err == nil {
		counter.Add(1)
	}
	return err
}
