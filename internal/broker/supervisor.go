package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
	amqp "github.com/rabbitmq/amqp091-go"

	named "github.com/bdf0fecc/lura-amqp/backoff"
)

// linger is how long a connection stays after the last demand. A gateway that shuts down
// still serves requests: each finds the connection up.
const linger = 250 * time.Millisecond

// supervise owns the connection: it dials, watches and dials again while there
// is demand.
func (c *Connection) supervise() {
	var spell spell
	for {
		if s := c.connect(&spell); s != nil {
			c.attend(s, &spell)
		}
		if c.retire() {
			return
		}
	}
}

// retire ends the supervision unless there is demand.
func (c *Connection) retire() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.demand.Load() > 0 {
		return false
	}
	c.supervised = false
	c.state, c.since, c.lastErr = Idle, time.Now(), nil
	close(c.changed)
	c.changed = make(chan struct{})
	return true
}

// connect returns a session once a host answers, or nil when there is no demand
// any more.
func (c *Connection) connect(spell *spell) *session {
	policy := c.currentPolicy().start()
	since, refusals := time.Now(), 0
	for c.inDemand() {
		c.enter(Connecting, nil, c.lastError())
		s, err := c.dialInDemand()
		if err == nil {
			if s != nil && !spell.quiet {
				c.log().Info(fmt.Sprintf("connected to %s as %q after %s", s.host, c.name, time.Since(since).Round(time.Millisecond)))
			}
			return s
		}
		if NeedsPerson(err) {
			refusals++
		}
		delay := policy.NextBackOff()
		if delay == backoff.Stop {
			spell.quiet = false
			c.giveUp(err)
			policy.Reset()
			continue
		}
		// What looks like a refused login may be a broker that is just starting or
		// stopping, the first time.
		refused := NeedsPerson(err) && (refusals > 1 || !isGuess(err))
		if refused {
			delay = max(delay, named.Exponential.Delay(refusals))
		}
		c.enterWaiting(delay, err)
		if spell.refused(fmt.Sprint(kind(err), refused)) {
			c.logRefusal(err, refused, delay)
		}
		c.wait(delay)
	}
	return nil
}

// dialInDemand dials, and stops dialling when nobody needs it any more.
func (c *Connection) dialInDemand() (*session, error) {
	type outcome struct {
		s   *session
		err error
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dialled := make(chan outcome, 1)
	go func() {
		s, err := c.dial(ctx)
		dialled <- outcome{s, err}
	}()
	for {
		select {
		case o := <-dialled:
			return o.s, o.err
		case <-c.wake:
			if !c.inDemand() {
				cancel()
				if o := <-dialled; o.s != nil {
					o.s.end(errSessionOver)
				}
				return nil, nil
			}
		}
	}
}

func (c *Connection) logRefusal(err error, refused bool, delay time.Duration) {
	if refused {
		c.log().Error(fmt.Sprintf("cannot connect: %v; %s; trying again, next in %s", err, advice(err), delay))
		return
	}
	c.log().Warning(fmt.Sprintf("cannot connect: %v; trying again, next in %s", err, delay))
}

// giveUp waits for a request, or for the end of the demand.
func (c *Connection) giveUp(err error) {
	select {
	case <-c.again: // of an earlier time
	default:
	}
	c.enter(GaveUp, nil, err)
	c.log().Error(fmt.Sprintf("gave up on %s after max_retries: %v; the next request tries again", c.hosts, err))
	for c.inDemand() {
		select {
		case <-c.again:
			return
		case <-c.wake:
		}
	}
}

// wait returns after d, or when there is no demand any more.
func (c *Connection) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for c.inDemand() {
		select {
		case <-timer.C:
			return
		case <-c.wake:
		}
	}
}

// attend watches a session until it is lost or nobody needs it.
func (c *Connection) attend(s *session, spell *spell) {
	c.enter(Up, s, nil)
	for _, d := range c.allNeeded() {
		s.declarationOf(s.generation.Load(), d)
	}
	idle := time.NewTimer(linger)
	defer idle.Stop()
	for {
		select {
		case refused := <-s.lost:
			c.lose(s, spell, cause(refused))
			return
		case b, ok := <-s.blocking:
			if ok {
				c.block(s, b.Active, b.Reason)
			} else {
				s.blocking = nil
			}
		case <-c.wake:
			idle.Reset(linger)
		case <-idle.C:
			if !c.inDemand() {
				c.enter(Connecting, nil, nil)
				s.end(errSessionOver)
				c.log().Debug(fmt.Sprintf("closed the connection to %s, nobody needs it", s.host))
				return
			}
		}
	}
}

func (c *Connection) block(s *session, active bool, reason string) {
	s.block(active)
	if active {
		c.enter(Blocked, s, ErrBlocked)
		c.log().Warning(fmt.Sprintf("%s blocks publishers: %s; they are answered 503 until it has resources again", s.host, reason))
		return
	}
	c.enter(Up, s, nil)
	c.log().Info(fmt.Sprintf("%s takes publishings again", s.host))
}

// lose ends a session that the network or the broker closed, and waits before the next one
// if it has lived too short.
func (c *Connection) lose(s *session, spell *spell, cause error) {
	c.enter(Connecting, nil, cause)
	s.end(cause)
	if !c.inDemand() {
		return
	}
	if spell.lost(time.Since(s.started), cause) {
		c.log().Warning(fmt.Sprintf("lost the connection to %s: %v%s; connecting again", s.host, cause, spell))
	}
	if spell.short > 0 {
		delay := c.currentPolicy().Strategy.Delay(spell.short)
		c.enterWaiting(delay, cause)
		c.wait(delay)
	}
}

// cause is why a channel or connection was closed; amqp091-go gives nil when it
// was closed on our side.
func cause(refused *amqp.Error) error {
	if refused == nil {
		return amqp.ErrClosed
	}
	return refused
}

func (c *Connection) inDemand() bool { return c.demand.Load() > 0 }

func (c *Connection) currentPolicy() Policy {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.policy
}

func (c *Connection) lastError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastErr
}
