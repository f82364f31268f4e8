package broker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func (d *Delivery) mustSettle(t *testing.T, settle func() error) {
	t.Helper()
	if err := settle(); err != nil {
		t.Fatal(d.DeliveryTag, err)
	}
}

// holding is a subscription with all of a queue's messages in hand.
func holding(t *testing.T, node *rabbit.Node, count, prefetch int) []*Delivery {
	t.Helper()
	fill(t, channelOn(t, node), nameOf(t), count)
	s := Subscribe(t.Context(), hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: prefetch}, Logger: logtest.New(t)})
	held := make([]*Delivery, count)
	for i := range held {
		var err error
		if held[i], err = s.Receive(soon(t), Wait{}); err != nil {
			t.Fatal(err)
		}
	}
	return held
}

func awaitUnacked(t *testing.T, node *rabbit.Node, unacked int) {
	t.Helper()
	if _, err := node.AwaitQueue(soon(t), nameOf(t), func(q rabbit.QueueInfo) bool { return q.Unacked == unacked }); err != nil {
		t.Fatal(err)
	}
}

func TestAck_IsNeverGivenToWhatIsStillInHand(t *testing.T) {
	node := rabbit.Shared(t)
	held := holding(t, node, 200, 0)
	inHand := held[50]
	others := append(append([]*Delivery{}, held[:50]...), held[51:]...)
	rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	for _, d := range others {
		d.mustSettle(t, d.Ack)
	}
	awaitUnacked(t, node, 1)
	inHand.mustSettle(t, inHand.Ack)
	awaitUnacked(t, node, 0)
	if q, err := node.Queue(soon(t), nameOf(t)); err != nil || q.Messages != 0 {
		t.Errorf("%+v %v", q, err)
	}
}

func TestAck_BetweenMessagesThatAreRefused(t *testing.T) {
	node := rabbit.Shared(t)
	held := holding(t, node, 100, 0)
	rand.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
	for _, d := range held {
		switch d.DeliveryTag % 4 {
		case 0:
			d.mustSettle(t, d.Discard)
		case 1, 2:
			d.mustSettle(t, d.Ack)
		default: // the last one of all is never acked
			d.mustSettle(t, d.Discard)
		}
	}
	awaitUnacked(t, node, 0)
	select {
	case <-held[0].Gone():
		t.Error("the channel was closed")
	default:
	}
}

func TestAck_SmallPrefetchIsNeverStarved(t *testing.T) {
	for _, prefetch := range []int{1, 2, 3, 10} {
		t.Run(fmt.Sprint(prefetch), func(t *testing.T) {
			node := rabbit.Shared(t)
			fill(t, channelOn(t, node), nameOf(t), 50)
			s := Subscribe(t.Context(), hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: prefetch}, Logger: logtest.New(t)})
			for range 50 {
				d, err := s.Receive(soon(t), Wait{})
				if err != nil {
					t.Fatal(err)
				}
				d.mustSettle(t, d.Ack)
			}
			awaitUnacked(t, node, 0)
		})
	}
}

func TestAck_OneMessageInHandStopsNobody(t *testing.T) {
	node := rabbit.Shared(t)
	fill(t, channelOn(t, node), nameOf(t), 100)
	s := subscriptionOn(t, hostsOf(t, node), durable(nameOf(t)))
	slow, err := s.Receive(soon(t), Wait{})
	if err != nil {
		t.Fatal(err)
	}
	for range 99 {
		d, err := s.Receive(soon(t), Wait{})
		if err != nil {
			t.Fatal(err)
		}
		d.mustSettle(t, d.Ack)
	}
	awaitUnacked(t, node, 1)
	slow.mustSettle(t, slow.Ack)
	awaitUnacked(t, node, 0)
}

// A receiver may take some of the messages that are being given back.
func TestAck_OfMessagesThatAreTakenWhileStopping(t *testing.T) {
	const all = 1000
	node := rabbit.Shared(t)
	fill(t, channelOn(t, node), nameOf(t), all)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := Subscribe(ctx, hostsOf(t, node), SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: all}, Logger: logtest.New(t)})
	awaitUnacked(t, node, all)
	s.mu.Lock()
	stream := s.stream
	s.mu.Unlock()
	for range all { // as receivers do that have yet to look
		stream.hold()
	}
	cancel()
	<-stream.stopping
	acked := 0
	for d := range stream.deliveries {
		taken, err := stream.take(d, true)
		if err != nil {
			t.Fatal(err)
		}
		taken.mustSettle(t, taken.Ack)
		acked++
	}
	for range all - acked {
		stream.letGo()
	}
	<-s.Done()
	if q, err := node.Queue(soon(t), nameOf(t)); err != nil || q.Messages != all-acked {
		t.Errorf("after the acks of %d of %d: %+v %v", acked, all, q, err)
	}
}

// An ack leaves when the next message can only come after it, and not with the next tick.
func TestAck_DoesNotKeepAHungryReceiverWaiting(t *testing.T) {
	const inHand = 9 // of 10
	node := rabbit.Shared(t)
	fill(t, channelOn(t, node), nameOf(t), 100)
	s := subscriptionOn(t, hostsOf(t, node), durable(nameOf(t)))
	var held []*Delivery
	for n := range 100 {
		d, err := s.Receive(soon(t), Wait{})
		if err != nil {
			t.Fatal(err)
		}
		if d.acker.wait = time.Hour; n < inHand {
			held = append(held, d)
			continue
		}
		d.mustSettle(t, d.Ack)
	}
	for _, d := range held {
		d.mustSettle(t, d.Ack)
	}
}
