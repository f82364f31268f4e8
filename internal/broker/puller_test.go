package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// pulling returns a puller on a queue of the test's own, and a publisher to it.
func pulling(t *testing.T, hosts Hosts) (*Puller, *Publisher) {
	t.Helper()
	top := durable(nameOf(t))
	log := logtest.New(t)
	p := NewPublisher(t.Context(), hosts, PublisherOptions{Topology: top, Confirm: true, Logger: log})
	return NewPuller(t.Context(), hosts, SubscriptionOptions{Topology: top, Logger: log}), p
}

func TestPuller_HoldsNothingThatNobodyAskedFor(t *testing.T) {
	node := rabbit.Shared(t)
	p, publisher := pulling(t, hostsOf(t, node))
	if _, err := p.Receive(soon(t), Wait{}); !errors.Is(err, ErrEmpty) {
		t.Fatalf("an empty queue: %v", err)
	}
	for i := range 3 {
		if err := publisher.Publish(soon(t), message("k", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	d, err := p.Receive(soon(t), Wait{})
	if err != nil || string(d.Body) != "0" {
		t.Fatal(d, err)
	}
	queue := p.options.Topology.Queue.Name
	if q, err := node.Queue(soon(t), queue); err != nil || q.Messages != 3 || q.Unacked != 1 || q.Consumers != 0 {
		t.Errorf("%+v %v", q, err)
	}
	if err := d.Ack(); err != nil {
		t.Error(err)
	}
	again, err := p.Receive(soon(t), Wait{})
	if err != nil || again.Requeue() != nil {
		t.Fatal(err)
	}
	again, err = p.Receive(soon(t), Wait{})
	if err != nil || string(again.Body) != "1" || !again.Redelivered || again.Discard() != nil {
		t.Fatal(again, err)
	}
	if q, err := node.AwaitQueue(soon(t), queue, func(q rabbit.QueueInfo) bool { return q.Messages == 1 && q.Unacked == 0 }); err != nil {
		t.Errorf("%+v %v", q, err)
	}
	c := p.options.Stats
	if c.Consumed.Load() != 1 || c.Requeued.Load() != 1 || c.DeadLettered.Load() != 1 || c.InFlight.Load() != 0 {
		t.Errorf("counted %d, %d, %d, %d", c.Consumed.Load(), c.Requeued.Load(), c.DeadLettered.Load(), c.InFlight.Load())
	}
}

func TestPuller_WaitsForAMessageAsLongAsItIsTold(t *testing.T) {
	node := rabbit.Shared(t)
	p, publisher := pulling(t, hostsOf(t, node))
	start := time.Now()
	if _, err := p.Receive(soon(t), Wait{Bounded: true, Limit: 300 * time.Millisecond}); !errors.Is(err, ErrEmpty) || time.Since(start) < 300*time.Millisecond {
		t.Errorf("%v after %s", err, time.Since(start))
	}
	received := make(chan error, 1)
	go func() {
		d, err := p.Receive(soon(t), Wait{Bounded: true, Limit: 20 * time.Second})
		if err == nil {
			err = d.Ack()
		}
		received <- err
	}()
	if err := publisher.Publish(soon(t), message("k", "late")); err != nil {
		t.Fatal(err)
	}
	if err := <-received; err != nil {
		t.Error(err)
	}
}

func TestPuller_ManyRequestsShareAFewChannels(t *testing.T) {
	node := rabbit.Private(t)
	hosts := hostsOf(t, node)
	p, publisher := pulling(t, hosts)
	const messages = 200
	for i := range messages {
		if err := publisher.Publish(soon(t), message("k", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var clients sync.WaitGroup
	for range 32 {
		clients.Go(func() {
			for {
				d, err := p.Receive(soon(t), Wait{})
				if errors.Is(err, ErrEmpty) {
					return
				}
				if err != nil || d.Ack() != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[string(d.Body)]++
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	for body, n := range seen {
		if n > 1 {
			t.Errorf("message %s came %d times", body, n)
		}
	}
	if len(seen) != messages {
		t.Errorf("%d messages of %d", len(seen), messages)
	}
	connections, err := node.Connections(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range connections {
		if most := pullingChannels + declarersPerSession; c.Channels > most {
			t.Errorf("%s has %d channels", c.Name, c.Channels)
		}
	}
}

func TestPuller_ARequestThatGoesAwayLosesNothing(t *testing.T) {
	node := rabbit.Private(t)
	p, publisher := pulling(t, hostsOf(t, node))
	if err := publisher.Publish(soon(t), message("k", "kept")); err != nil {
		t.Fatal(err)
	}
	if d, err := p.Receive(soon(t), Wait{}); err != nil || d.Ack() != nil { // the channel is open
		t.Fatal(err)
	}
	if err := publisher.Publish(soon(t), message("k", "kept too")); err != nil {
		t.Fatal(err)
	}
	if err := node.Pause(); err != nil {
		t.Fatal(err)
	}
	hurried, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := p.Receive(hurried, Wait{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a broker that does not answer: %v", err)
	}
	if err := node.Resume(); err != nil {
		t.Fatal(err)
	}
	d, err := p.Receive(soon(t), Wait{Bounded: true, Limit: 10 * time.Second})
	if err != nil || string(d.Body) != "kept too" || d.Ack() != nil {
		t.Errorf("%v %v", d, err)
	}
}

func TestPuller_DeclaresAQueueAgainThatIsGone(t *testing.T) {
	node := rabbit.Shared(t)
	p, publisher := pulling(t, hostsOf(t, node))
	if err := publisher.Publish(soon(t), message("k", "")); err != nil { // both have declared
		t.Fatal(err)
	}
	if d, err := p.Receive(soon(t), Wait{}); err != nil || d.Ack() != nil {
		t.Fatal(err)
	}
	if _, err := rabbit.Channel(t, node.URL()).QueueDelete(p.options.Topology.Queue.Name, false, false, false); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Receive(soon(t), Wait{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("a queue that was deleted: %v", err)
	}
	if err := publisher.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	if d, err := p.Receive(soon(t), Wait{}); err != nil || d.Ack() != nil {
		t.Error(err)
	}
}

func TestPuller_GoesOnAfterTheConnectionAndStopsWithItsContext(t *testing.T) {
	node := rabbit.Private(t)
	top := durable(nameOf(t))
	ctx, cancel := context.WithCancel(t.Context())
	p := NewPuller(ctx, hostsOf(t, node), SubscriptionOptions{Topology: top, Logger: logtest.New(t)})
	for range 3 {
		if _, err := p.Receive(soon(t), Wait{}); !errors.Is(err, ErrEmpty) {
			t.Fatal(err)
		}
		if err := node.CloseConnections(soon(t), "test"); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if _, err := p.Receive(soon(t), Wait{}); !errors.Is(err, ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}
