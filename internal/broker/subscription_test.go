package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

// fill publishes messages "0", "1", … to a queue.
func fill(t testing.TB, ch *amqp.Channel, queue string, n int) {
	t.Helper()
	if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		c, err := ch.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{Body: fmt.Append(nil, i), DeliveryMode: amqp.Persistent})
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := c.WaitContext(soon(t)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
}

func awaitMessages(t testing.TB, node *rabbit.Node, queue string, want int) rabbit.QueueInfo {
	t.Helper()
	q, err := node.AwaitQueue(soon(t), queue, func(q rabbit.QueueInfo) bool { return q.Messages == want && q.Unacked == 0 })
	if err != nil {
		t.Fatalf("%d messages are not left in %s: %+v %v", want, queue, q, err)
	}
	return q
}

func TestReceive_SettlesOnce(t *testing.T) {
	node := rabbit.Shared(t)
	fill(t, channelOn(t, node), nameOf(t), 4)
	ctx, cancel := context.WithCancel(soon(t))
	s := Subscribe(ctx, hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: 1}, Logger: logtest.New(t)})
	var got string
	for range 4 {
		d, err := s.Receive(ctx, Wait{})
		if err != nil {
			t.Fatal(err)
		}
		got += string(d.Body)
		for _, settle := range []func() error{d.Ack, d.Requeue, d.Discard, d.Ack} {
			if err := settle(); err != nil {
				t.Error(err)
			}
		}
	}
	if got != "0123" {
		t.Errorf("received %s", got)
	}
	cancel()
	<-s.Done()
	awaitMessages(t, node, nameOf(t), 0)
}

func TestReceive_EmptyQueueIsErrEmptyAndAClosedPortIsUnavailable(t *testing.T) {
	node := rabbit.Shared(t)
	s := subscriptionOn(t, hostsOf(t, node), durable(nameOf(t)))
	for consuming, changed := s.Consuming(); !consuming; consuming, changed = s.Consuming() {
		<-changed
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Receive(ctx, Wait{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty queue: %v", err)
	}
	closed, _ := ParseHosts([]string{"amqp://guest:guest@127.0.0.1:1"})
	away := subscriptionOn(t, closed, durable(nameOf(t)))
	var unavailable *UnavailableError
	if _, err := away.Receive(ctx, Wait{}); !errors.As(err, &unavailable) {
		t.Errorf("no broker: %v", err)
	}
}

func TestSubscription_StopGivesBackWhatWasPrefetchedAndWaitsForWhatIsInHand(t *testing.T) {
	node := rabbit.Shared(t)
	fill(t, channelOn(t, node), nameOf(t), 8)
	ctx, cancel := context.WithCancel(soon(t))
	s := Subscribe(ctx, hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: 5}, Logger: logtest.New(t)})
	inHand, err := s.Receive(ctx, Wait{})
	if err != nil {
		t.Fatal(err)
	}
	_, stopped := s.Consuming()
	cancel()
	<-stopped
	if _, err := s.Receive(soon(t), Wait{}); !errors.Is(err, ErrStopped) {
		t.Errorf("a stopped subscription: %v", err)
	}
	q, err := node.AwaitQueue(soon(t), nameOf(t), func(q rabbit.QueueInfo) bool { return q.Unacked == 1 && q.Consumers == 0 })
	if err != nil || q.Ready != 7 {
		t.Errorf("%+v %v", q, err)
	}
	select {
	case <-s.Done():
		t.Error("did not wait for the message in hand")
	default:
	}
	if err := inHand.Ack(); err != nil {
		t.Error(err)
	}
	<-s.Done()
	awaitMessages(t, node, nameOf(t), 7)
}

func TestSubscription_GoesOnAfterAnythingThatEndsItsChannel(t *testing.T) {
	node := rabbit.Private(t)
	s := subscriptionOn(t, hostsOf(t, node), durable(nameOf(t)))
	queue := nameOf(t)
	for _, tc := range []struct {
		name    string
		breakIt func(*testing.T) error
	}{
		{"nothing", func(*testing.T) error { return nil }},
		{"queue deleted", func(t *testing.T) error {
			_, err := channelOn(t, node).QueueDelete(queue, false, false, false)
			return err
		}},
		{"exchange deleted", func(t *testing.T) error { return channelOn(t, node).ExchangeDelete(queue, false, false) }},
		{"connections closed", func(t *testing.T) error { return node.CloseConnections(soon(t), "test") }},
		{"settled twice by hand", func(t *testing.T) error { return settleTwice(t, s, node, queue) }},
		{"broker killed", func(t *testing.T) error { return errors.Join(node.Kill(), node.Restart(soon(t))) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.breakIt(t); err != nil {
				t.Fatal(err)
			}
			if _, err := node.AwaitQueue(soon(t), queue, func(q rabbit.QueueInfo) bool { return q.Consumers == 1 }); err != nil {
				t.Fatal("not consuming again:", err)
			}
			fill(t, channelOn(t, node), queue, 1)
			d, err := s.Receive(soon(t), Wait{})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Ack(); err != nil {
				t.Error(err)
			}
		})
	}
}

