package broker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestAwaitClosed_WaitsForWhatIsInHandAndForNobodyWhoGoesOn(t *testing.T) {
	node := rabbit.Private(t)
	fill(t, channelOn(t, node), nameOf(t), 3)
	hosts := hostsOf(t, node)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := Subscribe(ctx, hosts, SubscriptionOptions{Topology: durable(nameOf(t)), Prefetch: Prefetch{PrefetchCount: 10}, Logger: logtest.New(t)})
	d, err := s.Receive(soon(t), Wait{})
	if err != nil {
		t.Fatal(err)
	}
	if err := AwaitClosed(soon(t)); err != nil {
		t.Fatal("its context has not ended:", err)
	}
	cancel()
	late, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if err := AwaitClosed(late); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "consuming connection to "+hosts.String()) {
		t.Errorf("a message is in hand: %v", err)
	}
	d.mustSettle(t, d.Ack)
	if err := AwaitClosed(soon(t)); err != nil {
		t.Error(err)
	}
	if q, err := node.Queue(soon(t), nameOf(t)); err != nil || q.Ready != 2 || q.Unacked != 0 || q.Consumers != 0 {
		t.Errorf("%+v %v", q, err)
	}
}
