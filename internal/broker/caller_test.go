package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/logging"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func callerOn(t testing.TB, hosts Hosts, q ReplyQueue, log logging.Logger) *Caller {
	t.Helper()
	return NewCaller(t.Context(), hosts, q, PublisherOptions{Confirm: true, Logger: log, Prefix: "[TEST]"})
}

// serve is a plain server on a queue with the test's name: it sends what reply makes of a
// request to its reply_to, with its correlation id and nothing else. Those of nil are not
// answered.
func serve(t testing.TB, node *rabbit.Node, reply func(amqp.Delivery) []amqp.Publishing) {
	t.Helper()
	serveOn(t, channelOn(t, node), reply)
}

func serveOn(t testing.TB, ch *amqp.Channel, reply func(amqp.Delivery) []amqp.Publishing) {
	t.Helper()
	if _, err := ch.QueueDeclare(nameOf(t), false, true, true, false, amqp.Table{"x-queue-type": "classic"}); err != nil {
		t.Fatal(err)
	}
	requests, err := ch.Consume(nameOf(t), "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for d := range requests {
			for _, p := range reply(d) {
				_ = ch.Publish("", d.ReplyTo, false, false, p)
			}
		}
	}()
}

func echo(d amqp.Delivery) []amqp.Publishing {
	return []amqp.Publishing{{CorrelationId: d.CorrelationId, Body: append([]byte("re: "), d.Body...)}}
}

// request is a call to the server of the test.
func requestFor(t testing.TB, body string) Message {
	m := message(nameOf(t), body)
	m.Mandatory = true
	return m
}

func (c *calls) wantNone(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting)+len(c.named) > 0 {
		t.Errorf("calls are left: %v %v", c.waiting, c.named)
	}
}

func TestCall_EachOfManyGetsItsOwnReplyThroughOneConsumer(t *testing.T) {
	for _, q := range []ReplyQueue{Direct, Exclusive, "replies"} {
		t.Run(string("queue "+q), func(t *testing.T) {
			node := rabbit.Shared(t)
			serve(t, node, echo)
			hosts := hostsOf(t, node)
			if q == "replies" {
				q = ReplyQueue("replies-" + nameOf(t))
			}
			callers := []*Caller{callerOn(t, hosts, q, logtest.New(t)), callerOn(t, hosts, q, logtest.New(t))}
			ctx := soon(t)
			var wg sync.WaitGroup
			for i := range 2000 {
				wg.Go(func() {
					body := fmt.Sprint("request ", i)
					reply, err := callers[i%2].Call(ctx, requestFor(t, body))
					if err != nil || string(reply.Body) != "re: "+body {
						t.Errorf("%s: %v %v", body, reply, err)
					}
				})
			}
			wg.Wait()
			connection := callers[0].connection
			connection.calls.wantNone(t)
			s := connection.session.Load()
			if len(s.replies.all) != 1 || s.replies.all[q].count != 0 {
				t.Errorf("%d reply consumers: %v", len(s.replies.all), s.replies.all)
			}
			if dropped := connection.Status().RepliesDropped; dropped != 0 {
				t.Errorf("%d replies were dropped", dropped)
			}
		})
	}
}

func TestCall_LateUnknownAndDuplicateRepliesAreCountedAndDropped(t *testing.T) {
	node := rabbit.Shared(t)
	held := make(chan amqp.Publishing, 1)
	serve(t, node, func(d amqp.Delivery) []amqp.Publishing {
		re := echo(d)
		switch string(d.Body) {
		case "late":
			held <- re[0]
			return nil
		case "unknown":
			return append([]amqp.Publishing{{CorrelationId: "nobody's"}, {}, {Headers: amqp.Table{CallHeader: "nobody's"}, CorrelationId: d.CorrelationId}}, re...)
		case "twice":
			return append(re, <-held, re[0])
		}
		return re
	})
	c := callerOn(t, hostsOf(t, node), Direct, logtest.New(t))
	hurried, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.Call(hurried, requestFor(t, "late")); !errors.Is(err, ErrUnanswered) {
		t.Errorf("late: %v", err)
	}
	for _, body := range []string{"unknown", "twice", "last"} {
		reply, err := c.Call(soon(t), requestFor(t, body))
		if err != nil || string(reply.Body) != "re: "+body {
			t.Errorf("%s: %v %v", body, reply, err)
		}
	}
	if got := c.connection.Status().RepliesDropped; got != 3+2 {
		t.Errorf("%d replies were dropped, not 5", got)
	}
	c.connection.calls.wantNone(t)
}

func TestCall_TheCallersOwnCorrelationIDsMayBeTheSame(t *testing.T) {
	node := rabbit.Shared(t)
	held := make(chan amqp.Delivery, 2)
	serve(t, node, func(d amqp.Delivery) []amqp.Publishing {
		if d.CorrelationId != "mine" || d.Headers[CallHeader] == nil {
			t.Errorf("the server gets %q %v", d.CorrelationId, d.Headers)
		}
		held <- d
		if len(held) < cap(held) {
			return nil
		}
		return []amqp.Publishing{ // both go to the same address; the last one first
			{CorrelationId: "mine", Headers: amqp.Table{CallHeader: d.Headers[CallHeader]}, Body: d.Body},
			func(d amqp.Delivery) amqp.Publishing {
				return amqp.Publishing{CorrelationId: "mine", Headers: amqp.Table{CallHeader: d.Headers[CallHeader]}, Body: d.Body}
			}(<-held),
		}
	})
	c := callerOn(t, hostsOf(t, node), Direct, logtest.New(t))
	var wg sync.WaitGroup
	for _, body := range []string{"a", "b"} {
		wg.Go(func() {
			m := requestFor(t, body)
			m.CorrelationId = "mine"
			reply, err := c.Call(soon(t), m)
			if err != nil || string(reply.Body) != body || reply.CorrelationId != "mine" {
				t.Errorf("%s: %v %v", body, reply, err)
			}
		})
	}
	wg.Wait()
	c.connection.calls.wantNone(t)
}

