package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"
	"golang.org/x/sync/errgroup"

	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

// running is an agent under test and what surrounds it.
type running struct {
	*rabbit.Node
	t     testing.TB
	queue string
	log   *logtest.Recorder
	pings chan string
	stop  func() // ends the context and waits for the agent
}

var queues atomic.Int64

// start starts an agent on a queue with the test's name; tune sees it before it runs.
func start(t testing.TB, node *rabbit.Node, backends proxy.Proxy, change func(*config.AsyncAgent, map[string]any), tune ...func(*agent)) *running {
	t.Helper()
	queue := fmt.Sprintf("%s-%d", t.Name(), queues.Add(1)) // another one in every run
	keys := map[string]any{"name": queue, "exchange": queue, "host": node.URL(), "durable": true}
	a := &config.AsyncAgent{
		Name:        "under-test",
		Consumer:    config.Consumer{Topic: "#", Workers: 1, Timeout: 5 * time.Second},
		ExtraConfig: config.ExtraConfig{extra.Agent.Short: keys},
	}
	if change != nil {
		change(a, keys)
	}
	ctx, cancel := context.WithCancel(context.Background())
	group, groupCtx := errgroup.WithContext(ctx)
	r := &running{Node: node, t: t, queue: queue, log: logtest.New(t), pings: make(chan string, 1)}
	r.stop = func() {
		cancel()
		if err := group.Wait(); err != nil {
			t.Errorf("the agent ended with %v", err)
		}
	}
	t.Cleanup(r.stop)
	opts := async.Options{Agent: a, Proxy: backends, AgentPing: r.pings, G: group, Logger: r.log}
	if len(tune) == 0 {
		if !StartAgent(groupCtx, opts) {
			t.Fatal("not an AMQP agent")
		}
		return r
	}
	cfg, problems := NewConfig(a)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	tuned := newAgent(groupCtx, cfg, "[ASYNC: under-test][AMQP]", opts)
	for _, f := range tune {
		f(tuned)
	}
	group.Go(func() error { return tuned.run(groupCtx) })
	return r
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// publish puts messages "0", "1", … into the agent's queue.
func (r *running) publish(n int) {
	r.t.Helper()
	if _, err := r.AwaitQueue(soon(r.t), r.queue, func(q rabbit.QueueInfo) bool { return q.Exists }); err != nil {
		r.t.Fatal(err)
	}
	var ch *amqp.Channel
	for i, late := 0, soon(r.t); i < n; {
		if ch == nil || ch.IsClosed() {
			if ch = rabbit.Channel(r.t, r.URL()); ch.Confirm(false) != nil {
				r.t.Fatal("no confirms")
			}
		}
		c, err := ch.PublishWithDeferredConfirm("", r.queue, false, false, amqp.Publishing{ContentType: "text/plain", Body: fmt.Append(nil, i)})
		taken := err == nil
		if taken {
			taken, err = c.WaitContext(late)
		}
		if late.Err() != nil {
			r.t.Fatal(err)
		}
		if taken { // a new quorum queue refuses while it elects its leader, and a new stream closes the channel
			i++
		}
	}
}

func (r *running) awaitLeft(want int) {
	r.t.Helper()
	q, err := r.AwaitQueue(soon(r.t), r.queue, func(q rabbit.QueueInfo) bool { return q.Messages == want && q.Unacked == 0 })
	if err != nil {
		r.t.Errorf("%d messages are not left: %+v %v", want, q, err)
	}
}

func bodyOf(r *proxy.Request) string {
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

func TestStartAgent_DecidesByLooking(t *testing.T) {
	log := logtest.New(t)
	opts := async.Options{Agent: &config.AsyncAgent{ExtraConfig: config.ExtraConfig{"async/kafka": 1}}, Logger: log}
	if StartAgent(t.Context(), opts) {
		t.Error("took another driver's agent")
	}
	opts.Agent = &config.AsyncAgent{}
	if StartAgent(t.Context(), opts) {
		t.Error("took an agent with no driver")
	}
	opts.Agent = with(config.AsyncAgent{Name: "wrong"}, map[string]any{"durable": 1.0, "durabel": 1.0})
	if !StartAgent(t.Context(), opts) {
		t.Error("left a wrong block to another driver")
	}
	if len(log.Matching("ERROR [ASYNC: wrong][AMQP]", path+"durable: must be a boolean, not 1")) != 1 || len(log.Matching("WARNING", path+`durabel: unknown key, ignored; did you mean "durable"?`)) != 1 {
		t.Errorf("%q", log.Lines())
	}
}

func TestAgent_PushesEachMessageOnceAndPingsWhileConsuming(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	r := start(t, rabbit.Shared(t), func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		seen[bodyOf(r)+" "+r.Headers["Content-Type"][0]]++
		return &proxy.Response{IsComplete: true}, nil
	}, func(a *config.AsyncAgent, _ map[string]any) { a.Consumer.Workers = 4 })
	if name := <-r.pings; name != "under-test" {
		t.Errorf("pinged as %q", name)
	}
	r.publish(100)
	r.awaitLeft(0)
	r.stop()
	for i := range 100 {
		if n := seen[fmt.Sprintf("%d text/plain", i)]; n != 1 {
			t.Errorf("message %d came %d times", i, n)
		}
	}
}

func TestAgent_DoesNotPingWithoutABroker(t *testing.T) {
	r := start(t, rabbit.Shared(t), nil, func(_ *config.AsyncAgent, keys map[string]any) { keys["host"] = "amqp://127.0.0.1:1" })
	r.log.Await(t, "WARNING", "cannot connect")
	r.stop()
	if len(r.pings) > 0 {
		t.Error("pinged")
	}
}

func TestAgent_FailuresGoBackToTheQueueAndAreHeldBack(t *testing.T) {
	for name, fail := range map[string]proxy.Proxy{
		"error": func(context.Context, *proxy.Request) (*proxy.Response, error) { return nil, errors.New("boom") },
		"no-op status": func(context.Context, *proxy.Request) (*proxy.Response, error) {
			return &proxy.Response{Metadata: proxy.Metadata{StatusCode: 500}}, nil
		},
		"panic": func(context.Context, *proxy.Request) (*proxy.Response, error) { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			r := start(t, rabbit.Shared(t), func(ctx context.Context, request *proxy.Request) (*proxy.Response, error) {
				calls.Add(1)
				return fail(ctx, request)
			}, nil)
			r.publish(1)
			began := time.Now()
			r.log.Await(t, "ERROR [ASYNC: under-test][AMQP] message goes back to the queue in 1s")
			awaitCalls(t, &calls, 3)
			if took := time.Since(began); took < 1900*time.Millisecond {
				t.Errorf("two redeliveries in %s", took)
			}
			r.stop()
			r.awaitLeft(1)
		})
	}
}

