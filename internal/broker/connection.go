package broker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/luraproject/lura/v2/logging"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// Direction is what a connection is for.
type Direction string

// The two directions have a connection each, so that a publisher that the broker
// blocks does not stop the consumers.
const (
	Publishing Direction = "publishing"
	Consuming  Direction = "consuming"
)

var connectionNumber atomic.Int64

// Connection is a supervised connection to one of a list of hosts. It is shared;
// [Acquire] returns it.
type Connection struct {
	number    int64 // no other of the process has it
	hosts     Hosts
	direction Direction
	name      string // what the broker shows

	// demand counts acquisitions and operations under way. The supervisor runs
	// while it is above zero.
	demand  atomic.Int64
	wake    chan struct{}           // capacity 1: demand fell to zero, or rose again
	again   chan struct{}           // capacity 1: somebody asked while it had given up
	calls   *calls                  // whose replies come over it
	replies *directReplies          // that go over it
	session atomic.Pointer[session] // nil while it is not up

	mu          sync.Mutex // guards below; never held while waiting
	supervised  bool
	state       State
	since       time.Time // of the state
	sessions    int64     // that there were
	lastErr     error
	backOff     time.Duration // while it waits
	changed     chan struct{} // closed and replaced when the state changes
	policy      Policy
	logger      prefixed
	needed      map[string]*declared
	users       map[*user]struct{}
	sizeTried   bool // whether the broker was asked for a prefetch_size
	sizeRefused bool // what it said
}

func newConnection(hosts Hosts, direction Direction) *Connection {
	return &Connection{
		number:    connectionNumber.Add(1),
		hosts:     hosts,
		direction: direction,
		name:      connectionName(direction),
		wake:      make(chan struct{}, 1),
		again:     make(chan struct{}, 1),
		calls:     newCalls(),
		replies:   newDirectReplies(),
		changed:   make(chan struct{}),
		since:     time.Now(),
		needed:    map[string]*declared{},
		users:     map[*user]struct{}{},
	}
}

// user is somebody who acquired the connection, until ctx ends.
type user struct{ ctx context.Context }

// adopt takes one more user on until ctx ends.
func (c *Connection) adopt(ctx context.Context, p Policy, logger logging.Logger) {
	c.mu.Lock()
	if c.logger.Logger == nil || c.demand.Load() == 0 {
		c.policy = p
		c.logger = prefixed{logger, fmt.Sprintf("[SERVICE: AMQP][%s]", c.direction)}
	}
	joined, overruled := c.policy.join(p)
	c.policy = joined
	u := &user{ctx}
	c.users[u] = struct{}{}
	c.mu.Unlock()
	if overruled {
		c.log().Warning(fmt.Sprintf("backoff_strategy %s is not used: the connection to %s is shared and another backend asked for %s first; give them the same strategy", p.Strategy, c.hosts, joined.Strategy))
	}
	c.hold()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		delete(c.users, u)
		c.mu.Unlock()
		c.release()
	})
}

// hold keeps the connection in demand until release.
func (c *Connection) hold() {
	if c.demand.Add(1) == 1 {
		c.start()
	}
}

func (c *Connection) release() {
	if c.demand.Add(-1) == 0 {
		signal(c.wake)
	}
}

// start runs the supervisor unless it runs.
func (c *Connection) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.supervised {
		signal(c.wake)
		return
	}
	c.supervised = true
	go c.supervise()
}

// awaitClosed waits until the connection is closed, unless somebody still uses it.
func (c *Connection) awaitClosed(ctx context.Context) error {
	for {
		c.mu.Lock()
		over, changed := !c.supervised || c.used(), c.changed
		c.mu.Unlock()
		if over {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the %s connection to %s: %w", c.direction, c.hosts, ctx.Err())
		}
	}
}

// used says that the context of a user has not ended. The caller has the lock.
func (c *Connection) used() bool {
	for u := range c.users {
		if u.ctx.Err() == nil {
			return true
		}
	}
	return false
}

// current returns the session that is up, waiting for it until shortly before
// the context's deadline. If the connection has given up it is tried again, once.
func (c *Connection) current(ctx context.Context) (*session, error) {
	if s := c.session.Load(); s != nil {
		return s, nil
	}
	ctx, cancel := BeforeDeadline(ctx)
	defer cancel()
	for asked := false; ; {
		s, state, changed, err := c.look()
		if s != nil {
			return s, nil
		}
		if state == GaveUp {
			if asked {
				return nil, &UnavailableError{State: state, Err: err}
			}
			asked = true
			signal(c.again)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, c.unavailable(nil)
		}
	}
}

// declare makes sure that the topology is declared on the session that is up.
func (c *Connection) declare(ctx context.Context, t *declared) (declaredOn, error) {
	s, err := c.current(ctx)
	if err != nil {
		return declaredOn{}, err
	}
	return s.declare(ctx, t)
}

// next returns the session that is up as soon as there is one, without asking a
// connection that has given up to try again.
func (c *Connection) next(ctx context.Context) (*session, error) {
	for {
		s, _, changed, _ := c.look()
		if s != nil {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// unavailable says that there is no session, because of err or else of what the
// last attempt to connect died of.
func (c *Connection) unavailable(err error) error {
	_, state, _, lastErr := c.look()
	if err == nil {
		err = lastErr
	}
	return &UnavailableError{State: state, Err: err}
}

// poke makes a connection that has given up try again.
func (c *Connection) poke() {
	if _, state, _, _ := c.look(); state == GaveUp {
		signal(c.again)
	}
}

func (c *Connection) look() (*session, State, <-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.Load(), c.state, c.changed, c.lastErr
}

// enter changes the state; s is the session that is up in it, or nil.
func (c *Connection) enter(state State, s *session, err error) { c.enterFor(0, state, s, err) }

// enterWaiting waits for the next attempt after the back-off.
func (c *Connection) enterWaiting(backOff time.Duration, err error) {
	c.enterFor(backOff, Waiting, nil, err)
}

func (c *Connection) enterFor(backOff time.Duration, state State, s *session, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state != c.state {
		c.since = time.Now()
	}
	if s != nil && s != c.session.Load() {
		c.sessions++
	}
	c.state, c.lastErr, c.backOff = state, err, backOff
	c.session.Store(s)
	close(c.changed)
	c.changed = make(chan struct{})
}

// Status is what statistics show of the connection.
func (c *Connection) Status() stats.Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown := stats.Connection{
		ID:         c.number,
		URL:        c.hosts.String(),
		Direction:  string(c.direction),
		State:      c.state.String(),
		Since:      c.since,
		Reconnects: max(c.sessions-1, 0),
		BackOff:    stats.Milliseconds(c.backOff),

		RepliesDropped: c.calls.dropped.Load(),
	}
	if c.lastErr != nil {
		shown.LastError = c.lastErr.Error()
	}
	return shown
}

// need makes every session declare the topology, until ctx ends.
func (c *Connection) need(ctx context.Context, t topology.Topology, p Policy, logger prefixed) *declared {
	identity := t.Identity()
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.needed[identity]
	if d == nil {
		d = &declared{failureLog: failureLog{logger: logger}, topology: t, identity: identity, policy: p}
		c.needed[identity] = d
	}
	d.users++
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if d.users--; d.users == 0 {
			delete(c.needed, identity)
		}
	})
	if s := c.session.Load(); s != nil {
		s.declarationOf(s.generation.Load(), d)
	}
	return d
}

func (c *Connection) allNeeded() []*declared {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*declared, 0, len(c.needed))
	for _, d := range c.needed {
		all = append(all, d)
	}
	return all
}

func (c *Connection) log() prefixed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.logger
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
