package broker

import (
	"crypto/rand"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// CallHeader carries a call's own id where the message's correlation id is the
	// caller's. Whoever replies sends it back.
	CallHeader = "x-lura-amqp-call"
	// StatusHeader of a reply is the HTTP status of the answer.
	StatusHeader = "status"
)

// calls are the requests that wait for a reply, by their ids.
type calls struct {
	prefix  string // of the ids; a reply to another connection's call finds nobody here
	number  atomic.Int64
	dropped atomic.Int64 // replies that were late, unknown or duplicate

	mu      sync.Mutex // guards below
	waiting map[string]*call
	named   map[string][]*call // by the callers' own correlation ids
}

func newCalls() *calls {
	return &calls{prefix: rand.Text() + ".", waiting: map[string]*call{}, named: map[string][]*call{}}
}

// call is one request that waits.
type call struct {
	id       string
	caller   string        // the caller's own correlation id; may be empty
	answered chan struct{} // closed when reply is there
	reply    amqp.Delivery // may be read once answered is closed
}

func (c *calls) add(caller string) *call {
	one := &call{id: c.prefix + strconv.FormatInt(c.number.Add(1), 36), caller: caller, answered: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[one.id] = one
	if caller != "" {
		c.named[caller] = append(c.named[caller], one)
	}
	return one
}

func (c *calls) remove(one *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(one)
}

func (c *calls) forget(one *call) {
	delete(c.waiting, one.id)
	if one.caller == "" {
		return
	}
	same := slices.DeleteFunc(c.named[one.caller], func(other *call) bool { return other == one })
	if len(same) == 0 {
		delete(c.named, one.caller)
		return
	}
	c.named[one.caller] = same
}

// answer hands a reply to the call that waits for it, or drops it.
func (c *calls) answer(d amqp.Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.find(&d)
	if one == nil {
		c.dropped.Add(1)
		return
	}
	c.forget(one)
	one.reply = d
	close(one.answered)
}

// find looks for the header first. Many servers send nothing back but the correlation
// id: that of several callers at once is nobody's.
func (c *calls) find(d *amqp.Delivery) *call {
	if id, sent := d.Headers[CallHeader].(string); sent {
		return c.waiting[id]
	}
	if one := c.waiting[d.CorrelationId]; one != nil {
		return one
	}
	if same := c.named[d.CorrelationId]; len(same) == 1 {
		return same[0]
	}
	return nil
}
