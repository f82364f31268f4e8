package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// process is the real gateway, bin/lura-amqp, as a process of its own.
type process struct {
	t      *testing.T
	base   string
	binary string
	file   string
	cmd    *exec.Cmd
	http   *http.Client
}

const processConfig = `{
  "version": 3, "port": %d, "timeout": "2s",
  "endpoints": [
    {"endpoint": "/get", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "get", "exchange": "get", "durable": true, "routing_key": "key"}}}]},
    {"endpoint": "/push", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "push", "exchange": "push", "durable": true, "routing_key": "key"}}}]},
    {"endpoint": "/get", "method": "GET", "output_encoding": "no-op", "backend": [{"host": ["%[2]s"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/consumer": {"name": "get", "exchange": "get", "durable": true, "routing_key": ["key"]}}}]}
  ],
  "async_agent": [
    {"name": "push", "consumer": {"topic": "key", "workers": 4, "timeout": "2s"},
     "extra_config": {"async/amqp": {"host": "%[2]s", "name": "push", "exchange": "push", "durable": true%[4]s}},
     "backend": [{"host": ["%[3]s"], "url_pattern": "/", "method": "POST"}]}
  ]
}`

// newProcess builds the gateway and writes its configuration; agentKeys are more keys of
// the agent's block.
func newProcess(t *testing.T, broker, backend, agentKeys string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	dir := t.TempDir()
	p := &process{
		t: t, base: fmt.Sprintf("http://localhost:%d", port),
		binary: filepath.Join(dir, "lura-amqp"), file: filepath.Join(dir, "krakend.json"),
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	build := exec.Command("go", "build", "-o", p.binary, ".")
	build.Dir = "../cmd/lura-amqp"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(p.file, fmt.Appendf(nil, processConfig, port, broker, backend, agentKeys), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(syscall.SIGKILL) })
	return p
}

// start starts the gateway and returns when it serves.
func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.binary, "run", "-c", p.file)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ctx := soon(p.t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if response, err := p.http.Get(p.base + "/__health"); err == nil {
			_ = response.Body.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.t.Fatal("the gateway does not serve")
		}
	}
}

// end signals the gateway and waits until it is gone.
func (p *process) end(signal syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal)
	if err := p.cmd.Wait(); err != nil && signal == syscall.SIGTERM {
		p.t.Errorf("the gateway ended with %v", err)
	}
	p.cmd = nil
}

// request makes an HTTP request and returns its status and body; the status is 0
// when no handler got it.
func (p *process) request(method, path, body string) (int, string) {
	request, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return 0, ""
	}
	response, err := p.http.Do(request)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) {
			return 0, ""
		}
		return -1, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return -1, err.Error()
	}
	return response.StatusCode, string(text)
}

// clients puts publishers and consumers on the process.
func (r *row) clients(p *process) {
	for _, path := range []string{"/get", "/push"} {
		r.load.each(r.loading, 4, func() bool {
			id := fmt.Sprintf("m%d", r.load.number.Add(1))
			status, _ := r.request(p, "publish", "POST", path, `{"id":"`+id+`"}`)
			if status == http.StatusAccepted {
				r.books.confirm(id)
			}
			return status == http.StatusAccepted
		})
	}
	r.load.each(r.loading, 2, func() bool {
		status, body := r.request(p, "consume", "GET", "/get", "")
		if status == http.StatusOK {
			var m message
			if err := json.Unmarshal([]byte(body), &m); err != nil {
				r.t.Errorf("%v in %q", err, body)
			}
			r.books.hand(m.ID)
		}
		return status == http.StatusOK
	})
}

func (r *row) request(p *process, kind, method, path, body string) (int, string) {
	deadline := time.Now().Add(requestTime)
	status, text := p.request(method, path, body)
	r.books.answer(kind, status, nil, deadline)
	return status, text
}

// backend is what the agent pushes to. It is slow enough to have messages in hand
// when the gateway ends. What it refuses it answers 503.
func (r *row) backend(refuses func() bool) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var m message
		if err := json.NewDecoder(request.Body).Decode(&m); err != nil {
			r.t.Error(err)
		}
		pause(request.Context(), 20*time.Millisecond)
		if refuses != nil && refuses() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if request.Context().Err() == nil {
			r.books.hand(m.ID)
		}
		w.WriteHeader(http.StatusOK)
		fmt.Fprint(w, "{}")
	}))
	r.t.Cleanup(server.Close)
	return server
}

func TestGatewayEnded(t *testing.T) {
	for _, tc := range []struct {
		name   string
		signal syscall.Signal
	}{
		{"gateway SIGTERM under load; HTTP clients, agent", syscall.SIGTERM},
		{"gateway SIGKILL under load; HTTP clients, agent", syscall.SIGKILL},
	} {
		t.Run(tc.signal.String(), func(t *testing.T) {
			r := newRow(t, tc.name)
			node := rabbit.Private(t)
			p := newProcess(t, node.URL(), r.backend(nil).URL, "")
			p.start()
			r.clients(p)
			ends, times := r.duration(), 0
			for ; ends.Err() == nil; times++ {
				r.awaitConfirm()
				pause(ends, r.between(200*time.Millisecond, time.Second))
				p.end(tc.signal)
				if tc.signal == syscall.SIGTERM {
					r.awaitAllBack(node, "get", "push")
				}
				p.start()
			}
			r.stopLoad()
			r.load.workers.Wait()
			p.end(syscall.SIGTERM)
			r.awaitAllBack(node, "get", "push")
			r.note("%d times", times)
			b := r.balance(node.URL(), "get", "push")
			if tc.signal != syscall.SIGTERM {
				return
			}
			if b.duplicates > 0 {
				t.Errorf("%d messages came twice", b.duplicates)
			}
			for kind, accepted := range map[string][]int{"publish": {202, 0}, "consume": {200, 204, 0}} {
				r.onlyAnswers(kind, accepted)
			}
		})
	}
}

// awaitAllBack waits until no message is in the hands of a consumer.
func (r *row) awaitAllBack(node *rabbit.Node, queues ...string) {
	r.t.Helper()
	for _, queue := range queues {
		if q, err := node.AwaitQueue(soon(r.t), queue, func(q rabbit.QueueInfo) bool { return q.Unacked == 0 && q.Consumers == 0 }); err != nil {
			r.t.Errorf("%s: %+v %v", queue, q, err)
		}
	}
}

// onlyAnswers fails the row if requests of that kind got any other status.
func (r *row) onlyAnswers(kind string, accepted []int) {
	r.t.Helper()
	r.books.mu.Lock()
	defer r.books.mu.Unlock()
	rest := 0
	for k, n := range r.books.answers {
		if strings.HasPrefix(k, kind+" ") {
			rest += n
		}
	}
	for _, status := range accepted {
		rest -= r.books.answers[fmt.Sprintf("%s %d", kind, status)]
	}
	if rest > 0 {
		r.t.Errorf("%d %ss were answered otherwise than %v: %v", rest, kind, accepted, r.books.answers)
	}
}
