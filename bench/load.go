package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// done is what callers did.
type done struct {
	count     int
	latencies []time.Duration
}

// p99 is how long 99 of 100 operations took at most.
func (d done) p99() time.Duration {
	if len(d.latencies) == 0 {
		return 0
	}
	slices.Sort(d.latencies)
	return d.latencies[len(d.latencies)*99/100]
}

// repeat lets callers repeat an operation for a time, each with a request's timeout.
func repeat(ctx context.Context, callers int, duration time.Duration, do operation) (done, error) {
	end := time.Now().Add(duration)
	return call(ctx, callers, do, func() bool { return time.Now().Before(end) })
}

// drain lets callers do an operation count times, all together.
func drain(ctx context.Context, callers, count int, do operation) (done, error) {
	var left atomic.Int64
	left.Store(int64(count))
	return call(ctx, callers, do, func() bool { return left.Add(-1) >= 0 })
}

func call(ctx context.Context, callers int, do operation, more func() bool) (done, error) {
	var mu sync.Mutex
	var all done
	group, ctx := errgroup.WithContext(ctx)
	for range callers {
		group.Go(func() error {
			latencies := make([]time.Duration, 0, 1024)
			for ctx.Err() == nil && more() {
				began := time.Now()
				timed, cancel := context.WithTimeout(ctx, timeout)
				err := do(timed)
				cancel()
				if err != nil {
					return err
				}
				latencies = append(latencies, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all.count += len(latencies)
			all.latencies = append(all.latencies, latencies...)
			return nil
		})
	}
	err := group.Wait()
	return all, err
}
