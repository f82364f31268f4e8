package broker

import (
	"context"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// declarersPerSession is how many topologies are declared at the same time.
const declarersPerSession = 4

// generation holds what has been declared on a session. When something that was
// declared turns out to be gone, a new generation makes everybody declare again.
type generation struct {
	mu           sync.Mutex // guards declarations
	declarations map[string]*declaration
}

// declaration is one attempt to declare a topology.
type declaration struct {
	done   chan struct{}
	err    error // may be read once done is closed, as may failed and count
	failed time.Time
	count  int // of failed attempts in a row, this one included
}

func newGeneration() *generation {
	return &generation{declarations: map[string]*declaration{}}
}

// declaredOn is where a topology is declared.
type declaredOn struct {
	session    *session
	generation *generation
}

// declare makes sure that the topology is declared on the session, at most once
// in a generation. A failed attempt is repeated after a back-off, and until then
// answers everybody who asks. The error is errUnsent when the session ended
// meanwhile.
func (s *session) declare(ctx context.Context, t *declared) (declaredOn, error) {
	on := declaredOn{s, s.generation.Load()}
	if t.topology.Empty() {
		return on, nil
	}
	d := s.declarationOf(on.generation, t)
	select {
	case <-d.done:
		if d.err != nil {
			return on, s.unsentIfClosed(ctx, d.err)
		}
		return on, nil
	case <-s.gate.Load().blocked: // nothing is answered on the connection
		return on, ErrBlocked
	case <-ctx.Done():
		return on, fmt.Errorf("%w: declaring exchange and queue: %w", ErrUnconfirmed, ctx.Err())
	}
}

func (s *session) declarationOf(g *generation, t *declared) *declaration {
	g.mu.Lock()
	defer g.mu.Unlock()
	previous := g.declarations[t.identity]
	if previous != nil && !previous.retryDue(t.policy) {
		return previous
	}
	d := &declaration{done: make(chan struct{})}
	if previous != nil {
		d.count = previous.count
	}
	g.declarations[t.identity] = d
	if !s.spawn(func() { s.attempt(d, t) }) {
		d.err = errSessionOver
		close(d.done)
	}
	return d
}

func (d *declaration) retryDue(p Policy) bool {
	select {
	case <-d.done:
		return d.err != nil && time.Since(d.failed) >= p.Strategy.Delay(d.count)
	default:
		return false
	}
}

func (s *session) attempt(d *declaration, t *declared) {
	defer close(d.done)
	err := s.onDeclarer(t.topology)
	if err == nil {
		return
	}
	d.err, d.failed, d.count = &DeclareError{Err: err}, time.Now(), d.count+1
	if !s.conn.IsClosed() {
		t.logFailure(err)
	}
}

// onDeclarer declares on one of the session's declaring channels, apart from
// those that publish and consume: an error closes the channel it happens on.
func (s *session) onDeclarer(t topology.Topology) error {
	var ch *amqp.Channel
	select {
	case ch = <-s.declarers:
	case <-s.done:
		return amqp.ErrClosed
	}
	defer func() { s.declarers <- ch }()
	if ch == nil || ch.IsClosed() {
		var err error
		if ch, err = s.conn.Channel(); err != nil {
			ch = nil
			return fmt.Errorf("open channel: %w", err)
		}
	}
	if !t.NoWait {
		return t.Declare(ch)
	}
	// Nothing is answered, so closing the channel is what brings an error to light.
	refused := ch.NotifyClose(make(chan *amqp.Error, 1))
	err := t.Declare(ch)
	_ = ch.Close()
	if cause := <-refused; cause != nil {
		return fmt.Errorf("declare with no_wait: %w", cause)
	}
	return err
}

// renew forgets what was declared, because something of it is gone.
func (s *session) renew(old *generation) {
	s.generation.CompareAndSwap(old, newGeneration())
}
