package broker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

var uniqueNumber atomic.Int64

func unique() string { return strconv.FormatInt(20_000+uniqueNumber.Add(1), 10) }

func TestPublish_ConfirmedMessageIsInTheQueueAndPersistent(t *testing.T) {
	node := rabbit.Shared(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	for range 3 {
		if err := p.Publish(soon(t), message("key", "body")); err != nil {
			t.Fatal(err)
		}
	}
	q, err := node.Queue(soon(t), nameOf(t))
	if err != nil || !q.Durable || q.Messages != 3 || q.Persistent != 3 {
		t.Errorf("%+v %v", q, err)
	}
}

func TestPublish_ReturnsAreMatchedToTheirOwnRequests(t *testing.T) {
	node := rabbit.Shared(t)
	top := topology.Config{Name: "", Exchange: nameOf(t), Durable: true}.Topology()
	p := publisherOn(t, hostsOf(t, node), top)
	if err := p.Publish(soon(t), message("nobody", "")); err != nil {
		t.Fatal("an unroutable message that nobody asked to be mandatory:", err)
	}
	ch := channelOn(t, node)
	queue, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind(queue.Name, "wanted", nameOf(t), false, nil); err != nil {
		t.Fatal(err)
	}
	ctx := soon(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 50 {
				m := message("wanted", "")
				unwanted := (i+j)%3 == 0
				if unwanted {
					m.RoutingKey = fmt.Sprintf("unwanted.%d.%d", i, j)
				}
				m.Mandatory = true
				err := p.Publish(ctx, m)
				var returned *ReturnedError
				if unwanted != errors.As(err, &returned) || !unwanted && err != nil {
					t.Errorf("%s: %v", m.RoutingKey, err)
				}
				if unwanted && returned.RoutingKey != m.RoutingKey {
					t.Errorf("%s got the return of %s", m.RoutingKey, returned.RoutingKey)
				}
			}
		})
	}
	wg.Wait()
}

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

func TestPublish_DeletedExchangeIsDeclaredAgainAndHarmsNoOther(t *testing.T) {
	node := rabbit.Shared(t)
	hosts := hostsOf(t, node)
	victim, other := publisherOn(t, hosts, durable(nameOf(t))), publisherOn(t, hosts, durable(nameOf(t)+"-other"))
	for _, p := range []*Publisher{victim, other} {
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(soon(t))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := other.Publish(context.WithoutCancel(ctx), message("k", "")); err != nil {
					t.Error("a bystander:", err)
				}
			}
		})
	}
	ch := channelOn(t, node)
	for range 5 {
		if err := ch.ExchangeDelete(nameOf(t), false, false); err != nil {
			t.Fatal(err)
		}
		err := victim.Publish(soon(t), message("k", ""))
		var lost *LostError
		if !errors.As(err, &lost) {
			t.Errorf("published to an exchange that is gone: %v", err)
		}
		if err := victim.Publish(soon(t), message("k", "")); err != nil {
			t.Error("not declared again:", err)
		}
	}
	stop()
	wg.Wait()
	if q, err := node.Queue(soon(t), nameOf(t)); err != nil || q.Messages != 6 {
		t.Errorf("%+v %v", q, err)
	}
}

func TestPublish_DeletedQueueIsDeclaredAgainBeforeTheAnswer(t *testing.T) {
	node := rabbit.Shared(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	ch := channelOn(t, node)
	for range 3 {
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Fatal(err)
		}
		if q, err := node.Queue(soon(t), nameOf(t)); err != nil || q.Messages != 1 {
			t.Fatalf("%+v %v", q, err)
		}
		if _, err := ch.QueueDelete(nameOf(t), false, false, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPublish_ConflictingExchangeIsSaidOnceAndHarmsNoOther(t *testing.T) {
	node := rabbit.Shared(t)
	hosts, log := hostsOf(t, node), logtest.New(t)
	if err := channelOn(t, node).ExchangeDeclare(nameOf(t), "fanout", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	for _, noWait := range []bool{false, true} {
		top := topology.Config{Name: nameOf(t), Exchange: nameOf(t), Durable: true, NoWait: noWait}.Topology("#")
		p := NewPublisher(t.Context(), hosts, PublisherOptions{Topology: top, Confirm: true, Logger: log, Prefix: "[BACKEND: /conflict][AMQP]"})
		for range 20 {
			err := p.Publish(soon(t), message("k", ""))
			var refused *DeclareError
			if !errors.As(err, &refused) || !NeedsPerson(err) {
				t.Fatalf("no_wait %t: %v", noWait, err)
			}
		}
	}
	other := publisherOn(t, hosts, durable(nameOf(t)+"-other"))
	if err := other.Publish(soon(t), message("k", "")); err != nil {
		t.Error("a bystander:", err)
	}
	if lines := log.Matching("ERROR [BACKEND: /conflict][AMQP]", "PRECONDITION_FAILED", "it exists with other settings"); len(lines) != 2 {
		t.Errorf("%d lines for two backends: %q", len(lines), lines)
	}
}

func TestPublish_HeadersThatFitNoFrameHarmNobody(t *testing.T) {
	node := rabbit.Shared(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	session := p.connection.session.Load()
	for size := 131072 - 2000; size < 131072+2000; size += 100 {
		m := message("k", "")
		m.Headers = amqp.Table{"X-Large": strings.Repeat("x", size)}
		if err := p.Publish(soon(t), m); err != nil && !errors.Is(err, ErrHeadersTooLarge) {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
	if p.connection.session.Load() != session {
		t.Error("the connection was lost")
	}
}

func TestPublish_BlockedIsSaidAtOnceAndEndsWithTheAlarm(t *testing.T) {
	node := rabbit.Private(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	if err := node.SetMemoryAlarm(soon(t), true); err != nil {
		t.Fatal(err)
	}
	// The broker says so once somebody publishes; that message waits in its socket.
	if err := p.Publish(soon(t), message("k", "")); !errors.Is(err, ErrBlocked) {
		t.Fatalf("got %v", err)
	}
	start := time.Now()
	for range 100 {
		if err := p.Publish(soon(t), message("k", "")); !errors.Is(err, ErrBlocked) {
			t.Fatalf("got %v", err)
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("100 refusals took %s", took)
	}
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

func TestPublish_ExclusiveQueueIsReadByTheSameGateway(t *testing.T) {
	node := rabbit.Shared(t)
	hosts := hostsOf(t, node)
	top := topology.Config{Name: nameOf(t), Exchange: nameOf(t), Exclusive: true}.Topology("#")
	p, s := publisherOn(t, hosts, top), subscriptionOn(t, hosts, top)
	if err := p.Publish(soon(t), message("k", "body")); err != nil {
		t.Fatal(err)
	}
	d, err := s.Receive(soon(t))
	if err != nil || string(d.Body) != "body" {
		t.Fatal(d, err)
	}
	if err := d.Ack(); err != nil {
		t.Error(err)
	}
}
