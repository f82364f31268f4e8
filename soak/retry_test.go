package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// retrying are the keys of an agent whose messages wait in the broker.
func retrying(queueType string) map[string]any {
	return map[string]any{"queue_type": queueType, "retry": map[string]any{
		"max_attempts": 3.0, "max_delay": "200ms", "dead_letter": "push.dead",
	}}
}

const delayQueue = "push.retry.200"

// half says yes every other time, in no order.
func half() bool { return rand.IntN(2) == 0 }

// failHalf is the backend of an agent that fails for every other message.
func (r *row) failHalf(ctx context.Context, request *proxy.Request) (*proxy.Response, error) {
	if half() {
		return nil, errors.New("refused")
	}
	return r.load.process(ctx, request)
}

// longestDelay is how long a message may be in a delay queue after its time. When the node of
// the target's leader is killed, the broker waits three minutes for a confirm before it sends
// what was on its way again, and sends nothing else meanwhile
// (dead_letter_worker_publisher_confirm_timeout, 180,000 ms).
const longestDelay = 4 * time.Minute

// awaitDelayed waits until no message waits any more, and says how long that was.
func (r *row) awaitDelayed(node *rabbit.Node, vhost string) {
	r.t.Helper()
	began := time.Now()
	defer func() { r.note("the last waiting message was back after %s", time.Since(began).Round(time.Second)) }()
	ctx, cancel := context.WithTimeout(context.Background(), longestDelay)
	defer cancel()
	for {
		q, err := node.QueueIn(ctx, vhost, delayQueue)
		if err != nil {
			r.t.Fatal(err)
		}
		if q.Exists && q.Messages+q.DeadLettering == 0 {
			return
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func TestRetryBrokerKilled(t *testing.T) {
	for _, queueType := range []string{"classic", "quorum"} {
		t.Run(queueType, func(t *testing.T) {
			r := newRow(t, "broker SIGKILL between copies and acks, "+queueType+" queue; publishers, agent that fails half of the time and tries again")
			node := rabbit.Private(t)
			g := newGateway(t, r.log, node.URL())
			r.load.publish(r.loading, 8, g.producer("push", map[string]any{"queue_type": queueType}))
			if err := g.agent("push", r.failHalf, retrying(queueType)); err != nil {
				t.Fatal(err)
			}
			for _, queue := range []string{"push", delayQueue, "push.dead"} {
				if _, err := node.AwaitQueue(soon(t), queue, func(q rabbit.QueueInfo) bool { return q.Exists }); err != nil {
					t.Fatal(err)
				}
			}
			if err := node.SyncDefinitions(soon(t)); err != nil {
				t.Fatal(err)
			}
			kills := 0
			for ends := r.duration(); ends.Err() == nil; kills++ {
				r.awaitConfirm()
				pause(ends, r.between(300*time.Millisecond, 2*time.Second))
				if err := node.Kill(); err != nil {
					t.Fatal(err)
				}
				if err := node.Restart(soon(t)); err != nil {
					t.Fatal(err)
				}
				r.awaitConfirm()
			}
			r.finish(g)
			r.awaitNoConnections(node)
			r.awaitDelayed(node, "/")
			r.note("%d kills", kills)
			r.balance(node.URL(), "push", "push.dead")
		})
	}
}

func TestRetryClusterNodesKilled(t *testing.T) {
	r := newRow(t, "three-node cluster, quorum queues, a node killed in turn; publishers, agent that fails half of the time and tries again")
	nodes := rabbit.PrivateCluster(t, 3)
	var hosts []string
	for _, n := range nodes {
		hosts = append(hosts, n.URL())
	}
	g := newGateway(t, r.log, hosts...)
	r.load.publish(r.loading, 8, g.producer("push", map[string]any{"queue_type": "quorum"}))
	if err := g.agent("push", r.failHalf, retrying("quorum")); err != nil {
		t.Fatal(err)
	}
	r.awaitConfirm()
	kills := 0
	for ends := r.duration(); ends.Err() == nil; kills++ {
		victim := nodes[r.random.IntN(len(nodes))]
		pause(ends, r.between(300*time.Millisecond, 2*time.Second))
		if err := victim.Kill(); err != nil {
			t.Fatal(err)
		}
		r.awaitConfirm()
		if err := victim.Restart(soon(t)); err != nil {
			t.Fatal(err)
		}
		r.awaitConfirm()
	}
	r.finish(g)
	r.awaitDelayed(nodes[0], "/")
	r.note("%d kills", kills)
	r.balance(hosts[0], "push", "push.dead")
}

func TestRetryGatewayKilled(t *testing.T) {
	r := newRow(t, "gateway SIGKILL in the middle of retries; HTTP clients, agent whose backend refuses half of the time")
	node := rabbit.Private(t)
	keys := `, "retry": {"max_attempts": 3, "max_delay": "200ms", "dead_letter": "push.dead"}`
	p := newProcess(t, node.URL(), r.backend(half).URL, keys)
	p.start()
	r.clients(p)
	ends, times := r.duration(), 0
	for ; ends.Err() == nil; times++ {
		r.awaitConfirm()
		pause(ends, r.between(200*time.Millisecond, time.Second))
		p.end(syscall.SIGKILL)
		p.start()
	}
	r.stopLoad()
	r.load.workers.Wait()
	p.end(syscall.SIGTERM)
	r.awaitAllBack(node, "get", "push")
	r.awaitDelayed(node, "/")
	r.note("%d times", times)
	r.balance(node.URL(), "get", "push", "push.dead")
}
