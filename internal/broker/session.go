package broker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// closeTime is how long the broker may take to answer a polite close.
const closeTime = 2 * time.Second

// session is one life of a connection, from the handshake to its end. Its
// supervisor ends it; everything made on it is gone then.
type session struct {
	conn   *amqp.Connection
	outbox *outbox
	host   string // redacted

	started  time.Time
	lost     chan *amqp.Error   // from amqp091-go; closed with the connection
	blocking chan amqp.Blocking // from amqp091-go; closed with the connection
	done     chan struct{}      // closed by the supervisor when the session is over
	err      error              // why; may be read once done is closed

	gate       atomic.Pointer[gate]
	generation atomic.Pointer[generation]
	declarers  chan *amqp.Channel // channels to declare on, nil where not opened yet
	channels   channelTable
	replies    replyConsumers

	mu     sync.Mutex // guards over and every work.Add
	over   bool
	work   sync.WaitGroup // goroutines of this session
	logger prefixed
}

// gate is closed while the broker blocks publishers. A closed gate stays so: a
// new one takes its place when the broker unblocks.
type gate struct {
	blocked chan struct{}
	opened  chan struct{} // closed with the new one in place
}

func newGate() *gate { return &gate{make(chan struct{}), make(chan struct{})} }

func (g *gate) closed() bool {
	select {
	case <-g.blocked:
		return true
	default:
		return false
	}
}

func newSession(conn *amqp.Connection, out *outbox, host string, logger prefixed) *session {
	s := &session{
		conn:      conn,
		outbox:    out,
		host:      host,
		started:   time.Now(),
		lost:      conn.NotifyClose(make(chan *amqp.Error, 1)),
		blocking:  conn.NotifyBlocked(make(chan amqp.Blocking, 16)),
		done:      make(chan struct{}),
		declarers: make(chan *amqp.Channel, declarersPerSession),
		logger:    logger,
	}
	s.gate.Store(newGate())
	s.generation.Store(newGeneration())
	s.channels.capacity = max(1, int(conn.Config.ChannelMax)-declarersPerSession)
	for range declarersPerSession {
		s.declarers <- nil
	}
	return s
}

// spawn runs f in a goroutine that the session's end waits for. It says whether
// the session still takes one. f must end when the connection is closed.
func (s *session) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.work.Go(f)
	return true
}

// end closes the connection, politely when it was not lost, and waits for the
// session's goroutines.
func (s *session) end(err error) {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.err = err
	close(s.done)
	_ = s.conn.CloseDeadline(time.Now().Add(closeTime)) // ErrClosed when it was lost
	s.work.Wait()
	<-s.outbox.done
}

// unsentIfClosed returns errUnsent once the session is over, if what failed was
// the connection; another session may do. It returns any other error as it is.
func (s *session) unsentIfClosed(ctx context.Context, err error) error {
	if !s.lostConnection() {
		return err
	}
	select {
	case <-s.done:
	case <-ctx.Done():
	}
	return fmt.Errorf("%w: %w", errUnsent, err)
}

func (s *session) lostConnection() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over || s.conn.IsClosed()
}

// block closes the gate or puts a new one in its place.
func (s *session) block(active bool) {
	g := s.gate.Load()
	switch {
	case active && !g.closed():
		close(g.blocked)
	case !active && g.closed():
		s.gate.Store(newGate())
		close(g.opened)
	}
}

// awaitOpen waits until the broker takes publishings again or the session is over. It says
// whether that was before ctx ended.
func (s *session) awaitOpen(ctx context.Context) bool {
	g := s.gate.Load()
	if !g.closed() {
		return true
	}
	select {
	case <-g.opened:
	case <-s.done:
	case <-ctx.Done():
		return false
	}
	return true
}

// maxHeader is how large the properties and headers of one message may be: they
// travel in a single frame, with 8 bytes around it and 14 before the properties.
func (s *session) maxHeader() int {
	const overhead = 8 + 14
	if s.conn.Config.FrameSize <= 0 {
		return int(^uint(0) >> 1)
	}
	return s.conn.Config.FrameSize - overhead
}
