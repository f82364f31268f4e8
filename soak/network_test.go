package soak

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// network is the way from the gateway to the broker.
type network struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newNetwork(t *testing.T, node *rabbit.Node) *network {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &network{t, toxiproxy.NewProxy(server, "broker", "127.0.0.1:0", fmt.Sprintf("127.0.0.1:%d", node.Port()))}
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	return n
}

func (n *network) url() string { return "amqp://guest:guest@" + n.proxy.Listen + "/" }

// during runs f with a toxic on both ways.
func (n *network) during(kind, attributes string, f func()) {
	n.t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		toxic := fmt.Sprintf(`{"name": %q, "type": %q, "stream": %q, "attributes": %s}`, stream, kind, stream, attributes)
		if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			n.t.Fatal(err)
		}
	}
	f()
	for _, stream := range []string{"upstream", "downstream"} {
		if err := n.proxy.Toxics.RemoveToxic(soon(n.t), stream); err != nil {
			n.t.Fatal(err)
		}
	}
}

func TestNetwork(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault func(r *row, n *network, ends context.Context)
	}{
		{"network cut", func(r *row, n *network, ends context.Context) {
			n.proxy.Stop()
			pause(ends, r.between(100*time.Millisecond, time.Second))
			if err := n.proxy.Start(); err != nil {
				n.t.Fatal(err)
			}
		}},
		{"half-open: packets vanish", func(r *row, n *network, ends context.Context) {
			n.during("timeout", `{"timeout": 0}`, func() { pause(context.Background(), r.between(500*time.Millisecond, 2500*time.Millisecond)) })
		}},
		{"500 ms latency", func(r *row, n *network, ends context.Context) {
			n.during("latency", `{"latency": 500}`, func() { pause(ends, r.between(time.Second, 3*time.Second)) })
		}},
		{"bandwidth of 10 kB/s", func(r *row, n *network, ends context.Context) {
			n.during("bandwidth", `{"rate": 10}`, func() { pause(ends, r.between(time.Second, 3*time.Second)) })
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRow(t, tc.name+"; publishers, consumers, agent")
			node := rabbit.Private(t)
			n := newNetwork(t, node)
			g := newGateway(t, r.log, n.url())
			r.allThree(g)
			faults := 0
			for ends := r.duration(); ends.Err() == nil; faults++ {
				r.awaitConfirm()
				pause(ends, r.between(100*time.Millisecond, time.Second))
				tc.fault(r, n, ends)
			}
			again := r.awaitConfirm()
			r.finish(g)
			r.note("%d times; publishing again after %s; longest answer %s past its deadline", faults, again.Round(time.Millisecond), r.books.overrun.Round(time.Millisecond))
			r.balance(node.URL(), "get", "push")
		})
	}
}
