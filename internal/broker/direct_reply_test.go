package broker

import (
	"context"
	"errors"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// forged is an address on which RabbitMQ 3.10 breaks.
const forged = DirectReplyTo + ".garbage.a"

func TestPublishDirectReply_OnlyOneThatIsAloneIsTheCulprit(t *testing.T) {
	p := publisherOn(t, hostsOf(t, rabbit.Shared(t)), topology.Topology{})
	var culprit *ForgedReplyError
	if err := p.PublishDirectReply(soon(t), message(forged, ""), false); !Crashed(err) || errors.As(err, &culprit) {
		t.Errorf("next to others: %v", err)
	}
	if err := p.Publish(soon(t), message(nameOf(t), "")); err != nil { // the next session is up
		t.Fatal(err)
	}
	s, err := p.connection.current(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	p.connection.replies.unsettled.Store(s)
	if err := p.PublishDirectReply(soon(t), message(forged, ""), true); !Crashed(err) || errors.As(err, &culprit) {
		t.Errorf("after one that nobody knows of: %v", err)
	}
	if err := p.PublishDirectReply(soon(t), message(forged, ""), true); !errors.As(err, &culprit) {
		t.Errorf("alone: %v", err)
	}
}

func TestPublishDirectReply_WaitsForItsTurnAsLongAsItsRequest(t *testing.T) {
	p := publisherOn(t, hostsOf(t, rabbit.Shared(t)), topology.Topology{})
	turns := p.connection.replies.turns
	if err := turns.Acquire(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.PublishDirectReply(ended, message(forged, ""), true); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("got %v", err)
	}
	if err := p.PublishDirectReply(soon(t), message(nameOf(t), ""), false); err != nil {
		t.Errorf("next to another: %v", err)
	}
	turns.Release(1)
}
