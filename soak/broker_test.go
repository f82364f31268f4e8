package soak

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// allThree puts publishers, consumers and agents on a gateway: what is published to
// "get" is consumed by requests, what is published to "push" by an agent.
func (r *row) allThree(g *gateway) {
	r.t.Helper()
	r.load.publish(r.loading, 8, g.producer("get", nil))
	r.load.publish(r.loading, 8, g.producer("push", nil))
	r.load.consume(r.loading, 4, g.consumer("get", nil))
	if err := g.agent("push", r.load.process, nil); err != nil {
		r.t.Fatal(err)
	}
}

// finish ends the load, then the gateway.
func (r *row) finish(g *gateway) {
	r.t.Helper()
	r.stopLoad()
	r.load.workers.Wait()
	g.stop(r.t)
}

// awaitNoConnections fails the row if the gateway's connections stay.
func (r *row) awaitNoConnections(node *rabbit.Node) {
	r.t.Helper()
	if _, err := node.AwaitConnections(soon(r.t), func(c []rabbit.Connection) bool { return len(c) == 0 }); err != nil {
		r.t.Error("connections are left over:", err)
	}
}

// awaitDefinitions waits until the load's queues are on the broker's disk: they are
// not yet when it answers their first declaration.
func (r *row) awaitDefinitions(node *rabbit.Node) {
	r.t.Helper()
	for _, queue := range []string{"get", "push"} {
		if _, err := node.AwaitQueue(soon(r.t), queue, func(q rabbit.QueueInfo) bool { return q.Exists && q.Consumers > 0 }); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := node.SyncDefinitions(soon(r.t)); err != nil {
		r.t.Fatal(err)
	}
}

func TestBrokerKilled(t *testing.T) {
	r := newRow(t, "broker SIGKILL and restart; publishers, consumers, agent")
	node := rabbit.Private(t)
	g := newGateway(t, r.log, node.URL())
	r.allThree(g)
	r.awaitDefinitions(node)
	var slowest time.Duration
	kills := 0
	for ends := r.duration(); ends.Err() == nil; kills++ {
		r.awaitConfirm()
		pause(ends, r.between(300*time.Millisecond, 3*time.Second))
		if err := node.Kill(); err != nil {
			t.Fatal(err)
		}
		pause(ends, r.between(0, 2*time.Second))
		if err := node.Restart(soon(t)); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, r.awaitConfirm())
	}
	r.finish(g)
	r.awaitNoConnections(node)
	r.note("%d kills; publishing again at most %s after the port was open", kills, slowest.Round(time.Millisecond))
	if slowest > 2*time.Second {
		t.Errorf("publishing again only after %s", slowest)
	}
	r.balance(node.URL(), "get", "push")
}

func TestConnectionsClosed(t *testing.T) {
	r := newRow(t, "all connections closed ten times a second; publishers, consumers, agent")
	node := rabbit.Private(t)
	g := newGateway(t, r.log, node.URL())
	r.allThree(g)
	closings := 0
	for ends := r.duration(); ends.Err() == nil; closings++ {
		pause(ends, 100*time.Millisecond)
		if err := node.CloseConnections(soon(t), "soak"); err != nil {
			t.Fatal(err)
		}
	}
	again := r.awaitConfirm()
	r.finish(g)
	r.awaitNoConnections(node)
	r.note("%d times; publishing again %s after the last; no connection or goroutine left", closings, again.Round(time.Millisecond))
	r.balance(node.URL(), "get", "push")
}

func TestMemoryAlarm(t *testing.T) {
	r := newRow(t, "memory alarm, then lifted; publishers and consumers")
	node := rabbit.Private(t)
	g := newGateway(t, r.log, node.URL())
	publisher := g.producer("get", nil)
	r.load.publish(r.loading, 8, publisher)
	r.awaitConfirm()
	alarms := 0
	consuming, stopConsuming := context.WithCancel(r.loading)
	defer stopConsuming()
	for ends := r.duration(); ends.Err() == nil; alarms++ {
		if err := node.SetMemoryAlarm(soon(t), true); err != nil {
			t.Fatal(err)
		}
		r.awaitAnswer("publish", 503)
		start := time.Now()
		if _, status := r.load.call("refused", publisher, nil); status != 503 || time.Since(start) > 200*time.Millisecond {
			t.Errorf("blocked: answered %d after %s", status, time.Since(start))
		}
		if alarms == 0 {
			r.load.consume(consuming, 4, g.consumer("get", nil))
		}
		r.awaitAnswer("consume", 200)
		pause(ends, r.between(100*time.Millisecond, time.Second))
		if err := node.SetMemoryAlarm(soon(t), false); err != nil {
			t.Fatal(err)
		}
		r.awaitConfirm()
		pause(ends, r.between(100*time.Millisecond, time.Second))
	}
	r.finish(g)
	r.note("%d alarms; 503 at once, consumers went on", alarms)
	r.balance(node.URL(), "get")
}

