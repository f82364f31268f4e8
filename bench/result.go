package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// result is what one trial measured. What it did not measure is zero.
type result struct {
	rate        float64 // operations a second
	p99         time.Duration
	cpu         float64 // CPU seconds of this process for 100,000 operations
	allocations float64 // for one operation, the caller's own included

	possible float64 // rate that an agent would have whose workers did nothing but wait for the backend
	usage            // of the machine

	seconds     float64 // of a start
	connections float64 // at the broker
	bytes       float64 // for each idle backend
	goroutines  float64 // for each idle backend
}

func (r result) String() string {
	switch {
	case r.seconds > 0:
		return fmt.Sprintf("%.3f s, %.0f connections", r.seconds, r.connections)
	case r.bytes > 0:
		return fmt.Sprintf("%.0f bytes and %.3f goroutines for each", r.bytes, r.goroutines)
	}
	return fmt.Sprintf("%6.0f/s, p99 %7.2f ms, %5.2f CPU s for 100,000, %5.1f allocations each; cores: own %.2f, broker %.2f, unused %.2f",
		r.rate, ms(r.p99), r.cpu, r.allocations, r.own, r.broker, r.idle+r.disk)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measure runs what is measured, and nothing but that.
func (l *lab) measure(work func() (done, error)) (result, error) {
	stop, err := l.profile.start()
	if err != nil {
		return result{}, err
	}
	allocated, used, machine, began := mallocs(), cpuTime(), l.meter.read(), time.Now()
	d, err := work()
	took := time.Since(began)
	machine = l.meter.read().during(machine, took)
	used, allocated = cpuTime()-used, mallocs()-allocated
	stop()
	if err != nil {
		return result{}, err
	}
	count := float64(d.count)
	return result{
		rate:        count / took.Seconds(),
		p99:         d.p99(),
		cpu:         used.Seconds() * 100_000 / count,
		allocations: float64(allocated) / count,
		usage:       machine,
	}, nil
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}
