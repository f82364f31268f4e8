package agent

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/transfer"
)

func TestRetry_Delays(t *testing.T) {
	s := time.Second
	for _, tc := range []struct {
		retry Retry
		want  []time.Duration
	}{
		{Retry{MaxAttempts: 1}, []time.Duration{}},
		{Retry{MaxAttempts: 4}, []time.Duration{s, s, s}},
		{Retry{MaxAttempts: 7, BackoffStrategy: "exponential"}, []time.Duration{2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}},
		{Retry{MaxAttempts: 4, BackoffStrategy: "linear", MaxDelay: "2s"}, []time.Duration{s, 2 * s, 2 * s}},
		{Retry{MaxAttempts: 3, BackoffStrategy: "linear-jitter"}, []time.Duration{1330 * time.Millisecond, 2660 * time.Millisecond}},
	} {
		if problems := tc.retry.complete("q"); len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := tc.retry.delays(); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%+v: %v", tc.retry, got)
		}
		for i, longest := range tc.want {
			wait := tc.retry.wait(i + 1)
			if jitter := strings.HasSuffix(tc.retry.BackoffStrategy, "jitter"); !jitter && wait != 0 || jitter && (wait <= 0 || wait > longest) {
				t.Errorf("%+v: waits %s after attempt %d, of %s", tc.retry, wait, i+1, longest)
			}
		}
	}
	if backoff.ExponentialJitter.Longest(10) != backoff.Max {
		t.Error("the longest delay is longer than any")
	}
}

// statusError is an error of a backend.
type statusError int

func (e statusError) Error() string   { return fmt.Sprintf("status %d", int(e)) }
func (e statusError) StatusCode() int { return int(e) }

type merged []error

func (m merged) Error() string   { return "merged" }
func (m merged) Errors() []error { return m }

func TestPermanent(t *testing.T) {
	retry := &Retry{MaxAttempts: 3}
	for _, tc := range []struct {
		err  error
		cfg  Config
		want bool
	}{
		{statusError(404), Config{Retry: retry}, true},
		{statusError(404), Config{}, false},
		{statusError(404), Config{DiscardOn: []int{404}}, true},
		{statusError(404), Config{Retry: retry, RetryOn: []int{404}}, false},
		{statusError(408), Config{Retry: retry}, false},
		{statusError(425), Config{Retry: retry}, false},
		{statusError(429), Config{Retry: retry}, false},
		{statusError(429), Config{Retry: retry, DiscardOn: []int{429}}, true},
		{statusError(500), Config{Retry: retry}, false},
		{statusError(500), Config{Retry: retry, DiscardOn: []int{500}}, true},
		{errors.New("connection refused"), Config{Retry: retry}, false},
		{context.DeadlineExceeded, Config{Retry: retry}, false},
		{fmt.Errorf("wrapped: %w", statusError(422)), Config{Retry: retry}, true},
		{merged{statusError(404), statusError(422)}, Config{Retry: retry}, true},
		{merged{statusError(404), statusError(503)}, Config{Retry: retry}, false},
		{merged{statusError(404), errors.New("refused")}, Config{Retry: retry}, false},
	} {
		if got := tc.cfg.permanent(classify(tc.err)); got != tc.want {
			t.Errorf("%v with %+v: %t", tc.err, tc.cfg, got)
		}
	}
}

// withRetry sets a retry block with a dead-letter queue next to the agent's own.
func withRetry(retry map[string]any, more map[string]any) func(*config.AsyncAgent, map[string]any) {
	return func(_ *config.AsyncAgent, keys map[string]any) {
		retry["dead_letter"] = keys["name"].(string) + ".dead"
		keys["retry"] = retry
		for k, v := range more {
			keys[k] = v
		}
	}
}

// dead takes one message from the dead-letter queue, once it is there.
func (r *running) dead() amqp.Delivery {
	r.t.Helper()
	if _, err := r.AwaitQueue(soon(r.t), r.queue+".dead", func(q rabbit.QueueInfo) bool { return q.Ready > 0 }); err != nil {
		r.t.Fatal(err)
	}
	d, ok, err := rabbit.Channel(r.t, r.URL()).Get(r.queue+".dead", true)
	if err != nil || !ok {
		r.t.Fatal(ok, err)
	}
	return d
}

func TestRetry_WaitsInTheBrokerAndEndsInTheDeadLetterQueue(t *testing.T) {
	for _, kind := range []string{"classic", "quorum"} {
		for strategy, longest := range map[string]time.Duration{"fallback": 50 * time.Millisecond, "linear-jitter": time.Second} {
			t.Run(kind+" "+strategy, func(t *testing.T) {
				var mu sync.Mutex
				tries := map[string]int{}
				backends := func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
					body := bodyOf(r)
					mu.Lock()
					defer mu.Unlock()
					tries[body]++
					if body == "0" && tries[body] == 2 { // the first message succeeds at its second attempt
						return nil, nil
					}
					return nil, errors.New("backend down")
				}
				r := start(t, rabbit.Shared(t), backends, withRetry(map[string]any{
					"max_attempts": 3.0, "max_delay": longest.String(), "backoff_strategy": strategy,
				}, map[string]any{"queue_type": kind}))
				r.publish(2)
				d := r.dead()
				headers := map[string]any{}
				for name, value := range d.Headers {
					headers[name] = value
				}
				if string(d.Body) != "1" || d.DeliveryMode != amqp.Persistent || headers[transfer.Attempt] != int64(3) || headers[transfer.Error] != "backend down" ||
					headers[transfer.By] != "agent under-test" || headers[transfer.RoutingKey] != r.queue || headers[transfer.Status] != nil {
					t.Errorf("%s %v", d.Body, headers)
				}
				if _, err := time.Parse(time.RFC3339, fmt.Sprint(headers[transfer.At])); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if tries["0"] != 2 || tries["1"] != 3 {
					t.Errorf("tries: %v", tries)
				}
				r.stop()
				for _, queue := range []string{r.queue, transfer.DelayName(r.queue, longest)} {
					if q, err := r.AwaitQueue(soon(t), queue, func(q rabbit.QueueInfo) bool { return q.Messages == 0 }); err != nil {
						t.Errorf("%s: %+v %v", queue, q, err)
					}
				}
			})
		}
	}
}

