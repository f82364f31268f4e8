package broker

import (
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// ackTime is how long an ack may wait for others.
	ackTime = 2 * time.Millisecond
	// mostAcks is how many wait at most.
	mostAcks = 64
)

// acker gathers the acks of one channel: the longest run of messages that are settled, from
// the oldest on, is acked at once (basic.ack with multiple). Nothing that is still in hand
// is ever part of it.
type acker struct {
	ch    *amqp.Channel
	limit int // how many acks may wait: fewer than the broker sends ahead

	mu      sync.Mutex      // guards below; held while acking, so that acks leave in order
	settled uint64          // every message up to this one is
	beyond  map[uint64]bool // settled ones behind one that is not: whether to ack them
	last    uint64          // the last one up to settled that is to be acked
	waiting int             // how many are, and the broker was not told yet
	timer   *time.Timer     // runs while some wait
	err     error           // of the channel
}

func newAcker(ch *amqp.Channel, prefetch int) *acker {
	limit := mostAcks
	if prefetch > 0 {
		limit = min(limit, max(prefetch/2, 1))
	}
	a := &acker{ch: ch, limit: limit, beyond: map[uint64]bool{}}
	a.timer = time.AfterFunc(time.Hour, a.flush)
	a.timer.Stop()
	return a
}

// ack settles a message, and tells the broker within ackTime. The error says that the broker
// does not get it, and delivers the message again.
func (a *acker) ack(tag uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ch.IsClosed() {
		return amqp.ErrClosed
	}
	a.settle(tag, true)
	return a.err
}

// skip settles a message that tell tells the broker of. It must have heard that before an
// ack that goes further.
func (a *acker) skip(tag uint64, tell func() error) error {
	err := tell()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(tag, false)
	return err
}

// settle moves the run's end on, and sees to it that the broker is told.
func (a *acker) settle(tag uint64, toAck bool) {
	if tag != a.settled+1 {
		a.beyond[tag] = toAck
		return
	}
	first := a.waiting == 0
	for next := true; next; toAck, next = a.beyond[a.settled+1] {
		a.settled++
		delete(a.beyond, a.settled)
		if toAck {
			a.last = a.settled
			a.waiting++
		}
	}
	switch {
	case a.waiting >= a.limit:
		a.send()
	case first && a.waiting > 0:
		a.timer.Reset(ackTime)
	}
}

// flush acks what waits.
func (a *acker) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting > 0 {
		a.send()
	}
}

func (a *acker) send() {
	a.waiting = 0
	a.timer.Stop()
	a.err = a.ch.Ack(a.last, true)
}
