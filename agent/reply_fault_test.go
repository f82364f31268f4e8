package agent

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// RabbitMQ 3.10 closes the connection over which an agent replies to an address that is
// none. All who reply over it then try again, and only that reply is dropped.
func TestReply_AForgedAddressTakesNobodyElsesReply(t *testing.T) {
	var runs atomic.Int64
	backends := func(context.Context, *proxy.Request) (*proxy.Response, error) {
		runs.Add(1)
		return &proxy.Response{}, nil
	}
	host := rabbit.Shared(t).URL() + "?connection_timeout=23456"
	r := start(t, rabbit.Shared(t), backends, func(a *config.AsyncAgent, keys map[string]any) {
		a.Consumer.Workers, keys["prefetch_count"] = 16, 100.0
		keys["reply"], keys["host"] = true, host
	})
	c := newAsker(t, r)
	const calls = 200
	wantDirect := directly(t, r, calls)
	for i := range calls {
		if i%100 == 50 {
			c.ask(r, amqp.Publishing{ReplyTo: "amq.rabbitmq.reply-to.garbage.a"})
		}
		c.ask(r, amqp.Publishing{ReplyTo: c.queue, CorrelationId: fmt.Sprint("queue ", i)})
	}
	wantMore := directly(t, r, calls)
	wantDirect()
	wantAnswers(t, c.replies, calls)
	wantMore()
	r.wantEmpty()
	if runs.Load() != 3*calls+2 {
		t.Errorf("the backends answered %d times", runs.Load())
	}
	if len(r.log.Matching("ERROR [ASYNC: under-test][AMQP] reply to \"amq.rabbitmq.reply-to.garbage.a\" dropped")) == 0 {
		t.Error("a dropped reply was not logged")
	}
}

// A queue that is full refuses replies (basic.nack) until there is room: the replies are
// repeated, and not the backends.
func TestReply_AcksAfterTheBrokerHasTheReply(t *testing.T) {
	var runs atomic.Int64
	backends := func(context.Context, *proxy.Request) (*proxy.Response, error) {
		runs.Add(1)
		return &proxy.Response{}, nil
	}
	r := start(t, rabbit.Shared(t), backends, replying(nil))
	c := newAsker(t, r)
	full := c.full(r, 1)
	for range 3 { // one more than its length fits
		c.ask(r, amqp.Publishing{ReplyTo: full})
	}
	r.log.Await(t, "DEBUG", `reply to "`+full+`" not sent`, "basic.nack")
	late := soon(t)
	for replies := 0; replies < 3; {
		_, ok, err := c.ch.Get(full, true)
		if err != nil || late.Err() != nil {
			t.Fatalf("%d of 3 replies: %v", replies, err)
		}
		if ok {
			replies++
		}
	}
	r.wantEmpty()
	if runs.Load() != 3 {
		t.Errorf("the backends answered %d times", runs.Load())
	}
}

// full declares a queue for replies that refuses more than a length.
func (c *asker) full(r *running, length int) string {
	c.t.Helper()
	name := r.queue + "-full"
	if _, err := c.ch.QueueDeclare(name, false, false, true, false, amqp.Table{"x-max-length": length, "x-overflow": "reject-publish"}); err != nil {
		c.t.Fatal(err)
	}
	return name
}

func TestReply_ThatCannotBeSentIsAFailedAttempt(t *testing.T) {
	for _, tc := range []struct {
		retry any
		log   []string
		runs  int64
	}{
		{map[string]any{"max_attempts": 2.0, "max_delay": "50ms", "dead_letter": "dead"}, []string{"ERROR", `message moved to queue "dead" after 2 attempts: reply to`, "basic.nack"}, 2},
		{nil, []string{"ERROR", "message goes back to the queue in", "reply to", "basic.nack"}, 1},
	} {
		var runs atomic.Int64
		backends := func(context.Context, *proxy.Request) (*proxy.Response, error) {
			runs.Add(1)
			return &proxy.Response{}, nil
		}
		keys := map[string]any{}
		if tc.retry != nil {
			keys["retry"] = tc.retry
		}
		r := start(t, rabbit.Shared(t), backends, replying(keys), func(a *agent) { a.replier.patience = 200 * time.Millisecond })
		c := newAsker(t, r)
		c.ask(r, amqp.Publishing{ReplyTo: c.full(r, 0)})
		r.log.Await(t, tc.log...)
		if runs.Load() != tc.runs {
			t.Errorf("%v: the backends answered %d times", tc.retry, runs.Load())
		}
	}
}

func TestReply_WaitsForABrokerThatBlocksPublishers(t *testing.T) {
	node := rabbit.Private(t)
	asked, release := make(chan string, 10), map[string]chan struct{}{"1": make(chan struct{}), "2": make(chan struct{}), "last": make(chan struct{})}
	backends := func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		body := bodyOf(r)
		asked <- body
		<-release[body]
		return &proxy.Response{}, nil
	}
	r := start(t, node, backends, func(a *config.AsyncAgent, keys map[string]any) { a.Consumer.Workers, keys["reply"] = 2, true })
	c := newAsker(t, r)
	for _, body := range []string{"1", "2"} {
		c.ask(r, amqp.Publishing{ReplyTo: c.queue, CorrelationId: body, Body: []byte(body)})
		<-asked
	}
	if err := node.SetMemoryAlarm(soon(t), true); err != nil {
		t.Fatal(err)
	}
	close(release["1"]) // it is sent, and confirmed when the alarm is over
	r.log.Await(t, "WARNING [SERVICE: AMQP][publishing]", "blocks publishers")
	close(release["2"]) // it is not sent before that
	if err := node.SetMemoryAlarm(soon(t), false); err != nil {
		t.Fatal(err)
	}
	close(release["last"])
	for range 2 {
		c.reply()
	}
	c.ask(r, amqp.Publishing{ReplyTo: c.queue, CorrelationId: "last", Body: []byte("last")})
	if d := c.reply(); d.CorrelationId != "last" {
		t.Errorf("one more reply to %q", d.CorrelationId)
	}
	r.wantEmpty()
	if len(asked) != 1 {
		t.Error("the backends answered once more")
	}
}

func TestReply_WhatDoesNotFitInAFrameIsDropped(t *testing.T) {
	var runs atomic.Int64
	backends := func(context.Context, *proxy.Request) (*proxy.Response, error) {
		runs.Add(1)
		return &proxy.Response{}, nil
	}
	var replier *replier
	r := start(t, rabbit.Shared(t), backends, replying(nil), func(a *agent) { replier = a.replier })
	c := newAsker(t, r)
	for _, call := range []any{strings.Repeat("x", 130_900), strings.Repeat("x", 256), int64(1), []any{"x"}} {
		c.ask(r, amqp.Publishing{ReplyTo: c.queue, Headers: amqp.Table{"x-lura-amqp-call": call}})
		if d := c.reply(); d.Headers["x-lura-amqp-call"] != nil {
			t.Errorf("%T came back", call)
		}
	}
	r.wantEmpty()
	if runs.Load() != 4 {
		t.Errorf("the backends answered %d times", runs.Load())
	}
	if err := replier.reply(soon(t), &amqp.Delivery{ReplyTo: c.queue}, answer{contentType: strings.Repeat("x", 131_072)}); err != nil {
		t.Error(err)
	}
	r.log.Await(t, "ERROR", `reply to "`+c.queue+`" dropped`, "frame_max")
}
