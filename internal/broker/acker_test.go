package broker

import (
	"fmt"
	"math/rand/v2"
	"testing"

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
	awaitUnacked(t, node, 150) // the run ends before it
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
