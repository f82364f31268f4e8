package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

func TestAcquire_ManyUsersAreTwoConnectionsThatEndWithThem(t *testing.T) {
	node := rabbit.Private(t)
	ctx, cancel := context.WithCancel(soon(t))
	log := logtest.New(t)
	var publishers []*Publisher
	var subscriptions []*Subscription
	for i := range 20 {
		hosts := parsed(t, node.URL(), "amqp://guest:guest@127.0.0.1:1")
		top := durable(fmt.Sprint(nameOf(t), i))
		publishers = append(publishers, NewPublisher(ctx, hosts, PublisherOptions{Topology: top, Confirm: true, Logger: log}))
		subscriptions = append(subscriptions, Subscribe(ctx, hosts, SubscriptionOptions{Topology: top, Logger: log}))
	}
	for i, p := range publishers {
		if err := p.Publish(ctx, message("k", "")); err != nil {
			t.Fatal(err)
		}
		d, err := subscriptions[i].Receive(ctx, Wait{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
	}
	all, err := node.Connections(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	if want := []string{connectionName(Consuming), connectionName(Publishing)}; !slices.Equal(names, want) {
		t.Errorf("connections %q, want %q", names, want)
	}
	cancel()
	if _, err := node.AwaitConnections(soon(t), func(c []rabbit.Connection) bool { return len(c) == 0 }); err != nil {
		t.Error("still connected:", err)
	}
}

func TestPublish_AfterTheGatewaysContextHasEnded(t *testing.T) {
	node := rabbit.Private(t)
	ctx, cancel := context.WithCancel(soon(t))
	p := NewPublisher(ctx, hostsOf(t, node), PublisherOptions{Topology: durable(nameOf(t)), Confirm: true, Logger: logtest.New(t)})
	cancel()
	for range 2 {
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Error(err)
		}
		if _, err := node.AwaitConnections(soon(t), func(c []rabbit.Connection) bool { return len(c) == 0 }); err != nil {
			t.Error("stayed connected:", err)
		}
	}
}

func TestConnection_GivesUpAfterMaxRetriesUntilTheNextRequest(t *testing.T) {
	listener := refusing(t)
	hosts := parsed(t, "amqp://guest:hush@"+listener.Addr().String())
	log := logtest.New(t)
	p := NewPublisher(t.Context(), hosts, PublisherOptions{Confirm: true, Logger: log, Policy: Policy{Strategy: backoff.Fallback, MaxRetries: 1}})
	log.Await(t, "ERROR", "gave up")
	s := Subscribe(t.Context(), hosts, SubscriptionOptions{Topology: durable(nameOf(t)), Passive: true, Logger: log, Policy: Policy{MaxRetries: 1}})
	log.Await(t, "ERROR", "[consuming]", "gave up")
	timed, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.Receive(timed, Wait{}); err == nil || s.connection.state != GaveUp {
		t.Errorf("a passive receiver made a new round: %v", err)
	}

	start := time.Now()
	err := p.Publish(soon(t), message("k", ""))
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.State != GaveUp {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took < time.Second || took > 10*time.Second {
		t.Errorf("the new round of one retry took %s", took)
	}
	if lines := log.Matching("ERROR", "[publishing]", "gave up"); len(lines) != 2 {
		t.Errorf("%q", lines)
	}
}

// refusing accepts connections and closes them.
func refusing(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-accepting
	})
	return l
}

func TestConnection_StopsDiallingAHostThatNeverAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	hosts, _ := ParseHosts([]string{"amqp://" + l.Addr().String()})
	ctx, cancel := context.WithCancel(t.Context())
	p := NewPublisher(ctx, hosts, PublisherOptions{Confirm: true, Logger: logtest.New(t)})
	timed, stop := context.WithTimeout(ctx, 200*time.Millisecond)
	defer stop()
	var unavailable *UnavailableError
	if err := p.Publish(timed, message("k", "")); !errors.As(err, &unavailable) || unavailable.State != Connecting {
		t.Errorf("got %v", err)
	}
	cancel()
	for {
		_, state, changed, _ := p.connection.look()
		if state == Idle {
			return
		}
		select {
		case <-changed:
		case <-time.After(5 * time.Second):
			t.Fatal("still dialling: ", state)
		}
	}
}

func TestConnection_RefusedLoginIsSaidWithoutThePassword(t *testing.T) {
	node := rabbit.Shared(t)
	log := logtest.New(t)
	for url, want := range map[string]string{
		strings.Replace(node.URL(), "guest:guest", "guest:hush", 1): "check user, password and vhost in host",
		node.URL() + "hushhush": "create the vhost",
	} {
		hosts := parsed(t, url)
		NewPublisher(t.Context(), hosts, PublisherOptions{Topology: topology.Topology{}, Confirm: true, Logger: log})
		log.Await(t, "ERROR", "cannot connect", want)
	}
	for _, line := range log.Lines() {
		if strings.Contains(line, "guest:hush") {
			t.Errorf("the password shows: %s", line)
		}
	}
}

func TestConnection_AnotherStrategyOnTheSameHostsIsSaid(t *testing.T) {
	hosts, _ := ParseHosts([]string{"amqp://guest:guest@127.0.0.1:1/strategies"})
	log := logtest.New(t)
	for _, s := range []backoff.Strategy{"", backoff.Linear, backoff.Linear, backoff.Exponential} {
		Acquire(t.Context(), hosts, Publishing, Policy{Strategy: s}, log)
	}
	if lines := log.Matching("WARNING", "backoff_strategy exponential is not used", "linear"); len(lines) != 1 || len(log.Matching("is not used")) != 1 {
		t.Errorf("%q", log.Lines())
	}
}
