package broker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/logging"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// BenchmarkCall compares calls with the same thing written directly on amqp091-go. The
// server answers at once.
func BenchmarkCall(b *testing.B) {
	node := rabbit.Shared(b)
	for _, callers := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("callers=%d/client=bare", callers), func(b *testing.B) {
			serve(b, node, echo)
			bare := newBareCaller(b, node)
			measureCalls(b, callers, func(ctx context.Context) error { return bare.call(ctx, nameOf(b)) })
		})
		b.Run(fmt.Sprintf("callers=%d/client=lura-amqp", callers), func(b *testing.B) {
			serve(b, node, echo)
			c := callerOn(b, hostsOf(b, node), Direct, logging.NoOp)
			m := requestFor(b, "request")
			measureCalls(b, callers, func(ctx context.Context) error {
				_, err := c.Call(ctx, m)
				return err
			})
		})
	}
}

// measureCalls reports calls per second, and the p50 and p99 of one.
func measureCalls(b *testing.B, callers int, call func(context.Context) error) {
	if err := call(soon(b)); err != nil { // connect first
		b.Fatal(err)
	}
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
				began := time.Now()
				if err := call(ctx); err != nil {
					b.Error(err)
				}
				took[i-1] = time.Since(began)
				cancel()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// bareCaller is direct reply-to as a program without this module has it: one channel, a
// table of those who wait, and no confirms.
type bareCaller struct {
	ch     *amqp.Channel
	number atomic.Int64

	mu      sync.Mutex
	waiting map[string]chan amqp.Delivery
}

func newBareCaller(b *testing.B, node *rabbit.Node) *bareCaller {
	c := &bareCaller{ch: channelOn(b, node), waiting: map[string]chan amqp.Delivery{}}
	replies, err := c.ch.Consume(DirectReplyTo, "", true, false, false, false, nil)
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for d := range replies {
			c.mu.Lock()
			waiting := c.waiting[d.CorrelationId]
			delete(c.waiting, d.CorrelationId)
			c.mu.Unlock()
			waiting <- d
		}
	}()
	return c
}

func (c *bareCaller) call(ctx context.Context, queue string) error {
	id, reply := strconv.FormatInt(c.number.Add(1), 36), make(chan amqp.Delivery, 1)
	c.mu.Lock()
	c.waiting[id] = reply
	c.mu.Unlock()
	p := amqp.Publishing{CorrelationId: id, ReplyTo: DirectReplyTo, DeliveryMode: amqp.Persistent, Body: []byte("request")}
	if err := c.ch.PublishWithContext(ctx, "", queue, false, false, p); err != nil {
		return err
	}
	select {
	case <-reply:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
