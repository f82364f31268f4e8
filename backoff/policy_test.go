package backoff

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"
)

func TestPolicy_StopsAfterMaxRetriesAndStartsAgainAfterReset(t *testing.T) {
	p := New(Linear, 2)
	for round := range 2 {
		for i, want := range []time.Duration{time.Second, 2 * time.Second, backoff.Stop, backoff.Stop} {
			if got := p.NextBackOff(); got != want {
				t.Errorf("round %d, retry %d: got %s, want %s", round, i+1, got, want)
			}
		}
		p.Reset()
	}
}

func TestPolicy_ZeroIsUnlimited(t *testing.T) {
	for _, limit := range []int{0, -1} {
		p := New(Exponential, limit)
		p.retries.Store(1_000_000)
		if got := p.NextBackOff(); got != Max {
			t.Errorf("limit %d: got %s, want %s", limit, got, Max)
		}
	}
	if got := New(Fallback, math.MaxInt).NextBackOff(); got != time.Second {
		t.Errorf("Lura's unlimited MaxInt: got %s", got)
	}
}

func TestPolicy_ConcurrentCallersShareTheLimit(t *testing.T) {
	p := New(ExponentialJitter, 100)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if p.NextBackOff() != backoff.Stop {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := allowed.Load(); got != 100 {
		t.Errorf("%d retries were allowed, want 100", got)
	}
}
