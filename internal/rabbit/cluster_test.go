package rabbit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestClusterKeepsAQuorumQueueWhenItsLeaderIsKilled(t *testing.T) {
	const count = 100
	started := time.Now()
	nodes := PrivateCluster(t, 3)
	took := stopwatch(t, started)
	took("cluster ready")
	_, ch := dial(t, nodes[0], "publisher")
	declareQuorum(t, ch, "kept")
	publishMany(t, ch, "kept", count)
	took("published")
	expectEverywhere(t, nodes, "kept", quorum(count, 0, 0))
	took("counted on all nodes")

	leader := leaderOf(t, nodes, nodes[1], "kept")
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return n == leader })
	elected := func(name string) bool { return name != leader.Name() }
	if _, err := left[0].AwaitLeader(timeout(t), "kept", elected); err != nil {
		t.Fatal(err)
	}
	took("new leader")
	expectEverywhere(t, left, "kept", quorum(count, 0, 0))

	_, ch = dial(t, left[1], "consumer")
	deliveries, err := ch.ConsumeWithContext(t.Context(), "kept", "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		d := wait(t, deliveries)
		if want := fmt.Sprint(i); string(d.Body) != want {
			t.Fatalf("delivery %q, want %q", d.Body, want)
		}
		if i < count-1 {
			continue
		}
		expectEverywhere(t, left, "kept", quorum(0, count, 1))
		if err := d.Ack(true); err != nil {
			t.Fatal(err)
		}
	}
	expectEverywhere(t, left, "kept", quorum(0, 0, 1))
	took("consumed")

	if err := leader.Restart(timeout(t)); err != nil {
		t.Fatal(err)
	}
	took("restarted")
	expectRunning(t, nodes)
	expectEverywhere(t, nodes, "kept", quorum(0, 0, 1))
}

func TestClusterCloseLeavesNothing(t *testing.T) {
	started := time.Now()
	nodes, err := Cluster(t.Context(), 2, WithConfig("channel_max = 7"))
	if err != nil {
		t.Fatal(err)
	}
	took := stopwatch(t, started)
	took("cluster of two ready")
	conn, _ := dial(t, nodes[1], "limited")
	if conn.Config.ChannelMax != 7 {
		t.Errorf("channel_max %d, want 7", conn.Config.ChannelMax)
	}
	if err := nodes[1].Pause(); err != nil { // the hardest to end
		t.Error(err)
	}
	for _, n := range nodes {
		n.Close()
		if left := processesOf(t, n.dir); len(left) > 0 {
			t.Errorf("processes left: %q", left)
		}
		if _, err := os.Stat(n.dir); !os.IsNotExist(err) {
			t.Errorf("directory left: %v", err)
		}
	}
	took("closed")
}

func TestClusterCancelledLeavesNothing(t *testing.T) {
	Shared(t) // keeps the host's directory
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	before := nodeDirs(t)
	nodes, err := Cluster(ctx, 2)
	if err == nil {
		closeAll(nodes)
		t.Fatal("started within 300 ms")
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Cluster = %v, want %v", err, context.DeadlineExceeded)
	}
	if after := nodeDirs(t); !slices.Equal(before, after) {
		t.Errorf("directories %q, were %q", after, before)
	}
	if _, err := Cluster(t.Context(), 0); err == nil {
		t.Error("started a cluster of no nodes")
	}
}

// stopwatch logs how long each step of a test has taken.
func stopwatch(t *testing.T, last time.Time) func(step string) {
	return func(step string) {
		t.Helper()
		t.Logf("%s after %v", step, time.Since(last).Round(time.Millisecond))
		last = time.Now()
	}
}

func declareQuorum(t *testing.T, ch *amqp.Channel, queue string) {
	t.Helper()
	args := amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum}
	if _, err := ch.QueueDeclare(queue, true, false, false, false, args); err != nil {
		t.Fatal(err)
	}
}

// publishMany publishes messages that count from 0 and waits for all confirms.
func publishMany(t *testing.T, ch *amqp.Channel, queue string, count int) {
	t.Helper()
	confirms := make([]*amqp.DeferredConfirmation, count)
	for i := range confirms {
		message := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: fmt.Append(nil, i)}
		var err error
		confirms[i], err = ch.PublishWithDeferredConfirmWithContext(t.Context(), "", queue, true, false, message)
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := timeout(t)
	for i, confirm := range confirms {
		if ok, err := confirm.WaitContext(ctx); err != nil || !ok {
			t.Fatalf("confirm of message %d: %v, %v", i, ok, err)
		}
	}
}

func quorum(ready, unacked, consumers int) QueueInfo {
	all := ready + unacked
	return QueueInfo{Exists: true, Durable: true, Messages: all, Ready: ready, Unacked: unacked,
		Persistent: all, Consumers: consumers}
}

// expectEverywhere awaits the same state of a queue on each node. Only acknowledgements, which
// nobody confirms, and the news of consumers may take a moment.
func expectEverywhere(t *testing.T, nodes []*Node, queue string, want QueueInfo) {
	t.Helper()
	for _, n := range nodes {
		info, err := n.AwaitQueue(timeout(t), queue, func(info QueueInfo) bool { return info == want })
		if err != nil {
			t.Errorf("%s: Queue = %+v, %v; want %+v", n.Name(), info, err, want)
		}
	}
}

func expectRunning(t *testing.T, nodes []*Node) {
	t.Helper()
	for _, n := range nodes {
		all := func(running []string) bool { return len(running) == len(nodes) }
		if _, err := n.AwaitRunning(timeout(t), all); err != nil {
			t.Errorf("running in the view of %s: %v", n.Name(), err)
		}
	}
}

// leaderOf finds the node that leads a queue.
func leaderOf(t *testing.T, nodes []*Node, asked *Node, queue string) *Node {
	t.Helper()
	name, err := asked.Leader(t.Context(), queue)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(nodes, func(n *Node) bool { return n.Name() == name })
	if i < 0 {
		t.Fatalf("leader is %q, none of the nodes", name)
	}
	return nodes[i]
}
