package agent

import (
	"fmt"
	"slices"
	"time"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/internal/transfer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// Retry is the retry block: how often a message that failed is tried again, after
// waiting in the broker.
type Retry struct {
	// MaxAttempts of a message, the first one included. Required. Default: none.
	MaxAttempts int `json:"max_attempts"`
	// BackoffStrategy is how long a message waits after each attempt. Default:
	// "fallback", one second.
	BackoffStrategy string `json:"backoff_strategy"`
	// MaxDelay is the longest wait, as "30s". Default: "30s".
	MaxDelay string `json:"max_delay"`
	// DeadLetter is the queue for messages that are not tried again. Default: "",
	// which discards them: the broker dead-letters them if their queue says so.
	DeadLetter string `json:"dead_letter"`

	strategy backoff.Strategy
	maxDelay time.Duration
}

// complete derives what is not in the block. Paths begin with its keys.
func (r *Retry) complete(source string) (problems schema.Problems) {
	if r.BackoffStrategy == "" {
		r.BackoffStrategy = string(backoff.Fallback)
	}
	var err error
	if r.strategy, err = backoff.Parse(r.BackoffStrategy); err != nil {
		problems = append(problems, schema.Wrong("backoff_strategy", err.Error(), "use one of them"))
	}
	r.maxDelay = backoff.Max
	if r.MaxDelay != "" {
		if r.maxDelay, err = time.ParseDuration(r.MaxDelay); err != nil || r.maxDelay < time.Millisecond {
			problems = append(problems, schema.Wrong("max_delay", fmt.Sprintf("%q is not a delay", r.MaxDelay), `for example "max_delay": "30s"`))
		}
	}
	for _, delay := range r.delays() {
		if topology.CheckShortString(transfer.DelayName(source, delay)) != nil {
			problems = append(problems, schema.Wrong("max_attempts", "the queue's name is too long for the names of its delay queues", "use a shorter name"))
			break
		}
	}
	return append(problems, topology.ShortString("dead_letter", r.DeadLetter)...)
}

// delays are the longest waits after each attempt but the last.
func (r *Retry) delays() []time.Duration {
	delays := make([]time.Duration, max(r.MaxAttempts-1, 0))
	for i := range delays {
		delays[i] = min(r.strategy.Longest(i+1), r.maxDelay)
	}
	return delays
}

// wait is how long a message waits after an attempt: shorter than its delay queue's
// limit where the strategy has a jitter, and 0 for just that limit.
func (r *Retry) wait(attempt int) time.Duration {
	wait := min(r.strategy.Delay(attempt), r.maxDelay)
	if wait == r.delays()[attempt-1] {
		return 0
	}
	return wait
}

// tryAgain are the statuses below 500 that another attempt may change: Request Timeout,
// Too Early and Too Many Requests (RFC 9110, 8470 and 6585).
var tryAgain = []int{408, 425, 429}

// permanent says that another attempt would fail as well.
func (c *Config) permanent(f failed) bool {
	if f.hopeless || len(f.statuses) == 0 || f.other {
		return f.hopeless
	}
	for _, status := range f.statuses {
		client := c.Retry != nil && status >= 400 && status < 500 && !slices.Contains(tryAgain, status)
		if slices.Contains(c.RetryOn, status) || !slices.Contains(c.DiscardOn, status) && !client {
			return false
		}
	}
	return true
}
