package broker

import (
	"errors"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestCall_AReplyQueueThatSomebodyElseConsumes(t *testing.T) {
	node := rabbit.Shared(t)
	serve(t, node, echo)
	name := "replies-" + nameOf(t)
	other := channelOn(t, node)
	if _, err := other.QueueDeclare(name, false, true, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Consume(name, "other", true, true, false, false, nil); err != nil {
		t.Fatal(err)
	}
	log := logtest.New(t)
	c := callerOn(t, hostsOf(t, node), ReplyQueue(name), log)
	var refused *DeclareError
	if _, err := c.Call(soon(t), requestFor(t, "")); !errors.As(err, &refused) || NeedsPerson(err) {
		t.Errorf("got %v", err)
	}
	log.Await(t, "WARNING [TEST]", "consume replies from queue \""+name+"\", which one gateway alone may consume")
	if _, err := other.QueuePurge(name, false); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := soon(t)
	for {
		reply, err := c.Call(ctx, requestFor(t, "now"))
		if err == nil && string(reply.Body) == "re: now" {
			return
		}
		if !errors.As(err, &refused) {
			t.Fatal(reply, err)
		}
	}
}

// In a virtual host whose queues are quorum queues unless they say otherwise.
func TestCall_AReplyQueueHasOneConsumerWhateverTheDefaultQueueType(t *testing.T) {
	node := rabbit.Shared(t)
	vhost := nameOf(t)
	for _, args := range [][]string{{"add_vhost", vhost, "--default-queue-type", "quorum"}, {"set_permissions", "-p", vhost, "guest", ".*", ".*", ".*"}} {
		if _, err := node.Ctl(soon(t), args...); err != nil {
			t.Fatal(err)
		}
	}
	url := node.URL() + vhost
	ch := rabbit.Channel(t, url)
	if _, err := ch.QueueDeclare("older", true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
		t.Fatal(err)
	}
	serveOn(t, ch, echo)
	for _, q := range []ReplyQueue{Exclusive, "replies", "older"} {
		log := logtest.New(t)
		first := callerOn(t, parsed(t, url+"?connection_timeout="+unique()), q, log)
		if reply, err := first.Call(soon(t), requestFor(t, "x")); err != nil || string(reply.Body) != "re: x" {
			t.Fatalf("%s: %v %v", q, reply, err)
		}
		if q == Exclusive {
			continue
		}
		second := callerOn(t, parsed(t, url+"?connection_timeout="+unique()), q, log)
		if _, err := second.Call(soon(t), requestFor(t, "y")); err == nil || NeedsPerson(err) {
			t.Errorf("%s: got %v", q, err)
		}
		log.Await(t, "WARNING [TEST]", "consume replies from queue \""+string(q)+"\", which one gateway alone may consume: it has 1 already")
	}
	_, err := ch.QueueDeclare("replies", true, false, false, false, amqp.Table{"x-queue-type": "classic", "x-expires": int64(1_800_000)})
	if err != nil {
		t.Error(err)
	}
}

func TestCall_DirectReplyToNeedsToWriteToTheDefaultExchange(t *testing.T) {
	node := rabbit.Shared(t)
	user := "reader-" + unique()
	if err := node.AddUser(soon(t), user, "secret", "/"); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Ctl(soon(t), "set_permissions", user, ".*", "^$", ".*"); err != nil {
		t.Fatal(err)
	}
	log := logtest.New(t)
	c := callerOn(t, parsed(t, strings.Replace(node.URL(), "guest:guest", user+":secret", 1)), Direct, log)
	var refused *DeclareError
	if _, err := c.Call(soon(t), requestFor(t, "")); !errors.As(err, &refused) || !NeedsPerson(err) {
		t.Errorf("got %v", err)
	}
	log.Await(t, "ERROR [TEST]", "consume replies", "ACCESS_REFUSED", "'amq.default'", "permissions on the broker")
}

func TestCall_AReplyQueueThatIsDeletedIsConsumedAnew(t *testing.T) {
	node := rabbit.Shared(t)
	serve(t, node, echo)
	name := "replies-" + nameOf(t)
	c := callerOn(t, hostsOf(t, node), ReplyQueue(name), logtest.New(t))
	if _, err := c.Call(soon(t), requestFor(t, "")); err != nil {
		t.Fatal(err)
	}
	first := c.connection.session.Load().replies.all[ReplyQueue(name)]
	if _, err := channelOn(t, node).QueueDelete(name, false, false, false); err != nil {
		t.Fatal(err)
	}
	<-first.over
	if reply, err := c.Call(soon(t), requestFor(t, "again")); err != nil || !strings.HasSuffix(string(reply.Body), "again") {
		t.Errorf("%v %v", reply, err)
	}
}