func TestCalls_AReplyWithoutTheHeaderIsForTheOnlyCallerOfThatID(t *testing.T) {
	c := newCalls()
	one := c.add("mine")
	c.answer(amqp.Delivery{CorrelationId: "mine", Body: []byte("1")})
	<-one.answered
	a, b := c.add("same"), c.add("same")
	c.answer(amqp.Delivery{CorrelationId: "same"})
	c.remove(a)
	c.answer(amqp.Delivery{CorrelationId: "same", Body: []byte("b")})
	<-b.answered
	select {
	case <-a.answered:
		t.Error("a reply that may have been for two went to one")
	default:
	}
	if string(one.reply.Body)+string(b.reply.Body) != "1b" || c.dropped.Load() != 1 {
		t.Errorf("%s %s, %d dropped", one.reply.Body, b.reply.Body, c.dropped.Load())
	}
	c.remove(one)
	c.remove(b)
	c.wantNone(t)
}

func TestCall_NobodyListens(t *testing.T) {
	node := rabbit.Shared(t)
	c := callerOn(t, hostsOf(t, node), Direct, logtest.New(t))
	var returned *ReturnedError
	if _, err := c.Call(soon(t), requestFor(t, "")); !errors.As(err, &returned) || returned.RoutingKey != nameOf(t) {
		t.Errorf("got %v", err)
	}
	c.connection.calls.wantNone(t)
}

func TestCall_ConnectionLostWhileWaiting(t *testing.T) {
	for _, q := range []ReplyQueue{Direct, Exclusive} {
		t.Run(string("queue "+q), func(t *testing.T) {
			node := rabbit.Shared(t)
			asked := make(chan struct{})
			serve(t, node, func(d amqp.Delivery) []amqp.Publishing {
				if string(d.Body) == "wait" {
					close(asked)
					return nil
				}
				return echo(d)
			})
			c := callerOn(t, hostsOf(t, node), q, logtest.New(t))
			failed := make(chan error, 1)
			go func() {
				_, err := c.Call(soon(t), requestFor(t, "wait"))
				failed <- err
			}()
			<-asked
			_ = c.connection.session.Load().outbox.Conn.Close()
			var lost *LostError
			if err := <-failed; !errors.As(err, &lost) {
				t.Errorf("got %v", err)
			}
			if reply, err := c.Call(soon(t), requestFor(t, "again")); err != nil || string(reply.Body) != "re: again" {
				t.Errorf("on the next connection: %v %v", reply, err)
			}
			c.connection.calls.wantNone(t)
		})
	}
}

// Or a server would work for a reply that nobody gets.
func TestCall_IsNotPublishedOnceItsReplyCouldNotCome(t *testing.T) {
	node := rabbit.Shared(t)
	served := make(chan string, 2)
	serve(t, node, func(d amqp.Delivery) []amqp.Publishing {
		served <- string(d.Body)
		return echo(d)
	})
	c := callerOn(t, hostsOf(t, node), Direct, logtest.New(t))
	ended, err := c.replies(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	_ = ended.session.outbox.Conn.Close()
	<-ended.over
	if _, err := c.call(soon(t), requestFor(t, "useless"), ended); !errors.Is(err, errUnsent) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Call(soon(t), requestFor(t, "again")); err != nil {
		t.Error(err)
	}
	if body := <-served; body != "again" {
		t.Errorf("the server got %q", body)
	}
}

func TestCall_WhileTheBrokerBlocksPublishers(t *testing.T) {
	node := rabbit.Private(t)
	serve(t, node, echo)
	log := logtest.New(t)
	c := callerOn(t, hostsOf(t, node), Direct, log)
	call := func(ctx context.Context) error {
		_, err := c.Call(ctx, requestFor(t, ""))
		return err
	}
	if err := call(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := node.SetMemoryAlarm(soon(t), true); err != nil {
		t.Fatal(err)
	}
	asked, gone := context.WithCancel(context.Background())
	first := make(chan error, 1)
	go func() { first <- call(asked) }() // the broker takes it, and says then that it blocks
	log.Await(t, "WARNING", "blocks publishers")
	if err := call(soon(t)); !errors.Is(err, ErrBlocked) {
		t.Errorf("got %v", err)
	}
	gone()
	if err := <-first; !errors.Is(err, ErrUnanswered) && !errors.Is(err, ErrBlocked) {
		t.Errorf("the first: %v", err)
	}
	if err := node.SetMemoryAlarm(soon(t), false); err != nil {
		t.Fatal(err)
	}
	log.Await(t, "INFO", "takes publishings again")
	if err := call(soon(t)); err != nil {
		t.Error(err)
	}
	c.connection.calls.wantNone(t)
}

func TestCall_WithoutConfirmsIsAnsweredOrLate(t *testing.T) {
	node := rabbit.Shared(t)
	serve(t, node, echo)
	c := NewCaller(t.Context(), hostsOf(t, node), Direct, PublisherOptions{Logger: logtest.New(t), Prefix: "[TEST]"})
	m := requestFor(t, "x")
	m.Mandatory = false
	if reply, err := c.Call(soon(t), m); err != nil || string(reply.Body) != "re: x" {
		t.Errorf("%v %v", reply, err)
	}
	m.RoutingKey = "nobody listens"
	hurried, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := c.Call(hurried, m); !errors.Is(err, ErrUnanswered) {
		t.Errorf("got %v", err)
	}
	c.connection.calls.wantNone(t)
}
