package broker

import (
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// ackTime is how long an ack may wait for others; twice that behind a message that is
	// still in hand.
	ackTime = 2 * time.Millisecond
	// mostAcks is how many wait at most.
	mostAcks = 64
)

// acker gathers the acks of one channel: the longest run of messages that are settled, from
// the oldest on, is acked at once (basic.ack with multiple). Nothing that is still in hand
// is ever part of it; what is settled behind such a message is acked by itself.
type acker struct {
	ch       *amqp.Channel
	prefetch uint64        // how many messages the broker sends ahead; 0 is no limit
	wait     time.Duration // between ticks
	taken    atomic.Uint64 // how many were handed out

	mu       sync.Mutex      // guards below; held while acking, so that acks leave in order
	limit    int             // how many acks may wait: fewer than the broker sends ahead
	settled  uint64          // every message up to this one is
	beyond   map[uint64]bool // settled ones behind one that is not: whether to ack them
	last     uint64          // the last one up to settled that is to be acked
	run      int             // how many up to it the broker was not told of yet
	stranded int             // how many in beyond
	aged     []uint64        // those that were there at the last tick, and
	fresh    []uint64        // since
	told     uint64          // how many messages the broker was told of
	timer    *time.Timer     // ticks while acks wait
	err      error           // of the channel
}

func newAcker(ch *amqp.Channel, prefetch int) *acker {
	limit := mostAcks
	if prefetch > 0 {
		limit = min(limit, max(prefetch/2, 1))
	}
	a := &acker{ch: ch, prefetch: uint64(prefetch), wait: ackTime, limit: limit, beyond: map[uint64]bool{}}
	a.timer = time.AfterFunc(time.Hour, a.tick)
	a.timer.Stop()
	return a
}

// ack settles a message, and tells the broker soon. The error says that the broker does not
// get it, and delivers the message again.
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
	a.told++
	a.settle(tag, false)
	return err
}

// settle moves the run's end on, and sees to it that the broker is told.
func (a *acker) settle(tag uint64, toAck bool) {
	first := a.waiting() == 0
	if tag == a.settled+1 {
		a.advance(toAck)
	} else {
		a.strand(tag, toAck)
	}
	switch {
	case a.waiting() >= a.limit:
		a.send()
	case first && a.waiting() > 0:
		a.timer.Reset(a.wait)
	}
}

func (a *acker) waiting() int { return a.run + a.stranded }

// advance settles the next message, and those beyond it.
func (a *acker) advance(toAck bool) {
	a.count(toAck)
	for toAck, found := a.beyond[a.settled+1]; found; toAck, found = a.beyond[a.settled+1] {
		delete(a.beyond, a.settled+1)
		a.count(toAck)
		if toAck {
			a.stranded--
		}
	}
}

func (a *acker) count(toAck bool) {
	a.settled++
	if toAck {
		a.last = a.settled
		a.run++
	}
}

func (a *acker) strand(tag uint64, toAck bool) {
	a.beyond[tag] = toAck
	if toAck {
		a.stranded++
		a.fresh = append(a.fresh, tag)
	}
}

// tick acks the run, and what has been stranded for a whole tick: the run may yet get there.
func (a *acker) tick() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sendRun()
	a.rescue(a.aged)
	a.aged, a.fresh = a.fresh, a.aged[:0]
	if a.stranded > 0 {
		a.timer.Reset(a.wait)
	}
}

// flush acks what waits.
func (a *acker) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.send()
}

// hurry acks at once from now on.
func (a *acker) hurry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = 1
	a.send()
}

// hunger acks what waits when somebody who wants a message finds none, and the broker sends
// no more before it has the acks.
func (a *acker) hunger() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.prefetch > 0 && a.taken.Load()-a.told >= a.prefetch {
		a.send()
	}
}

func (a *acker) send() {
	a.timer.Stop()
	a.sendRun()
	a.rescue(a.aged)
	a.rescue(a.fresh)
	a.aged, a.fresh = a.aged[:0], a.fresh[:0]
}

func (a *acker) sendRun() {
	if a.run > 0 {
		a.told += uint64(a.run)
		a.run = 0
		a.err = a.ch.Ack(a.last, true)
	}
}

// rescue acks messages that the run has not reached, each by itself.
func (a *acker) rescue(tags []uint64) {
	for _, tag := range tags {
		if tag > a.settled {
			a.beyond[tag] = false
			a.stranded--
			a.told++
			a.err = a.ch.Ack(tag, false)
		}
	}
}
