package broker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// channelsPerGroup is how many channels the publishers of one exchange share
	// at most. With four, 256 callers got 0.95 of the bare client, with two all of it:
	// the broker confirms more messages at once.
	channelsPerGroup = 2
	// usersPerChannel is how many requests share a channel before another one is
	// opened.
	usersPerChannel = 64
)

// channelTable holds a session's publishing channels. Each exchange has its own
// group, because what a broker refuses closes the channel with everything that
// is unconfirmed on it: that must not be another exchange's messages.
type channelTable struct {
	capacity int // how many channels there may be
	open     atomic.Int64

	mu     sync.Mutex // guards groups
	groups map[groupKey]*channelGroup
}

// full says that no exchange gets another group of its own: half of the channels
// are each group's first.
func (t *channelTable) full() bool { return len(t.groups) >= t.capacity/2 }

// roomy says that a busy group may have one more channel.
func (t *channelTable) roomy() bool { return t.open.Load() < int64(t.capacity)*3/4 }

type groupKey struct {
	exchange string
	confirm  bool
	shared   bool // the group of all the exchanges past the limit
}

// channelGroup is a few channels that publish to one exchange.
type channelGroup struct {
	session *session
	confirm bool

	mu       sync.Mutex // guards channels
	channels []*publishingChannel
}

func (t *channelTable) group(s *session, exchange string, confirm bool) *channelGroup {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := groupKey{exchange: exchange, confirm: confirm}
	if g := t.groups[key]; g != nil {
		return g
	}
	if t.full() {
		key = groupKey{confirm: confirm, shared: true}
		if g := t.groups[key]; g != nil {
			return g
		}
	}
	if t.groups == nil {
		t.groups = map[groupKey]*channelGroup{}
	}
	g := &channelGroup{session: s, confirm: confirm}
	t.groups[key] = g
	return g
}

// acquire returns the least used open channel, opening one more when all are
// busy. Whoever got it must call release.
func (g *channelGroup) acquire(ctx context.Context, gate *gate) (*publishingChannel, error) {
	c := g.pick()
	if err := c.await(ctx, gate); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// await waits until the channel is open. A broker that blocks publishers answers
// nothing on their connection.
func (c *publishingChannel) await(ctx context.Context, gate *gate) error {
	select {
	case <-c.ready:
		return c.err
	default:
	}
	select {
	case <-c.ready:
		return c.err
	case <-gate.blocked:
		return ErrBlocked
	case <-ctx.Done():
		return fmt.Errorf("%w: opening a channel: %w", ErrUnconfirmed, ctx.Err())
	}
}

// retire takes a channel out of use that only refuses: the next publish opens
// another one. It is closed when the last that uses it has released it.
//
// RabbitMQ 3.10 was seen to refuse for ever on a channel that had been opened while
// a quorum queue elected its leader, and to take the same messages on a new one.
func (g *channelGroup) retire(c *publishingChannel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.channels = slices.DeleteFunc(g.channels, func(other *publishingChannel) bool { return other == c })
	c.retired.Store(true)
}

// release gives a channel back. Nobody acquires it any more once it is retired.
func (c *publishingChannel) release() {
	if c.users.Add(-1) == 0 && c.retired.Load() {
		c.session.spawn(func() { _ = c.ch.Close() })
	}
}

func (g *channelGroup) pick() *publishingChannel {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dropClosed()
	best := g.leastUsed()
	switch {
	case best == nil:
		best = g.add()
	case best.users.Load() >= usersPerChannel && len(g.channels) < channelsPerGroup && g.session.channels.roomy():
		g.add() // for those who come when it is open
	}
	best.users.Add(1)
	return best
}

func (g *channelGroup) add() *publishingChannel {
	c := newPublishingChannel(g.session)
	open := &g.session.channels.open
	if !g.session.spawn(func() { open.Add(1); defer open.Add(-1); c.run(g.confirm) }) {
		c.err = errSessionOver
		close(c.ready)
		close(c.done)
	}
	g.channels = append(g.channels, c)
	return c
}

func (g *channelGroup) dropClosed() {
	kept := g.channels[:0]
	for _, c := range g.channels {
		select {
		case <-c.done:
		default:
			kept = append(kept, c)
		}
	}
	clear(g.channels[len(kept):])
	g.channels = kept
}

// leastUsed prefers channels that are open already.
func (g *channelGroup) leastUsed() (best *publishingChannel) {
	bestOpen := false
	for _, c := range g.channels {
		open := c.isOpen()
		if best == nil || open && !bestOpen || open == bestOpen && c.users.Load() < best.users.Load() {
			best, bestOpen = c, open
		}
	}
	return best
}

func (c *publishingChannel) isOpen() bool {
	select {
	case <-c.ready:
		return c.err == nil
	default:
		return false
	}
}
