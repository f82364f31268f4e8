package broker

import (
	"context"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// pullingChannels is how many channels the requests of one puller share. A channel
// takes one basic.get at a time; what was got is settled later, next to others.
const pullingChannels = 4

// deskTable is the desk of a puller on the session that is up.
type deskTable struct {
	mu   sync.Mutex // guards desk
	desk *desk
}

func (t *deskTable) of(s *session, p *Puller) *desk {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.desk == nil || t.desk.session != s {
		t.desk = &desk{session: s, puller: p, asked: make(chan *question)}
	}
	return t.desk
}

// desk serves the requests of a puller on one session, with as many channels as there
// are requests at the same time, up to pullingChannels.
type desk struct {
	session *session
	puller  *Puller
	asked   chan *question

	mu     sync.Mutex // guards clerks
	clerks int
}

// question is one request for a message. Whoever sets taken first decides: the clerk
// hands its answer over, or the request went away and the clerk gives the message back.
type question struct {
	mu     sync.Mutex // guards gone
	gone   bool
	answer chan answer // capacity 1
}

type answer struct {
	delivery *Delivery
	err      error
}

// serve returns a message, ErrEmpty, or what the broker said.
func (d *desk) serve(ctx context.Context) (*Delivery, error) {
	q := &question{answer: make(chan answer, 1)}
	select {
	case d.asked <- q:
	default:
		d.hire()
		select {
		case d.asked <- q:
		case <-d.session.done:
			return nil, amqp.ErrClosed
		case <-ctx.Done():
			return nil, unanswered(ctx)
		}
	}
	select {
	case a := <-q.answer:
		return a.delivery, a.err
	case <-ctx.Done():
		if q.leave() {
			return nil, unanswered(ctx)
		}
		a := <-q.answer
		return a.delivery, a.err
	}
}

func unanswered(ctx context.Context) error {
	return fmt.Errorf("no answer from the broker before the request ended: %w", ctx.Err())
}

// leave says whether the request went away before it was answered.
func (q *question) leave() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.answer) > 0 {
		return false
	}
	q.gone = true
	return true
}

// hand answers, unless the request went away.
func (q *question) hand(a answer) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gone {
		return false
	}
	q.answer <- a
	return true
}

// hire opens one more channel, up to the limit.
func (d *desk) hire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clerks < pullingChannels && d.session.spawn(d.clerk) {
		d.clerks++
	}
}

// clerk answers questions on a channel of its own until the session is over.
func (d *desk) clerk() {
	var c *pullingChannel
	for {
		select {
		case q := <-d.asked:
			if c == nil || c.ch.IsClosed() {
				var err error
				if c, err = d.open(); err != nil {
					q.hand(answer{err: err})
					continue
				}
			}
			delivery, err := c.get()
			if !q.hand(answer{delivery, err}) && delivery != nil {
				_ = delivery.Requeue()
			}
		case <-d.session.done:
			return
		}
	}
}
