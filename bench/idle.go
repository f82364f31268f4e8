package main

import (
	"context"
	"runtime"

	"github.com/luraproject/lura/v2/proxy"
)

// idleBackends is how many backends are looked at.
const idleBackends = 1000

// idle measures what a backend costs that has published and has nothing to do. The
// first one is not counted, because it opens the connection.
func idle(ctx context.Context, l *lab, _ contender) (result, error) {
	return l.amongQueues(ctx, func(ctx context.Context, places []place) (result, error) {
		first := producers(ctx, places, 1)
		if err := publishThroughEach(ctx, first, 1); err != nil {
			return result{}, err
		}
		memory, goroutines := footprint()
		backends := producers(ctx, places, idleBackends)
		if err := publishThroughEach(ctx, backends, 8); err != nil {
			return result{}, err
		}
		memoryThen, goroutinesThen := footprint()
		runtime.KeepAlive([][]proxy.Proxy{first, backends})
		return result{
			bytes:      (memoryThen - memory) / idleBackends,
			goroutines: (goroutinesThen - goroutines) / idleBackends,
		}, nil
	})
}

// footprint is the heap in use and the goroutines, whose stacks are not in it.
func footprint() (bytes, goroutines float64) {
	runtime.GC()
	runtime.GC() // what the first one left to finalizers and pools
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc), float64(runtime.NumGoroutine())
}
