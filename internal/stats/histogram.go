package stats

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// parts is how many buckets there are between a duration and its double: a
	// quantile is at most an eighth too high.
	parts    = 8
	partBits = 3
	buckets  = (64-partBits)*parts + parts
)

// Histogram counts durations in buckets that grow with them.
type Histogram struct{ counts [buckets]atomic.Int64 }

// Observe counts a duration.
func (h *Histogram) Observe(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))].Add(1)
}

// Quantile is a duration that a share q of those observed did not exceed; 0 when there
// were none.
func (h *Histogram) Quantile(q float64) time.Duration {
	var counts [buckets]int64
	var all int64
	for i := range h.counts {
		counts[i] = h.counts[i].Load()
		all += counts[i]
	}
	if all == 0 {
		return 0
	}
	rank := int64(math.Ceil(q * float64(all)))
	for i, n := range counts {
		if rank -= n; rank <= 0 {
			return time.Duration(limit(i))
		}
	}
	return time.Duration(limit(buckets - 1))
}

// bucket has one number for each small value, and then parts numbers for each power of
// two.
func bucket(v uint64) int {
	if v < parts {
		return int(v)
	}
	exponent := bits.Len64(v) - 1 - partBits
	return exponent*parts + int(v>>exponent)
}

// limit is the highest value in a bucket.
func limit(i int) int64 {
	if i < parts {
		return int64(i)
	}
	exponent := i/parts - 1
	highest := (uint64(i%parts+parts)+1)<<exponent - 1
	return int64(min(highest, math.MaxInt64))
}
