package soak

import (
	"strings"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestClusterNodesKilled(t *testing.T) {
	r := newRow(t, "three-node cluster, quorum queues, hosts list of three: the connected node killed, then another in turn; publishers, consumers, agent")
	nodes := rabbit.PrivateCluster(t, 3)
	// A queue that does not say its type has the vhost's.
	for _, command := range [][]string{
		{"add_vhost", "soak", "--default-queue-type", "quorum"},
		{"set_permissions", "-p", "soak", "guest", ".*", ".*", ".*"},
	} {
		if _, err := nodes[0].Ctl(soon(t), command...); err != nil {
			t.Fatal(err)
		}
	}
	var hosts []string
	for _, n := range nodes {
		hosts = append(hosts, n.URL()+"soak")
	}
	g := newGateway(t, r.log, hosts...)
	r.allThree(g)
	r.awaitConfirm()
	if types, err := nodes[0].Ctl(soon(t), "list_queues", "-p", "soak", "type"); err != nil || strings.Count(types, "quorum") != 2 {
		t.Fatalf("not two quorum queues: %s %v", types, err)
	}
	var slowest time.Duration
	kills := 0
	for ends := r.duration(); ends.Err() == nil || kills < 2; kills++ {
		victim := connectedNode(t, nodes)
		if kills%2 == 1 {
			victim = nodes[r.random.IntN(len(nodes))]
		}
		pause(ends, r.between(300*time.Millisecond, 2*time.Second))
		if err := victim.Kill(); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, r.awaitConfirm())
		pause(ends, r.between(0, time.Second))
		if err := victim.Restart(soon(t)); err != nil {
			t.Fatal(err)
		}
		r.awaitConfirm()
	}
	r.finish(g)
	r.note("%d kills; publishing again at most %s after", kills, slowest.Round(time.Millisecond))
	if slowest > 10*time.Second {
		t.Errorf("failing over took %s", slowest)
	}
	r.balance(hosts[0], "get", "push")
}

// connectedNode is the one that the gateway publishes through.
func connectedNode(t *testing.T, nodes []*rabbit.Node) *rabbit.Node {
	t.Helper()
	for _, n := range nodes {
		connections, err := n.Connections(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range connections {
			if strings.HasSuffix(c.Name, "publishing") {
				return n
			}
		}
	}
	return nodes[0]
}
