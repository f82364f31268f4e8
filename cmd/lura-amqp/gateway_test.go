package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

const gatewayConfig = `{
  "version": 3, "port": %[1]s, "timeout": "5s",
  "endpoints": [
    {"endpoint": "/orders", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "%[4]s", "exchange": "%[4]s", "durable": true, "routing_key": "order"}}}]},
    {"endpoint": "/astray", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "", "exchange": "%[4]s", "durable": true, "mandatory": true, "routing_key": "nobody"}}}]},
    {"endpoint": "/jobs", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "jobs-%[4]s", "exchange": "", "durable": true, "routing_key": "jobs-%[4]s"}}}]},
    {"endpoint": "/jobs", "method": "GET", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/consumer": {"name": "jobs-%[4]s", "exchange": "", "durable": true, "routing_key": [], "mode": "pull"}}}]}
  ],
  "async_agent": [
    {"name": "%[4]s", "consumer": {"topic": "order", "workers": 2, "timeout": "60s"},
     "extra_config": {"async/amqp": {"host": "%[2]s", "name": "%[4]s", "exchange": "%[4]s", "durable": true}},
     "backend": [{"host": ["%[3]s"], "url_pattern": "/", "method": "POST"}]}
  ]
}`

// running is lura-amqp run with metrics, a broker of its own, and an agent's backend that
// keeps the message "hold" in hand until release, and refuses "refused" once.
type running struct {
	t             *testing.T
	node          *rabbit.Node
	name          string // of an exchange, its queue and the agent
	base, metrics string
	client        *http.Client
	release       func()
}

func start(t *testing.T) *running {
	t.Helper()
	r := &running{
		t: t, node: rabbit.Private(t), name: rand.Text(), base: "http://" + freeAddress(t), metrics: freeAddress(t),
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	backend := r.backend()
	file := filepath.Join(t.TempDir(), "krakend.json")
	_, port, _ := strings.Cut(r.base[len("http://"):], ":")
	text := fmt.Sprintf(gatewayConfig, port, r.node.URL(), backend.URL, r.name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		ended <- command(ctx, []string{"run", "-c", file, "--metrics", r.metrics}, io.Discard, &stderr)
	}()
	t.Cleanup(func() {
		r.release()
		cancel()
		if status := <-ended; status != succeeded {
			t.Errorf("status %d: %s", status, &stderr)
		}
		http.DefaultClient.CloseIdleConnections() // those of Lura's HTTP backends
	})
	r.await("the gateway serves", func() bool {
		response, err := r.client.Get(r.base + "/__health")
		return err == nil && response.Body.Close() == nil
	})
	return r
}

func (r *running) backend() *httptest.Server {
	held, refused := make(chan struct{}), make(chan struct{}, 1)
	refused <- struct{}{}
	r.release = func() {
		select {
		case <-held:
		default:
			close(held)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		switch string(body) {
		case `"hold"`:
			<-held
		case `"refused"`:
			select {
			case <-refused:
				w.WriteHeader(http.StatusServiceUnavailable)
			default:
			}
		}
		fmt.Fprint(w, "{}")
	}))
	r.t.Cleanup(server.Close)
	return server
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (r *running) await(what string, ok func() bool) {
	r.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	patience := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-patience:
			r.t.Fatalf("waited in vain until %s: %+v", what, amqp.Stats())
		}
	}
}

// want makes a request and checks the status.
func (r *running) want(status int, method, path, body string) {
	r.t.Helper()
	request, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != status {
		r.t.Errorf("%s %s: %d %s, want %d", method, path, response.StatusCode, text, status)
	}
}

// work has every kind of thing happen, and leaves one message in hand.
func (r *running) work() {
	r.t.Helper()
	for range 3 {
		r.want(202, "POST", "/orders", `"order"`)
	}
	r.want(202, "POST", "/orders", `"refused"`)
	r.want(404, "POST", "/astray", `"order"`)
	r.want(202, "POST", "/jobs", `"job"`)
	r.want(200, "GET", "/jobs", "")
	r.want(204, "GET", "/jobs", "")
	agent := func() amqp.Statistic { return amqp.Stats().Agents[r.name] }
	r.await("the agent has them all", func() bool { return agent().Consumed == 4 })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.node.CloseConnections(ctx, "test"); err != nil {
		r.t.Fatal(err)
	}
	r.await("the connections are up again", func() bool {
		up := 0
		for _, c := range append(agent().Connections, amqp.Stats().Endpoints["POST /orders"].Connections...) {
			if c.State == "up" && c.Reconnects == 1 {
				up++
			}
		}
		return up == 2
	})
	r.want(202, "POST", "/orders", `"hold"`)
	r.await("the agent has it in hand", func() bool { return agent().InFlight == 1 })
}

// block has the broker take no messages: it says so at the first, and the gateway refuses
// the others.
func (r *running) block() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.node.SetMemoryAlarm(ctx, true); err != nil {
		r.t.Fatal(err)
	}
	for range 3 {
		r.want(503, "POST", "/orders", `"order"`)
	}
}