// awaitAnswer returns when one more request of that kind got that status.
func (r *row) awaitAnswer(kind string, status int) {
	r.t.Helper()
	ctx, before := soon(r.t), r.books.count(kind, status)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for r.books.count(kind, status) == before {
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("no %s is answered %d: %s; the last refusal: %v", kind, status, r.books.summary(), r.books.refusal())
		}
	}
}

func TestTopologyBroken(t *testing.T) {
	r := newRow(t, "exchange deleted, empty queue deleted, policy changed; publishers, consumers, bystanders")
	node := rabbit.Private(t)
	g := newGateway(t, r.log, node.URL())
	r.load.publish(r.loading, 8, g.producer("get", nil))
	r.load.consume(r.loading, 4, g.consumer("get", nil))
	bystanders := &load{books: newBooks()}
	bystanders.publish(r.loading, 4, g.producer("other", nil))
	ch := rabbit.Channel(t, node.URL())
	breaks := 0
	for ends := r.duration(); ends.Err() == nil; breaks++ {
		r.awaitConfirm()
		pause(ends, r.between(20*time.Millisecond, 300*time.Millisecond))
		var err error
		switch r.random.IntN(3) {
		case 0:
			err = ch.ExchangeDelete("get", false, false)
		case 1:
			err = r.deleteQueue(node, ch, "get")
		case 2:
			_, err = node.Ctl(soon(t), "set_policy", "soak", "^get$", `{"max-length":100000}`)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.awaitConfirm()
	r.stopLoad()
	bystanders.workers.Wait()
	r.finish(g)
	for _, status := range []int{503, 504, 500} {
		if n := bystanders.books.count("publish", status); n > 0 {
			t.Errorf("%d bystanders were answered %d", n, status)
		}
	}
	r.note("%d times; %d publishes of bystanders on the same connection, none failed", breaks, bystanders.books.confirms())
	r.balance(node.URL(), "get")
}

// deleteQueue deletes a queue under its consumers while it is empty and no publish is
// under way: the broker confirms what it drops with a queue that is deleted.
func (r *row) deleteQueue(node *rabbit.Node, ch *amqp.Channel, queue string) error {
	r.load.publishing.Lock()
	defer r.load.publishing.Unlock()
	if _, err := node.AwaitQueue(soon(r.t), queue, func(q rabbit.QueueInfo) bool { return q.Messages == 0 }); err != nil {
		return err
	}
	_, err := ch.QueueDelete(queue, false, true, false)
	return err
}

func TestQueueFull(t *testing.T) {
	r := newRow(t, "queue full, overflow reject-publish; publishers")
	node := rabbit.Private(t)
	ch := rabbit.Channel(t, node.URL())
	if _, err := ch.QueueDeclare("full", true, false, false, false, amqp.Table{"x-max-length": 100, "x-overflow": "reject-publish"}); err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, r.log, node.URL())
	if err := ch.ExchangeDeclare("full", "topic", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind("full", "key", "full", false, nil); err != nil {
		t.Fatal(err)
	}
	// The queue has arguments that the block cannot name, so the block has no queue.
	producer := g.block("full", map[string]any{"name": "", "routing_key": "key"})
	r.load.publish(r.loading, 8, g.producerOn("full", "", producer))
	<-r.duration().Done()
	r.finish(g)
	refused := r.books.count("publish", 503)
	if refused == 0 {
		t.Error("nothing was refused")
	}
	r.note("%d answered 503", refused)
	if b := r.balance(node.URL(), "full"); b.left != b.confirmed {
		t.Errorf("%d confirmed, %d in the queue", b.confirmed, b.left)
	}
}
