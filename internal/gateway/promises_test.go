package gateway

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// endpoints is a configuration with a producer, a consumer and an HTTP endpoint.
func endpoints(timeout string) string {
	return `{
  "version": 3, "timeout": "` + timeout + `", "echo_endpoint": true,
  "endpoints": [
    {"endpoint": "/publish/{exp}/{route}", "method": "POST", "output_encoding": "no-op",
     "backend": [{"host": ["amqp://x"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/producer":
       {"name": "promises", "exchange": "promises", "durable": true, "routing_key": "Route", "exp_key": "Exp", "mandatory": true}}}]},
    {"endpoint": "/consume", "output_encoding": "no-op",
     "backend": [{"host": ["amqp://x"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/consumer":
       {"name": "promises", "exchange": "promises", "durable": true, "routing_key": ["#"]}}}]},
    {"endpoint": "/other", "backend": [{"host": ["http://localhost:8080"], "url_pattern": "/__echo/x", "encoding": "json"}]}
  ]
}`
}

func TestGateway_ServesWithoutABrokerAndPublishesSoonAfterItIsThere(t *testing.T) {
	node := rabbit.Private(t)
	if err := node.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := start(t, endpoints("500ms"), node.URL())
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the start waited %s", took)
	}
	s.want(200, "*", "GET", "/other", "")
	for _, request := range [][2]string{{"POST", "/publish/1000/k"}, {"GET", "/consume"}} {
		a := s.want(503, "", request[0], request[1], "")
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After: %v", request, a.header)
		}
	}
	s.log.Await(t, "ERROR", "/publish/:exp/:route", "broker not available", "connection refused")
	if err := node.Restart(soon(t)); err != nil {
		t.Fatal(err)
	}
	up := time.Now()
	for {
		a, err := s.do("POST", "/publish/60000/k", "")
		if err != nil {
			t.Fatal(err)
		}
		if a.status == 202 {
			break
		}
		if took := time.Since(up); took > 2*time.Second {
			t.Fatalf("still %d after %s", a.status, took)
		}
	}
	s.want(200, "", "GET", "/consume", "")
}

func TestGateway_BadInputOfOneClientCostsNobodyElseAMessage(t *testing.T) {
	node, url := vhost(t)
	s := start(t, endpoints("5s"), url)
	var published atomic.Int64
	var good, bad sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		bad.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, path := range []string{"/publish/abc/k", "/publish/99999999999/k", "/publish/1/" + strings.Repeat("k", 256)} {
					if a, err := s.do("POST", path, ""); err != nil || a.status != 400 {
						t.Errorf("%.20s: %d %v", path, a.status, err)
					}
				}
			}
		})
	}
	for range 32 {
		good.Go(func() {
			for range 20 {
				if a, err := s.do("POST", "/publish/600000/k", "body"); err != nil || a.status != 202 {
					t.Errorf("a good client: %d %v", a.status, err)
					continue
				}
				published.Add(1)
			}
		})
	}
	good.Wait()
	close(done)
	bad.Wait()
	s.stop()
	q, err := node.QueueIn(soon(t), strings.TrimPrefix(url, node.URL()), "promises")
	if err != nil || int64(q.Messages) != published.Load() || published.Load() != 640 {
		t.Errorf("%d published, %+v %v", published.Load(), q, err)
	}
	if lines := s.log.Matching("closed a publishing channel"); len(lines) > 0 {
		t.Errorf("a channel was lost: %q", lines)
	}
}

func TestGateway_ShutdownAnswersWhatItAccepted(t *testing.T) {
	node, url := vhost(t)
	s := start(t, endpoints("5s"), url)
	s.want(202, "*", "POST", "/publish/600000/k", "")
	s.want(200, "*", "GET", "/consume", "")
	var published, consumed atomic.Int64
	var clients sync.WaitGroup
	enough := make(chan struct{})
	for i := range 16 {
		clients.Go(func() {
			for {
				method, path := "POST", "/publish/600000/k"
				if i%4 == 0 {
					method, path = "GET", "/consume"
				}
				a, err := s.do(method, path, "body")
				if err != nil {
					if !notAccepted(err) {
						t.Errorf("%s: %v", method, err)
					}
					return
				}
				switch {
				case a.status == 202:
					if published.Add(1) == 200 {
						close(enough)
					}
				case a.status == 200:
					consumed.Add(1)
				case a.status != 204:
					t.Errorf("%s was accepted and answered %d", method, a.status)
				}
			}
		})
	}
	<-enough
	s.stop()
	clients.Wait()
	name := strings.TrimPrefix(url, node.URL())
	if _, err := node.AwaitConnections(soon(t), func(all []rabbit.Connection) bool {
		for _, c := range all {
			if c.VHost == name {
				return false
			}
		}
		return true
	}); err != nil {
		t.Fatal("still connected:", err)
	}
	q, err := node.QueueIn(soon(t), name, "promises")
	if left := int64(q.Messages) + consumed.Load(); err != nil || left < published.Load() || q.Unacked > 0 {
		t.Errorf("%d published, %d consumed, %d left (%v)", published.Load(), consumed.Load(), q.Messages, err)
	}
}

// notAccepted says that the request reached no handler: the listener was closed, or
// net/http closed the connection between reading the request and serving it.
func notAccepted(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
}

func TestGateway_PasswordsNeverShow(t *testing.T) {
	node := rabbit.Private(t)
	if err := node.AddUser(soon(t), "operator", "h%sh-h%sh", "/"); err != nil {
		t.Fatal(err)
	}
	right := strings.Replace(node.URL(), "guest:guest", "operator:h%25sh-h%25sh", 1)
	t.Setenv("LURA_AMQP_TEST_PASSWORD", "h%sh-h%sh")
	for name, url := range map[string]string{
		"up":          right,
		"environment": strings.Replace(node.URL(), "guest:guest", "operator:${LURA_AMQP_TEST_PASSWORD}", 1),
		"refused":     strings.Replace(right, "operator", "nobody", 1),
		"down":        "amqp://operator:h%25sh-h%25sh@127.0.0.1:1/",
		"unparsable":  "amqp://operator:h%25sh-h%25sh@127.0.0.1:port/",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, endpoints("300ms"), url)
			for range 3 {
				_, err := s.do("POST", "/publish/1000/k", "")
				_, err2 := s.do("GET", "/consume", "")
				if err := errors.Join(err, err2); err != nil {
					t.Fatal(err)
				}
			}
			if name == "up" || name == "environment" {
				s.want(202, "*", "POST", "/publish/1000/k", "")
				if err := node.CloseConnections(soon(t), "test"); err != nil {
					t.Fatal(err)
				}
				s.log.Await(t, "lost the connection")
			}
			s.stop()
			if len(s.log.Lines()) < 3 {
				t.Errorf("nothing was logged: %q", s.log.Lines())
			}
			for _, line := range s.log.Lines() {
				if strings.Contains(line, "sh-h") {
					t.Errorf("the password shows: %s", line)
				}
			}
		})
	}
}

func TestRun_SaysThatThePortIsTaken(t *testing.T) {
	_, url := vhost(t)
	s := start(t, endpoints("1s"), url)
	cfg, err := Load(testdata + "/krakend.json")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Endpoints, cfg.AsyncAgents = nil, nil
	if _, err := fmt.Sscanf(s.base, "http://localhost:%d", &cfg.Port); err != nil {
		t.Fatal(err)
	}
	if err := Run(soon(t), cfg, s.log, nil); !errors.Is(err, ErrNotServing) {
		t.Errorf("got %v", err)
	}
	s.log.Await(t, "ERROR", "address already in use")
}