func TestRetry_PermanentFailuresAreNotTriedAgain(t *testing.T) {
	r := start(t, rabbit.Shared(t), func(context.Context, *proxy.Request) (*proxy.Response, error) {
		return &proxy.Response{Metadata: proxy.Metadata{StatusCode: 422}}, nil
	}, withRetry(map[string]any{"max_attempts": 5.0}, nil))
	r.publish(1)
	if d := r.dead(); d.Headers[transfer.Status] != int64(422) || d.Headers[transfer.Attempt] != int64(1) {
		t.Errorf("%v", d.Headers)
	}
	r.log.Await(t, "ERROR", "message moved to queue", "after 1 attempts: backend answered 422")
}

func TestRetry_UsesADeadLetterQueueThatExistsAsItIs(t *testing.T) {
	node := rabbit.Shared(t)
	change := withRetry(map[string]any{"max_attempts": 1.0}, nil)
	r := start(t, node, func(context.Context, *proxy.Request) (*proxy.Response, error) { return nil, errors.New("down") },
		func(a *config.AsyncAgent, keys map[string]any) {
			change(a, keys)
			if _, err := rabbit.Channel(t, node.URL()).QueueDeclare(keys["name"].(string)+".dead", true, false, false, false, amqp.Table{"x-max-length": int64(9)}); err != nil {
				t.Fatal(err)
			}
		})
	r.publish(1)
	if d := r.dead(); string(d.Body) != "0" {
		t.Errorf("%s", d.Body)
	}
}

func TestRetry_SurvivesARestartOfTheBrokerWhileAMessageWaits(t *testing.T) {
	for _, kind := range []string{"classic", "quorum"} {
		t.Run(kind, func(t *testing.T) {
			node := rabbit.Private(t)
			var mu sync.Mutex
			tries := 0
			done := make(chan struct{})
			r := start(t, node, func(context.Context, *proxy.Request) (*proxy.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				if tries++; tries == 1 {
					return nil, errors.New("down")
				}
				close(done)
				return nil, nil
			}, withRetry(map[string]any{"max_attempts": 3.0, "max_delay": "1s"}, map[string]any{"queue_type": kind}))
			r.publish(1)
			if _, err := node.AwaitQueue(soon(t), transfer.DelayName(r.queue, time.Second), func(q rabbit.QueueInfo) bool { return q.Messages == 1 }); err != nil {
				t.Fatal(err)
			}
			if err := node.SyncDefinitions(soon(t)); err != nil {
				t.Fatal(err)
			}
			if err := node.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := node.Restart(soon(t)); err != nil {
				t.Fatal(err)
			}
			select {
			case <-done:
			case <-soon(t).Done():
				t.Fatal("the message did not come back")
			}
		})
	}
}

func TestAgent_RequeuesCountTowardsTheDeliveryLimit(t *testing.T) {
	var mu sync.Mutex
	var counts []string
	r := start(t, rabbit.Shared(t), func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		counts = append(counts, strings.Join(r.Headers[deliveryCount], ""))
		return nil, errors.New("down")
	}, func(_ *config.AsyncAgent, keys map[string]any) {
		keys["queue_type"], keys["delivery_limit"], keys["dead_letter_routing_key"] = "quorum", 1.0, keys["name"].(string)+".dead"
		if _, err := rabbit.Channel(t, rabbit.Shared(t).URL()).QueueDeclare(keys["name"].(string)+".dead", true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
	})
	r.publish(1)
	if d := r.dead(); string(d.Body) != "0" {
		t.Errorf("%s", d.Body)
	}
	mu.Lock()
	defer mu.Unlock()
	if !reflect.DeepEqual(counts, []string{"", "1"}) {
		t.Errorf("delivery counts %q", counts)
	}
}

func TestAgent_ReadsAStreamFromAnOffset(t *testing.T) {
	node := rabbit.Private(t)
	seen := make(chan string, 100)
	r := start(t, node, func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		body := bodyOf(r)
		seen <- body
		if body == "1" {
			return nil, statusError(404)
		}
		return nil, nil
	}, withRetry(map[string]any{"max_attempts": 1.0}, map[string]any{"queue_type": "stream", "consumer_args": map[string]any{"x-stream-offset": "first"}}))
	r.publish(3)
	for _, want := range []string{"0", "1", "2"} {
		if got := <-seen; got != want {
			t.Errorf("message %s in the place of %s", got, want)
		}
	}
	if d := r.dead(); string(d.Body) != "1" || d.Headers[transfer.Status] != int64(404) {
		t.Errorf("%s %v", d.Body, d.Headers)
	}
	// After a lost connection it goes on where it was.
	if err := node.CloseConnections(soon(t), "test"); err != nil {
		t.Fatal(err)
	}
	r.publish(1)
	if got := <-seen; got != "0" {
		t.Errorf("after the reconnect: %s", got)
	}
	r.stop()
	if len(seen) > 0 {
		t.Errorf("%d messages came again", len(seen))
	}
}
