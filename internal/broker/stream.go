package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// errStreamOver: another stream takes this one's place soon.
var errStreamOver = errors.New("the channel is closed")

// stream is one subscription's deliveries on one session, over a channel of its
// own: what the broker refuses there harms nobody else.
type stream struct {
	origin
	session    *session
	ch         *amqp.Channel
	tag        string
	position   *position
	deliveries <-chan amqp.Delivery

	closed    <-chan *amqp.Error // from amqp091-go
	cancelled <-chan string      // from amqp091-go: the broker ended the consumer
	stopping  chan struct{}      // closed when nothing more is to be received
	err       error              // why; may be read once over is closed

	mu      sync.Mutex // guards holders and idle
	holders int        // who receives, or has a message that is not settled
	idle    chan struct{}
}

func newStream(s *session, ch *amqp.Channel, p *position, o SubscriptionOptions) *stream {
	st := &stream{
		session:   s,
		ch:        ch,
		tag:       consumerTag(),
		position:  p,
		closed:    ch.NotifyClose(make(chan *amqp.Error, 1)),
		cancelled: ch.NotifyCancel(make(chan string, 1)),
		stopping:  make(chan struct{}),
	}
	st.origin = origin{make(chan struct{}), o.AutoAck, st.letGo, o.Stats, newAcker(ch, o.PrefetchCount)}
	return st
}

// watch waits for the end of the channel, or makes it.
func (st *stream) watch() {
	defer close(st.over)
	select {
	case refused := <-st.closed:
		st.err = &LostError{Err: cause(refused)}
	case tag, ok := <-st.cancelled:
		if ok {
			// The queue was deleted, or its node went away: declare it again.
			st.err = &LostError{Err: fmt.Errorf("the broker cancelled consumer %s, whose queue is gone", tag)}
			st.session.renew(st.session.generation.Load())
			st.acker.flush()
			_ = st.ch.Close()
			return
		}
		st.err = &LostError{Err: cause(<-st.closed)}
	}
}

// receive returns the next delivery, errStreamOver, or ErrEmpty when ctx ends or patience
// does, which may be nil.
func (st *stream) receive(ctx context.Context, patience <-chan time.Time) (*Delivery, error) {
	if !st.hold() {
		return nil, errStreamOver
	}
	select {
	case d, ok := <-st.deliveries:
		return st.take(d, ok)
	default: // first, for the patience may be over at once
	}
	st.acker.hunger()
	select {
	case d, ok := <-st.deliveries:
		return st.take(d, ok)
	case <-st.stopping:
		st.release()
		return nil, errStreamOver
	case <-patience:
		st.release()
		return nil, ErrEmpty
	case <-ctx.Done():
		st.release()
		return nil, ErrEmpty
	}
}

func (st *stream) take(d amqp.Delivery, ok bool) (*Delivery, error) {
	// What came before the channel was closed is delivered again on the next.
	if ok && (st.autoAck || !st.ch.IsClosed()) {
		st.acker.taken.Add(1)
		taken := st.delivery(d)
		if settled := st.position.take(&d); settled != nil {
			taken.release = func() { settled(); st.letGo() }
		}
		return taken, nil
	}
	st.release()
	return nil, errStreamOver
}

// hold keeps the channel open until it is let go, unless it is stopping.
func (st *stream) hold() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.idle != nil {
		return false
	}
	st.holders++
	return true
}

func (st *stream) letGo() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.holders--; st.holders == 0 && st.idle != nil {
		close(st.idle)
	}
}

// stop ends the consumer, gives what was prefetched back to the queue, waits until
// what was handed out is settled, which is bounded by the timeouts of those who have
// it, and closes the channel. It does not wait long for a broker that does not
// answer: the end of the connection gives everything back too.
func (st *stream) stop() {
	idle := st.refuse()
	st.acker.hurry()
	patience, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	st.spawnAndAwait(patience, st.giveBack)
	select {
	case <-idle:
	case <-st.over:
	}
	patience, cancel = context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	st.spawnAndAwait(patience, func() { _ = st.ch.Close() })
}

// refuse lets nobody receive any more. The channel it returns is closed when nothing
// is in hand.
func (st *stream) refuse() (idle <-chan struct{}) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.idle = make(chan struct{})
	if st.holders == 0 {
		close(st.idle)
	}
	close(st.stopping)
	return st.idle
}

// giveBack ends the consumer and returns what was prefetched.
func (st *stream) giveBack() {
	_ = st.ch.Cancel(st.tag, false) // fails when the channel is closed already
	for d := range st.deliveries {
		if !st.autoAck {
			_ = d.Nack(false, true)
		}
	}
}

// spawnAndAwait waits for f, which asks the broker something, until ctx ends.
func (st *stream) spawnAndAwait(ctx context.Context, f func()) {
	done := make(chan struct{})
	if !st.session.spawn(func() { defer close(done); f() }) {
		return
	}
	select {
	case <-done:
	case <-st.over:
	case <-ctx.Done():
	}
}
