package broker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

func TestPublish_FullQueueIsARefusal(t *testing.T) {
	node := rabbit.Shared(t)
	ch := channelOn(t, node)
	if _, err := ch.QueueDeclare(nameOf(t), true, false, false, false, amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"}); err != nil {
		t.Fatal(err)
	}
	p := publisherOn(t, hostsOf(t, node), topology.Topology{})
	if err := p.Publish(soon(t), message(nameOf(t), "1")); err != nil {
		t.Fatal("the first:", err)
	}
	// The queue takes one message more than its length before it rejects.
	var err error
	for range 3 {
		if err = p.Publish(soon(t), message(nameOf(t), "2")); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrNacked) {
		t.Errorf("got %v", err)
	}
}

func TestPublish_AnotherChannelIsTriedWhenOneOnlyRefuses(t *testing.T) {
	node := rabbit.Shared(t)
	ch := channelOn(t, node)
	if _, err := ch.QueueDeclare(nameOf(t), true, false, false, false, amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"}); err != nil {
		t.Fatal(err)
	}
	p := publisherOn(t, hostsOf(t, node), topology.Topology{})
	if err := p.Publish(soon(t), message(nameOf(t), "1")); err != nil {
		t.Fatal(err)
	}
	group := p.standing.Load().channels
	first := group.channels[0]
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-first.done:
					return
				default:
				}
				if err := p.Publish(soon(t), message(nameOf(t), "2")); err != nil && !errors.Is(err, ErrNacked) {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	if age := time.Since(first.started); age < shortLife {
		t.Errorf("a channel was given up after %s", age)
	}
}

// blockedPublisher is a publisher whose broker has a memory alarm and has said so: it
// does once somebody publishes, and leaves that message in its socket.
func blockedPublisher(t *testing.T, node *rabbit.Node, hosts Hosts) *Publisher {
	t.Helper()
	p := publisherOn(t, hosts, durable(nameOf(t)))
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	if err := node.SetMemoryAlarm(soon(t), true); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(soon(t), message("k", "")); !errors.Is(err, ErrBlocked) {
		t.Fatalf("got %v", err)
	}
	return p
}

// unblock ends the alarm and returns when p publishes again.
func unblock(t *testing.T, node *rabbit.Node, p *Publisher) {
	t.Helper()
	if err := node.SetMemoryAlarm(soon(t), false); err != nil {
		t.Fatal(err)
	}
	ctx := soon(t)
	for err := ErrBlocked; errors.Is(err, ErrBlocked); {
		if err = p.Publish(ctx, message("k", "")); err != nil && !errors.Is(err, ErrBlocked) {
			t.Fatal(err)
		}
	}
}

func TestPublish_BlockedIsSaidAtOnceAndEndsWithTheAlarm(t *testing.T) {
	node := rabbit.Private(t)
	p := blockedPublisher(t, node, hostsOf(t, node))
	start := time.Now()
	for range 100 {
		if err := p.Publish(soon(t), message("k", "")); !errors.Is(err, ErrBlocked) {
			t.Fatalf("got %v", err)
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("100 refusals took %s", took)
	}
	unblock(t, node, p)
}

func TestPublish_FrozenBrokerEndsEachRequestAtItsDeadline(t *testing.T) {
	node := rabbit.Private(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	if err := node.Pause(); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<20) // more than the socket takes
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := p.Publish(ctx, message("k", large))
			if took := time.Since(start); !errors.Is(err, ErrUnconfirmed) || took > 2*time.Second {
				t.Errorf("after %s: %v", took, err)
			}
		})
	}
	wg.Wait()
	if err := node.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Error(err)
	}
}

func TestPublish_KilledBrokerLosesNothingThatWasConfirmed(t *testing.T) {
	node := rabbit.Private(t)
	hosts := hostsOf(t, node)
	p := publisherOn(t, hosts, durable(nameOf(t)))
	ctx, stop := context.WithCancel(soon(t))
	var confirmed atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for ctx.Err() == nil {
				timed, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				if p.Publish(timed, message("k", "body")) == nil {
					confirmed.Add(1)
				}
				cancel()
			}
		})
	}
	for range 2 {
		before := confirmed.Load()
		awaitCount(t, &confirmed, before+500)
		if err := node.SyncDefinitions(soon(t)); err != nil {
			t.Fatal(err)
		}
		if err := node.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := node.Restart(soon(t)); err != nil {
			t.Fatal(err)
		}
		up := time.Now()
		awaitCount(t, &confirmed, confirmed.Load()+1)
		if took := time.Since(up); took > 2*time.Second {
			t.Errorf("publishing again %s after the broker was up", took)
		}
	}
	stop()
	wg.Wait()
	q, err := node.Queue(soon(t), nameOf(t))
	if err != nil || int64(q.Messages) < confirmed.Load() {
		t.Errorf("%d confirmed, %d in the queue (%v)", confirmed.Load(), q.Messages, err)
	}
}

// awaitCount returns when the count has been reached.
func awaitCount(t *testing.T, count *atomic.Int64, want int64) {
	t.Helper()
	ctx := soon(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for count.Load() < want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d, want %d", count.Load(), want)
		}
	}
}

func TestPublish_BlockedIsSaidAtOnceToThoseWhoHaveNothingDeclaredYet(t *testing.T) {
	node := rabbit.Private(t)
	hosts := hostsOf(t, node)
	blockedPublisher(t, node, hosts)
	late := publisherOn(t, hosts, durable(nameOf(t)+"-late"))
	if err := late.Publish(soon(t), message("k", "")); !errors.Is(err, ErrBlocked) {
		t.Errorf("got %v", err)
	}
	unblock(t, node, late)
}

func TestPublish_WhatTheBrokerDoesNotAnswerIsCountedAsFailed(t *testing.T) {
	node := rabbit.Private(t)
	counters := &stats.Entry{}
	p := NewPublisher(t.Context(), hostsOf(t, node), PublisherOptions{Topology: durable(nameOf(t)), Confirm: true, Logger: logtest.New(t), Stats: counters})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(over, message("k", "")); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("got %v", err)
	}
	if err := node.Pause(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.Publish(short, message("k", "")); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("got %v", err)
	}
	if err := node.Resume(); err != nil {
		t.Fatal(err)
	}
	if published, failed := counters.Published.Load(), counters.Failed.Load(); published != 1 || failed != 2 {
		t.Errorf("%d published and %d failed", published, failed)
	}
}

// The broker neither refuses nor confirms what it cannot write to most nodes of a queue.
func TestPublish_QuorumQueueWithoutItsMajorityIsUnconfirmed(t *testing.T) {
	nodes := rabbit.PrivateCluster(t, 3)
	top := configured(nameOf(t), func(c *topology.Config) { c.Durable, c.QueueType = true, topology.Quorum }).Topology("#")
	p := publisherOn(t, hostsOf(t, nodes[0]), top)
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes[1:] {
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := p.Publish(short, message("k", "")); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("got %v", err)
	}
	if err := nodes[1].Restart(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Errorf("with two of three nodes: %v", err)
	}
}
