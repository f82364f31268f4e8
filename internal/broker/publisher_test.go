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
	top := configured(nameOf(t), func(c *topology.Config) { c.Name, c.Durable = "", true }).Topology()
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

// Nothing tells these messages apart, and some of them come back.
func TestPublish_EqualMessagesAreAllThere(t *testing.T) {
	node := rabbit.Shared(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	if err := p.Publish(soon(t), message("k", "ping")); err != nil {
		t.Fatal(err)
	}
	var published atomic.Int64
	published.Store(1)
	done := make(chan struct{})
	var publishers sync.WaitGroup
	for range 32 {
		publishers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := p.Publish(soon(t), message("k", "ping")); err != nil {
					t.Error(err)
					return
				}
				published.Add(1)
			}
		})
	}
	ch := channelOn(t, node)
	for breaks := published.Load(); breaks < 20_000; breaks += 400 {
		awaitCount(t, &published, breaks)
		if err := ch.QueueUnbind(nameOf(t), "#", nameOf(t), nil); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	publishers.Wait()
	if q, err := node.Queue(soon(t), nameOf(t)); err != nil || int64(q.Messages) != published.Load() {
		t.Errorf("%d were published: %+v %v", published.Load(), q, err)
	}
}

func TestPublish_ConflictingExchangeIsSaidOnceAndHarmsNoOther(t *testing.T) {
	node := rabbit.Shared(t)
	hosts, log := hostsOf(t, node), logtest.New(t)
	if err := channelOn(t, node).ExchangeDeclare(nameOf(t), "fanout", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	for _, noWait := range []bool{false, true} {
		top := configured(nameOf(t), func(c *topology.Config) { c.Durable, c.NoWait = true, noWait }).Topology("#")
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

func TestPublish_ExclusiveQueueIsReadByTheSameGateway(t *testing.T) {
	node := rabbit.Shared(t)
	hosts := hostsOf(t, node)
	top := configured(nameOf(t), func(c *topology.Config) { c.Exclusive = true }).Topology("#")
	p, s := publisherOn(t, hosts, top), subscriptionOn(t, hosts, top)
	if err := p.Publish(soon(t), message("k", "body")); err != nil {
		t.Fatal(err)
	}
	d, err := s.Receive(soon(t), Wait{})
	if err != nil || string(d.Body) != "body" {
		t.Fatal(d, err)
	}
	if err := d.Ack(); err != nil {
		t.Error(err)
	}
}

func TestPublish_RequestThatHasEndedIsNotPublished(t *testing.T) {
	node := rabbit.Shared(t)
	p := publisherOn(t, hostsOf(t, node), durable(nameOf(t)))
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if err := p.Publish(ended, message("k", "")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if q, err := node.Queue(soon(t), nameOf(t)); err != nil || q.Messages != 1 {
		t.Errorf("%+v %v", q, err)
	}
}
