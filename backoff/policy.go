package backoff

import (
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Policy is a strategy with a limit of retries. It implements [backoff.BackOff]
// and, unlike that package's own policies, is safe for concurrent use.
type Policy struct {
	strategy   Strategy
	maxRetries int64
	retries    atomic.Int64
}

var _ backoff.BackOff = (*Policy)(nil)

// New returns a policy that allows maxRetries retries between two calls of
// Reset. Zero or less is no limit, as max_retries of KrakenD's blocks means it.
func New(s Strategy, maxRetries int) *Policy {
	return &Policy{strategy: s, maxRetries: int64(max(maxRetries, 0))}
}

// NextBackOff returns how long to wait before the next retry, or [backoff.Stop]
// when there may be none.
func (p *Policy) NextBackOff() time.Duration {
	retry := p.retries.Add(1)
	if p.maxRetries > 0 && retry > p.maxRetries {
		return backoff.Stop
	}
	return p.strategy.Delay(int(retry))
}

// Reset makes the next retry the first one.
func (p *Policy) Reset() { p.retries.Store(0) }
