package agent

import (
	"sync/atomic"
	"time"

	"github.com/bdf0fecc/lura-amqp/backoff"
)

// streak counts the failures in a row of all workers.
type streak struct {
	strategy backoff.Strategy
	length   atomic.Int64
}

// add counts a failure and returns how long to wait after it.
func (s *streak) add() time.Duration { return s.strategy.Delay(int(s.length.Add(1))) }

func (s *streak) reset() { s.length.Store(0) }
