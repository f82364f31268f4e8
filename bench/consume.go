package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/luraproject/lura/v2/proxy"
)

const (
	// consumedPerSecond sizes the queue that is emptied: about as many as a contender
	// takes within the time.
	consumedPerSecond = 20_000
	// slowBackend is how long the slow backend of an agent takes.
	slowBackend = 5 * time.Millisecond
)

func (l *lab) count(perSecond float64) int { return int(perSecond * l.duration.Seconds()) }

// consume empties a queue through a backend, with requests that never find it empty.
func consume(callers int) func(context.Context, *lab, contender) (result, error) {
	return func(ctx context.Context, l *lab, c contender) (result, error) {
		return l.at(ctx, true, func(ctx context.Context, p place) (result, error) {
			count := l.count(consumedPerSecond)
			if err := p.fill(ctx, callers+count, body(bodySize)); err != nil {
				return result{}, err
			}
			take, err := c.consumer(ctx, consuming{place: p, prefetch: l.prefetch})
			if err == nil {
				_, err = drain(ctx, callers, callers, take) // it is connected
			}
			if err != nil {
				return result{}, err
			}
			return l.measure(func() (done, error) { return drain(ctx, callers, count, take) })
		})
	}
}

// work empties a queue with an agent, whose backend answers after a time.
func work(workers int, latency time.Duration) func(context.Context, *lab, contender) (result, error) {
	perSecond := float64(consumedPerSecond)
	if latency > 0 {
		perSecond = float64(workers) / latency.Seconds()
	}
	return func(ctx context.Context, l *lab, c contender) (result, error) {
		return l.at(ctx, true, func(ctx context.Context, p place) (result, error) {
			b := newBackend(latency, l.count(perSecond))
			if err := c.agent(ctx, consuming{place: p, workers: workers, prefetch: l.prefetch}, b.answer); err != nil {
				return result{}, err
			}
			if err := p.fill(ctx, b.expected, body(bodySize)); err != nil {
				return result{}, err
			}
			r, err := b.measure(ctx, l)
			if latency > 0 {
				r.possible = sleepers(workers, latency, l.duration)
			}
			return r, err
		})
	}
}

// backend holds all messages back until the queue is full, and counts them then.
type backend struct {
	latency  time.Duration
	expected int
	answered atomic.Int64
	open     chan struct{} // closed when messages may pass
	all      chan struct{} // closed when all have passed
}

func newBackend(latency time.Duration, expected int) *backend {
	return &backend{latency: latency, expected: expected, open: make(chan struct{}), all: make(chan struct{})}
}

var errClosed = errors.New("the backend is closed")

func (b *backend) answer(ctx context.Context, _ *proxy.Request) (*proxy.Response, error) {
	select {
	case <-b.open:
	case <-ctx.Done():
		return nil, errClosed
	}
	time.Sleep(b.latency)
	if b.answered.Add(1) == int64(b.expected) {
		close(b.all)
	}
	return &proxy.Response{IsComplete: true}, nil
}

// measure lets the messages pass.
func (b *backend) measure(ctx context.Context, l *lab) (result, error) {
	return l.measure(func() (done, error) {
		close(b.open)
		select {
		case <-b.all:
			return done{count: b.expected}, nil
		case <-time.After(patience):
			return done{}, fmt.Errorf("%d of %d messages passed", b.answered.Load(), b.expected)
		case <-ctx.Done():
			return done{}, ctx.Err()
		}
	})
}

// sleepers is how often a second so many goroutines sleep that do nothing else: timers end
// late, which no agent makes up for.
func sleepers(count int, latency, d time.Duration) (rate float64) {
	var slept atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range count {
		all.Go(func() {
			for time.Since(began) < d {
				time.Sleep(latency)
				slept.Add(1)
			}
		})
	}
	all.Wait()
	return float64(slept.Load()) / time.Since(began).Seconds()
}