// What stands behind a message in hand is acked all the same, and the broker sends more.
func TestAgent_AMessageThatFailsStopsNoOther(t *testing.T) {
	const others = 1000
	var passed atomic.Int64
	r := start(t, rabbit.Shared(t), func(_ context.Context, request *proxy.Request) (*proxy.Response, error) {
		if bodyOf(request) == "0" {
			return nil, errors.New("boom")
		}
		passed.Add(1)
		return &proxy.Response{IsComplete: true}, nil
	}, func(a *config.AsyncAgent, _ map[string]any) { a.Consumer.Workers = 8 })
	r.publish(others + 1)
	awaitCalls(t, &passed, others)
	r.stop()
	r.awaitLeft(1)
}

func awaitCalls(t *testing.T, calls *atomic.Int64, want int64) {
	t.Helper()
	ctx := soon(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for calls.Load() < want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d calls, want %d", calls.Load(), want)
		}
	}
}

func TestAgent_NackDiscardTakesFailuresOffTheQueue(t *testing.T) {
	r := start(t, rabbit.Shared(t), func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		if bodyOf(r) == "1" {
			return nil, errors.New("boom")
		}
		return nil, nil
	}, func(_ *config.AsyncAgent, keys map[string]any) { keys["nack_discard"] = true })
	r.publish(3)
	r.log.Await(t, "ERROR", "message discarded: boom")
	r.awaitLeft(0)
}

func TestAgent_EachMessageHasItsOwnTimeout(t *testing.T) {
	r := start(t, rabbit.Shared(t), func(ctx context.Context, _ *proxy.Request) (*proxy.Response, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, func(a *config.AsyncAgent, _ map[string]any) { a.Consumer.Timeout = 50 * time.Millisecond })
	r.publish(1)
	r.log.Await(t, "ERROR", "deadline exceeded")
}

func TestAgent_StopFinishesWhatIsInHandAndGivesTheRestBack(t *testing.T) {
	entered, finish := make(chan struct{}, 10), make(chan struct{})
	r := start(t, rabbit.Shared(t), func(ctx context.Context, _ *proxy.Request) (*proxy.Response, error) {
		entered <- struct{}{}
		select {
		case <-finish:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}, func(a *config.AsyncAgent, _ map[string]any) { a.Consumer.Workers = 2 })
	r.publish(10)
	<-entered
	<-entered
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.stop()
	}()
	q, err := r.AwaitQueue(soon(t), r.queue, func(q rabbit.QueueInfo) bool { return q.Unacked == 2 && q.Consumers == 0 })
	if err != nil || q.Ready != 8 {
		t.Errorf("%+v %v", q, err)
	}
	close(finish)
	<-stopped
	r.awaitLeft(8)
	if len(entered) > 0 {
		t.Error("took a message after the stop")
	}
}

func TestAgent_RateIsOfTheWholeAgent(t *testing.T) {
	var calls atomic.Int64
	r := start(t, rabbit.Shared(t), func(context.Context, *proxy.Request) (*proxy.Response, error) {
		calls.Add(1)
		return nil, nil
	}, func(a *config.AsyncAgent, _ map[string]any) { a.Consumer.Workers, a.Consumer.MaxRate = 4, 10 })
	began := time.Now()
	r.publish(20)
	awaitCalls(t, &calls, 20)
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("20 messages at 10 a second, 10 of them at once, took %s", took)
	}
}

func TestAgent_FewerPrefetchedThanWorkersIsSaid(t *testing.T) {
	r := start(t, rabbit.Shared(t), nil, func(a *config.AsyncAgent, keys map[string]any) {
		a.Consumer.Workers, keys["prefetch_count"] = 4, 2.0
	})
	if lines := r.log.Matching("WARNING", "prefetch_count: 2 is less than the 4 workers"); len(lines) != 1 {
		t.Errorf("%s", strings.Join(r.log.Lines(), "\n"))
	}
}
