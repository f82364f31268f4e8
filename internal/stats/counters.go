// Package stats counts what the backends and agents of the process do.
package stats

import (
	"sync/atomic"
	"time"
)

// Counters are those of one endpoint or agent. They may be counted up from many
// goroutines; nothing waits for anything.
type Counters struct {
	Requests     atomic.Int64 // of an agent: messages that it processed
	Errors       atomic.Int64 // requests that were answered with an error
	Published    atomic.Int64 // messages that the broker has
	Consumed     atomic.Int64 // messages that left their queue processed
	Returned     atomic.Int64 // messages that no queue took (basic.return)
	Nacked       atomic.Int64 // messages that the broker refused (basic.nack)
	Failed       atomic.Int64 // messages that the broker neither took nor refused; it may have some
	Requeued     atomic.Int64 // messages that went back to their queue
	DeadLettered atomic.Int64 // messages that left their queue unprocessed
	InFlight     atomic.Int64 // publishes without an answer, and messages in hand
	Confirms     Histogram    // from a publish to its confirm

	lastError atomic.Pointer[failure]
}

type failure struct {
	text string
	at   time.Time
}

// Request counts a request that was answered.
func (c *Counters) Request(err error) {
	c.Requests.Add(1)
	if err == nil {
		return
	}
	c.Errors.Add(1)
	c.lastError.Store(&failure{err.Error(), time.Now()})
}
