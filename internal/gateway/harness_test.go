package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

// served is a gateway that serves a configuration on a real port.
type served struct {
	t    testing.TB
	base string
	log  *logtest.Recorder
	http *http.Client
	stop func() // as SIGTERM does; waits for the end
}

var amqpURL = regexp.MustCompile(`amqp://[^"]*`)

// start runs the gateway on a krakend.json, its brokers replaced by broker and its
// own address by the real one.
func start(t testing.TB, text, broker string) *served {
	t.Helper()
	port := freePort(t)
	text = amqpURL.ReplaceAllLiteralString(text, broker)
	text = strings.ReplaceAll(text, "http://localhost:8080", fmt.Sprintf("http://localhost:%d", port))
	file := filepath.Join(t.TempDir(), "krakend.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Port = port
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{
		t:    t,
		base: fmt.Sprintf("http://localhost:%d", port),
		log:  logtest.New(t),
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfg, s.log, io.Discard) }()
	var stopped atomic.Bool
	s.stop = func() {
		if stopped.Swap(true) {
			return
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections() // those of Lura's HTTP backends
	}
	t.Cleanup(s.stop)
	s.awaitServing(ended)
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *served) awaitServing(ended chan error) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if response, err := s.http.Get(s.base + "/__health"); err == nil {
			_ = response.Body.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			s.t.Fatal("the gateway ended:", err)
		case <-tick.C:
		case <-time.After(10 * time.Second):
			s.t.Fatal("the gateway does not serve")
		}
	}
}

// answer is what an HTTP client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// do makes a request; headers are "Name: value" lines.
func (s *served) do(method, path, body string, headers ...string) (answer, error) {
	request, err := http.NewRequest(method, s.base+path, bytes.NewBufferString(body))
	if err != nil {
		return answer{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Add(name, value)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// want makes a request and checks the status and, unless it is "*", the body.
func (s *served) want(status int, want, method, path, body string, headers ...string) answer {
	s.t.Helper()
	a, err := s.do(method, path, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != status || want != "*" && a.body != want {
		s.t.Errorf("%s %s: %d %q, want %d %q", method, path, a.status, a.body, status, want)
	}
	return a
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var vhosts atomic.Int64

// vhost is a broker of the test's own: a virtual host on the shared node.
func vhost(t testing.TB) (node *rabbit.Node, url string) {
	t.Helper()
	node = rabbit.Shared(t)
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), vhosts.Add(1))
	if err := node.AddVhost(soon(t), name); err != nil {
		t.Fatal(err)
	}
	return node, node.URL() + name
}

// take gets one message from a queue.
func take(t testing.TB, url, queue string) amqp.Delivery {
	t.Helper()
	d, ok, err := rabbit.Channel(t, url).Get(queue, true)
	if err != nil || !ok {
		t.Fatalf("no message in %s: %v", queue, err)
	}
	return d
}

// put publishes a message.
func put(t testing.TB, url, exchange, key, body string) {
	t.Helper()
	ch := rabbit.Channel(t, url)
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	c, err := ch.PublishWithDeferredConfirm(exchange, key, true, false, amqp.Publishing{ContentType: "text/plain", Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.WaitContext(soon(t)); !ok || err != nil {
		t.Fatal(ok, err)
	}
}
