package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// calls has two gateways speak HTTP to each other through the broker.
func calls(t *testing.T, calling string) {
	answering, err := os.ReadFile(filepath.Join(testdata, "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	gatewaysThatCall(t, calling, string(answering))
}

func answers(t *testing.T, answering string) {
	calling, err := os.ReadFile(filepath.Join(testdata, "calls.json"))
	if err != nil {
		t.Fatal(err)
	}
	gatewaysThatCall(t, string(calling), answering)
}

func gatewaysThatCall(t *testing.T, calling, answering string) {
	users := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		if string(body) == "nobody" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, "%s %s", r.Header.Get("Content-Type"), body)
	}))
	defer users.Close()
	_, url := vhost(t)
	back := start(t, strings.ReplaceAll(answering, "http://localhost:8081", users.URL), url)
	front := start(t, calling, url)

	a := front.want(200, "text/csv 1,2", "POST", "/users/7", "1,2", "Content-Type: text/csv", "X-Correlation-Id: mine")
	if a.header.Get("X-Correlation-Id") != "mine" || a.header.Get("Content-Type") != "text/plain" || len(a.header.Values("Set-Cookie")) != 2 {
		t.Errorf("%v", a.header)
	}
	front.want(404, " nobody", "POST", "/users/7", "nobody")
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			front.want(200, fmt.Sprintf(" %d", i), "POST", "/users/7", fmt.Sprint(i), "X-Correlation-Id: the-same")
		})
	}
	wg.Wait()

	front.want(404, "", "POST", "/fib/1", "{}")
	fibonacci(t, url)
	a = front.want(200, `{"fib":55}`, "POST", "/fib/call-1", "10")
	if a.header.Get("X-Amqp-Correlation-Id") != "call-1" {
		t.Errorf("%v", a.header)
	}
	a = front.want(422, "", "POST", "/fib/call-3", "-1")
	if a.header.Get("X-Amqp-Correlation-Id") != "call-3" {
		t.Errorf("%v", a.header)
	}
	front.want(504, "", "POST", "/fib/call-2", "sleep")

	back.stop()
	front.want(504, "", "POST", "/users/7", "x")
}

// fibonacci is a plain RPC server as RabbitMQ's sixth tutorial describes it: it sends the
// result to reply_to with the correlation id.
func fibonacci(t *testing.T, url string) {
	t.Helper()
	ch := rabbit.Channel(t, url)
	if _, err := ch.QueueDeclare("rpc_queue", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	requests, err := ch.Consume("rpc_queue", "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for d := range requests {
			var n int
			if _, err := fmt.Sscan(string(d.Body), &n); err != nil {
				continue // it never answers
			}
			var headers amqp.Table
			if n < 0 {
				headers = amqp.Table{"status": 422}
			}
			a, b := 0, 1
			for range max(n, 0) {
				a, b = b, a+b
			}
			_ = ch.Publish("", d.ReplyTo, false, false, amqp.Publishing{CorrelationId: d.CorrelationId, Headers: headers, Body: fmt.Appendf(nil, `{"fib":%d}`, a)})
			_ = d.Ack(false)
		}
	}()
}
