package broker

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

func TestPublisher_PassiveSaysWhatIsMissingUntilItIsThere(t *testing.T) {
	node := rabbit.Shared(t)
	top := durable(nameOf(t))
	top.Mode = topology.Passive
	log := logtest.New(t)
	p := NewPublisher(t.Context(), hostsOf(t, node), PublisherOptions{Topology: top, Confirm: true, Logger: log})
	err := p.Publish(soon(t), message("k", ""))
	var refused *DeclareError
	if !errors.As(err, &refused) || !NeedsPerson(err) {
		t.Errorf("%v", err)
	}
	log.Await(t, "ERROR", fmt.Sprintf("exchange %q does not exist", top.Exchange.Name), `create it on the broker, or set declare to "all"`)

	top.Mode = topology.All
	if err := top.Declare(rabbit.Channel(t, node.URL())); err != nil {
		t.Fatal(err)
	}
	for err != nil { // asked again after the back-off
		if err = p.Publish(soon(t), message("k", "")); err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
	}
}