// settleTwice makes the broker close the subscription's channel (406).
func settleTwice(t *testing.T, s *Subscription, node *rabbit.Node, queue string) error {
	fill(t, channelOn(t, node), queue, 1)
	d, err := s.Receive(soon(t), Wait{})
	if err != nil {
		return err
	}
	return errors.Join(d.Delivery.Ack(false), d.Ack())
}

func TestReceive_MessageOfALostConnectionIsDeliveredAgain(t *testing.T) {
	node := rabbit.Private(t)
	fill(t, channelOn(t, node), nameOf(t), 1)
	s := subscriptionOn(t, hostsOf(t, node), durable(nameOf(t)))
	first, err := s.Receive(soon(t), Wait{})
	if err != nil {
		t.Fatal(err)
	}
	if err := node.CloseConnections(soon(t), "test"); err != nil {
		t.Fatal(err)
	}
	<-first.Gone()
	if err := first.Ack(); err == nil {
		t.Error("acked on a channel that is closed")
	}
	again, err := s.Receive(soon(t), Wait{})
	if err != nil || !again.Redelivered {
		t.Fatalf("%+v %v", again, err)
	}
	if err := again.Ack(); err != nil {
		t.Error(err)
	}
}

func TestSubscribe_PrefetchSizeIsRefusedOnceAndHarmsNobody(t *testing.T) {
	node := rabbit.Shared(t)
	hosts, log := hostsOf(t, node), logtest.New(t)
	p := subscriptionOn(t, hosts, durable(nameOf(t)+"-other"))
	for consuming, changed := p.Consuming(); !consuming; consuming, changed = p.Consuming() {
		<-changed
	}
	session := p.connection.session.Load()
	fill(t, channelOn(t, node), nameOf(t), 2)
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		s := Subscribe(ctx, hosts, SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: 1, PrefetchSize: 1024}, Logger: log, Prefix: "[TEST]"})
		d, err := s.Receive(soon(t), Wait{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
		cancel()
		<-s.Done()
	}
	if lines := log.Matching("WARNING [TEST] prefetch_size:", "540"); len(lines) != 1 {
		t.Errorf("%q", lines)
	}
	if p.connection.session.Load() != session {
		t.Error("the shared connection was lost")
	}
}

func TestSubscribe_AutoAckTakesMessagesOffTheQueue(t *testing.T) {
	node := rabbit.Shared(t)
	settlements := []func(*Delivery) error{(*Delivery).Ack, (*Delivery).Requeue, (*Delivery).Reject, (*Delivery).Discard}
	fill(t, channelOn(t, node), nameOf(t), len(settlements))
	counters := &stats.Entry{}
	s := Subscribe(t.Context(), hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), AutoAck: true, Logger: logtest.New(t), Stats: counters})
	for _, settle := range settlements {
		d, err := s.Receive(soon(t), Wait{})
		if err != nil {
			t.Fatal(err)
		}
		if err := settle(d); err != nil { // nothing is sent: it would close the channel
			t.Error(err)
		}
	}
	if consumed, lost, requeued := counters.Consumed.Load(), counters.DeadLettered.Load(), counters.Requeued.Load(); consumed != 1 || lost != 3 || requeued != 0 {
		t.Errorf("%d consumed, %d lost, %d requeued", consumed, lost, requeued)
	}
	awaitMessages(t, node, nameOf(t), 0)
	if consuming, _ := s.Consuming(); !consuming {
		t.Error("the channel was closed")
	}
}

func TestSubscribe_LockedQueueIsSaidAndRetried(t *testing.T) {
	node := rabbit.Shared(t)
	ch := channelOn(t, node)
	if _, err := ch.QueueDeclare(nameOf(t), false, false, true, false, nil); err != nil {
		t.Fatal(err)
	}
	log := logtest.New(t)
	top := durable(nameOf(t))
	top.Queue.Durable = false
	s := Subscribe(t.Context(), hostsOf(t, node), SubscriptionOptions{Topology: top, Logger: log, Prefix: "[TEST]"})
	log.Await(t, "ERROR [TEST]", "RESOURCE_LOCKED", "another connection holds the queue exclusively")
	if _, err := ch.QueueDelete(nameOf(t), false, false, false); err != nil {
		t.Fatal(err)
	}
	ctx := soon(t)
	for consuming, changed := s.Consuming(); !consuming; consuming, changed = s.Consuming() {
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatal("not tried again")
		}
	}
}

func TestSubscription_StopDoesNotWaitForABrokerThatDoesNotAnswer(t *testing.T) {
	node := rabbit.Private(t)
	ctx, cancel := context.WithCancel(soon(t))
	s := Subscribe(ctx, hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), Logger: logtest.New(t)})
	for consuming, changed := s.Consuming(); !consuming; consuming, changed = s.Consuming() {
		<-changed
	}
	if err := node.Pause(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	cancel()
	<-s.Done()
	if took := time.Since(began); took > 3*stopTime {
		t.Errorf("stopped after %s", took)
	}
	if err := node.Resume(); err != nil {
		t.Fatal(err)
	}
}
