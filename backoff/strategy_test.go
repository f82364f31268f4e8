package backoff

import (
	"math"
	"testing"
	"testing/quick"
	"time"
)

func TestDelay_FollowsKrakenDsTable(t *testing.T) {
	for _, tc := range []struct {
		strategy Strategy
		want     []time.Duration // for retries 1, 2, 3 …
		jitter   bool
	}{
		{strategy: Linear, want: []time.Duration{1, 2, 3, 4, 5}},
		{strategy: LinearJitter, want: []time.Duration{1, 2, 3, 4, 5}, jitter: true},
		{strategy: Exponential, want: []time.Duration{2, 4, 8, 16, 30, 30}},
		{strategy: ExponentialJitter, want: []time.Duration{2, 4, 8, 16, 30, 30}, jitter: true},
		{strategy: Fallback, want: []time.Duration{1, 1, 1, 1}},
		{strategy: "", want: []time.Duration{1, 1, 1, 1}},
	} {
		t.Run(string(tc.strategy), func(t *testing.T) {
			for i, seconds := range tc.want {
				want, got := seconds*time.Second, tc.strategy.Delay(i+1)
				low, high := want, want
				if tc.jitter {
					low = time.Duration(float64(want) * 0.67)
					high = min(time.Duration(float64(want)*1.33), Max)
				}
				if got < low || got > high {
					t.Errorf("retry %d: got %s, want %s to %s", i+1, got, low, high)
				}
			}
		})
	}
}

func TestDelay_StaysBetweenZeroAndMaxForAnyRetry(t *testing.T) {
	for _, s := range strategies {
		inBounds := func(retry int) bool {
			d := s.Delay(retry)
			return d > 0 && d <= Max
		}
		for _, retry := range []int{math.MinInt, -1, 0, 31, 63, 64, 1_000_000, math.MaxInt} {
			if !inBounds(retry) {
				t.Errorf("%s: retry %d waits %s", s, retry, s.Delay(retry))
			}
		}
		if err := quick.Check(inBounds, nil); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestDelay_JitterSpreads(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[LinearJitter.Delay(3)] = true
	}
	if len(seen) < 50 {
		t.Errorf("100 jittered delays took only %d values", len(seen))
	}
}

func TestParse(t *testing.T) {
	for name, want := range map[string]Strategy{
		"":                   "",
		"linear":             Linear,
		"Exponential-Jitter": ExponentialJitter,
		"fallback":           Fallback,
	} {
		if got, err := Parse(name); err != nil || got != want {
			t.Errorf("Parse(%q) = %q, %v", name, got, err)
		}
	}
	if _, err := Parse("expo"); err == nil {
		t.Error("an unknown strategy was accepted")
	}
}
