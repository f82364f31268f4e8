package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// asker is a plain RPC client: an exclusive queue, and a correlation id for each call.
type asker struct {
	t       *testing.T
	ch      *amqp.Channel
	queue   string
	replies <-chan amqp.Delivery
}

func newAsker(t *testing.T, r *running) *asker {
	t.Helper()
	if _, err := r.AwaitQueue(soon(t), r.queue, func(q rabbit.QueueInfo) bool { return q.Exists }); err != nil {
		t.Fatal(err)
	}
	ch := rabbit.Channel(t, r.URL())
	q, err := ch.QueueDeclare("", false, false, true, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	replies, err := ch.Consume(q.Name, "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &asker{t, ch, q.Name, replies}
}

func (c *asker) ask(r *running, p amqp.Publishing) {
	c.t.Helper()
	if err := c.ch.Publish("", r.queue, false, false, p); err != nil {
		c.t.Fatal(err)
	}
}

func (c *asker) reply() amqp.Delivery {
	c.t.Helper()
	select {
	case d := <-c.replies:
		return d
	case <-soon(c.t).Done():
		c.t.Fatal("no reply")
		return amqp.Delivery{}
	}
}

func replying(more map[string]any) func(*config.AsyncAgent, map[string]any) {
	return func(_ *config.AsyncAgent, keys map[string]any) {
		keys["reply"] = true
		for k, v := range more {
			keys[k] = v
		}
	}
}

func (r *running) wantEmpty() {
	r.t.Helper()
	if _, err := r.AwaitQueue(soon(r.t), r.queue, func(q rabbit.QueueInfo) bool { return q.Messages == 0 }); err != nil {
		r.t.Error(err)
	}
}

func TestReply_APlainClientGetsWhatTheBackendsAnswer(t *testing.T) {
	backends := func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		body, _ := io.ReadAll(r.Body)
		switch string(body) {
		case "data":
			return &proxy.Response{Data: map[string]any{"n": 1}, IsComplete: true}, nil
		case "nothing":
			return nil, nil
		case "raw":
			return &proxy.Response{Io: strings.NewReader("1,2"), Metadata: proxy.Metadata{StatusCode: 201, Headers: map[string][]string{
				"Content-Type": {"text/csv"}, "Content-Encoding": {"gzip"}, "X-Tag": {"a", "b"}, "Content-Length": {"3"}, "Connection": {"close"},
			}}}, nil
		case "huge headers":
			return &proxy.Response{Io: strings.NewReader("x"), Metadata: proxy.Metadata{StatusCode: 200, Headers: map[string][]string{"X-Huge": {strings.Repeat("x", 200_000)}}}}, nil
		case "no-op 999":
			return &proxy.Response{Io: strings.NewReader("no such status"), Metadata: proxy.Metadata{StatusCode: 999}}, nil
		case "error 999":
			return nil, statusError(999)
		case "one of several late":
			return nil, merged{errors.New("connection refused"), context.DeadlineExceeded}
		case "no-op 404":
			return &proxy.Response{Io: strings.NewReader("no such thing"), Metadata: proxy.Metadata{StatusCode: 404}}, nil
		case "error 409":
			return nil, statusError(409)
		case "error":
			return nil, errors.New("connection refused")
		case "late":
			return nil, context.DeadlineExceeded
		}
		panic("boom")
	}
	r := start(t, rabbit.Shared(t), backends, replying(nil))
	c := newAsker(t, r)
	for _, tc := range []struct {
		request, body, contentType string
		status                     int64
	}{
		{"data", `{"n":1}`, "application/json", 200},
		{"nothing", "", "", 200},
		{"raw", "1,2", "text/csv", 201},
		{"huge headers", "x", "", 200},
		{"no-op 404", "no such thing", "", 404},
		{"error 409", "", "", 409},
		{"error", "", "", 502},
		{"late", "", "", 504},
		{"one of several late", "", "", 504},
		{"no-op 999", "no such status", "", 502},
		{"error 999", "", "", 502},
		{"panic", "", "", 502},
	} {
		c.ask(r, amqp.Publishing{ReplyTo: c.queue, CorrelationId: tc.request, Headers: amqp.Table{"x-lura-amqp-call": "c-1"}, Body: []byte(tc.request)})
		d := c.reply()
		if string(d.Body) != tc.body || d.ContentType != tc.contentType || d.Headers["status"] != tc.status || d.CorrelationId != tc.request || d.Headers["x-lura-amqp-call"] != "c-1" {
			t.Errorf("%s: %q %+v", tc.request, d.Body, d)
		}
		if tags, _ := d.Headers["X-Tag"].([]any); tc.request == "raw" && (len(tags) != 2 || d.ContentEncoding != "gzip" || d.Headers["Content-Encoding"] != nil || d.Headers["Connection"] != nil || d.Headers["Content-Length"] != nil) {
			t.Errorf("headers %v", d.Headers)
		}
	}
	r.wantEmpty()
}

func TestReply_FailuresAreRetriedFirst(t *testing.T) {
	var tries int
	backends := func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		body, _ := io.ReadAll(r.Body)
		if tries++; string(body) == "heals" && tries > 1 {
			return &proxy.Response{Data: map[string]any{"tries": tries}}, nil
		}
		return nil, statusError(http.StatusServiceUnavailable)
	}
	r := start(t, rabbit.Shared(t), backends, replying(map[string]any{"retry": map[string]any{"max_attempts": 2.0, "max_delay": "50ms"}}))
	c := newAsker(t, r)
	c.ask(r, amqp.Publishing{ReplyTo: c.queue, CorrelationId: "1", Body: []byte("heals")})
	if d := c.reply(); string(d.Body) != `{"tries":2}` || d.CorrelationId != "1" {
		t.Errorf("%q %+v", d.Body, d)
	}
	c.ask(r, amqp.Publishing{ReplyTo: c.queue, CorrelationId: "2", Body: []byte("fails")})
	if d := c.reply(); d.Headers["status"] != int64(503) || d.CorrelationId != "2" || tries != 4 {
		t.Errorf("after %d tries: %+v", tries, d)
	}
	r.wantEmpty()
}

