package stats

import (
	"math"
	"testing"
	"time"
)

func TestHistogram_QuantilesAreAtMostAnEighthTooHigh(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("nothing observed has a median")
	}
	for i := 1; i <= 1000; i++ {
		h.Observe(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second, 0.001: time.Millisecond} {
		if got := h.Quantile(q); got < want || got > want*9/8 {
			t.Errorf("%g: %s, want %s", q, got, want)
		}
	}
}

func TestHistogram_EveryDurationHasABucketThatHoldsIt(t *testing.T) {
	for _, v := range []int64{0, 1, 7, 8, 9, 15, 16, 17, 1000, 1<<40 - 1, 1 << 40, math.MaxInt64} {
		i := bucket(uint64(v))
		if i < 0 || i >= buckets || limit(i) < v || i > 0 && limit(i-1) >= v {
			t.Errorf("%d is in bucket %d, up to %d", v, i, limit(i))
		}
	}
	var h Histogram
	h.Observe(-time.Second)
	h.Observe(math.MaxInt64)
	if got := h.Quantile(1); got != math.MaxInt64 {
		t.Error(got)
	}
}
