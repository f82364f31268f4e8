package broker

import (
	"context"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

// hostsOf returns a node's hosts. Each call is a connection of the test's own: the
// pool takes two lists with different parameters for different brokers.
func hostsOf(t testing.TB, node *rabbit.Node) Hosts {
	t.Helper()
	return parsed(t, node.URL()+"?connection_timeout="+unique())
}

// configured has the defaults, a queue and an exchange of that name, and what change does.
func configured(name string, change func(*topology.Config)) topology.Config {
	c := topology.Defaults()
	c.Name, c.Exchange = name, name
	change(&c)
	return c
}

// durable is a topology of durable things with the test's name.
func durable(name string) topology.Topology {
	return configured(name, func(c *topology.Config) { c.Durable = true }).Topology("#")
}

func publisherOn(t testing.TB, hosts Hosts, top topology.Topology) *Publisher {
	t.Helper()
	return NewPublisher(t.Context(), hosts, PublisherOptions{Topology: top, Confirm: true, Logger: logtest.New(t), Prefix: "[TEST]"})
}

func subscriptionOn(t testing.TB, hosts Hosts, top topology.Topology) *Subscription {
	t.Helper()
	return Subscribe(t.Context(), hosts, SubscriptionOptions{Topology: top, Prefetch: Prefetch{PrefetchCount: 10}, Logger: logtest.New(t), Prefix: "[TEST]"})
}

var names sync.Map // from a test to its queue and exchange

// nameOf is the name of a test's queue and exchange. Every run has another one.
func nameOf(t testing.TB) string {
	name, _ := names.LoadOrStore(t, t.Name()+"-"+unique())
	return name.(string)
}

// soon bounds what a test waits for.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func message(key, body string) Message {
	return Message{RoutingKey: key, Publishing: amqp.Publishing{Body: []byte(body), DeliveryMode: amqp.Persistent}}
}

// channelOn is a channel of the test's own, to break things with.
func channelOn(t testing.TB, node *rabbit.Node) *amqp.Channel {
	t.Helper()
	return rabbit.Channel(t, node.URL())
}