func TestReply_AFailureWithoutRetryIsLoggedAndDiscardedWhereTheBlockSaysSo(t *testing.T) {
	backends := func(context.Context, *proxy.Request) (*proxy.Response, error) { return nil, statusError(409) }
	for _, tc := range []struct {
		keys   map[string]any
		full   bool // the queue for the reply
		log    string
		letter bool // it is dead-lettered
	}{
		{nil, false, "message failed, and its caller has the status 409: status 409", false},
		{map[string]any{"nack_discard": true}, false, "message discarded: status 409", true},
		{map[string]any{"discard_on": []any{409.0}}, false, "message discarded: status 409", true},
		{map[string]any{"auto_ack": true}, false, "message discarded: status 409", false},
		{map[string]any{"auto_ack": true}, true, "message discarded: reply to", false},
	} {
		dead := fmt.Sprint(t.Name(), "-dead-", queues.Add(1))
		ch := rabbit.Channel(t, rabbit.Shared(t).URL())
		if _, err := ch.QueueDeclare(dead, false, false, true, false, nil); err != nil {
			t.Fatal(err)
		}
		r := start(t, rabbit.Shared(t), backends, func(a *config.AsyncAgent, keys map[string]any) {
			replying(tc.keys)(a, keys)
			keys["dead_letter_routing_key"] = dead
		}, func(a *agent) { a.replier.patience = 200 * time.Millisecond })
		c := newAsker(t, r)
		if tc.full {
			c.ask(r, amqp.Publishing{ReplyTo: c.full(r, 0)})
		} else {
			c.ask(r, amqp.Publishing{ReplyTo: c.queue})
			if d := c.reply(); d.Headers["status"] != int64(409) {
				t.Errorf("%v: %+v", tc.keys, d)
			}
		}
		r.log.Await(t, "ERROR", tc.log)
		r.stop()
		r.wantEmpty()
		left, err := r.AwaitQueue(soon(t), dead, func(q rabbit.QueueInfo) bool { return (q.Messages > 0) == tc.letter })
		if err != nil {
			t.Errorf("%v: dead letters %+v %v", tc.keys, left, err)
		}
		if lines := r.log.Matching("goes back to the queue"); len(lines) > 0 {
			t.Errorf("%v: %v", tc.keys, lines)
		}
	}
}

// Nobody's reply keeps a message in the queue: a caller that has gone, a name that the
// broker breaks on, or none at all.
func TestReply_ToNobody(t *testing.T) {
	done := make(chan string, 10)
	backends := func(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
		body, _ := io.ReadAll(r.Body)
		done <- string(body)
		return &proxy.Response{}, nil
	}
	r := start(t, rabbit.Shared(t), backends, replying(map[string]any{"host": rabbit.Shared(t).URL() + "?connection_timeout=12345"}))
	c := newAsker(t, r)
	for _, name := range []string{"gone", "", "amq.rabbitmq.reply-to.garbage.a", "amq.rabbitmq.reply-to.g1h2AAdyZXBseUAwAAAGQAAAAABrAYz9.a"} {
		c.ask(r, amqp.Publishing{ReplyTo: name, Body: []byte(name)})
		for got := "?"; got != name; {
			select {
			case got = <-done:
			case <-soon(t).Done():
				t.Fatalf("%q was not processed", name)
			}
		}
	}
	r.wantEmpty()
	c.ask(r, amqp.Publishing{ReplyTo: c.queue})
	if d := c.reply(); d.Headers["status"] != int64(200) {
		t.Errorf("%+v", d)
	}
}

// directly asks n times over direct reply-to and returns how often each was answered.
func directly(t *testing.T, r *running, n int) func() {
	t.Helper()
	ch := rabbit.Channel(t, r.URL())
	replies, err := ch.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := ch.Publish("", r.queue, false, false, amqp.Publishing{ReplyTo: "amq.rabbitmq.reply-to", CorrelationId: fmt.Sprint("direct ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	return func() { wantAnswers(t, replies, n) }
}

// wantAnswers waits until n calls were answered, by correlation id.
func wantAnswers(t *testing.T, replies <-chan amqp.Delivery, n int) {
	t.Helper()
	answered := map[string]bool{}
	for late := soon(t); len(answered) < n; {
		select {
		case d := <-replies:
			answered[d.CorrelationId] = true
		case <-late.Done():
			t.Fatalf("%d of %d calls were answered", len(answered), n)
		}
	}
}

func TestRead_AnswersThatDoNotFit(t *testing.T) {
	endless := io.LimitReader(zeroes{}, largestAnswer+1)
	if _, err := read(&proxy.Response{Io: endless}); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("got %v", err)
	}
	if _, err := read(&proxy.Response{Data: map[string]any{"s": strings.Repeat("x", largestAnswer)}}); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("data: %v", err)
	}
	if _, err := read(&proxy.Response{Data: map[string]any{"f": func() {}}}); err == nil {
		t.Error("data that is no JSON")
	}
	if a := failedAnswer(answer{status: 200}, errors.Join(errors.New("x"), context.DeadlineExceeded)); a.status != 504 {
		t.Errorf("%+v", a)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }
