package broker

import (
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// streamOffset is the header of a stream's messages, and the argument of its consumers.
const streamOffset = "x-stream-offset"

// position is how far a subscription has come in a stream. The broker does not keep it:
// each consumer says where it begins.
type position struct {
	mu   sync.Mutex // guards below
	next int64      // after the last message that was handed out
	some bool       // whether there was one
	held map[int64]struct{}
}

// take notes a message that was handed out; the result notes that it is settled, and is
// nil for a message of a queue that is no stream.
func (p *position) take(d *amqp.Delivery) (settled func()) {
	offset, isStream := d.Headers[streamOffset].(int64)
	if !isStream {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[int64]struct{}{}
	}
	p.held[offset] = struct{}{}
	p.next, p.some = max(p.next, offset+1), true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.held, offset)
	}
}

// resume are the arguments with the offset of the first message that is not settled; as
// they are when no message came yet.
func (p *position) resume(args amqp.Table) amqp.Table {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.some {
		return args
	}
	first := p.next
	for offset := range p.held {
		first = min(first, offset)
	}
	resumed := amqp.Table{}
	for name, value := range args {
		resumed[name] = value
	}
	resumed[streamOffset] = first
	return resumed
}
