package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const gatewayConfig = `{
  "version": 3, "timeout": "2s",
  "endpoints": [
    {"endpoint": "/orders", "method": "POST", "output_encoding": "no-op", "input_headers": ["Content-Type"], "backend": [{"host": ["BROKER"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "orders", "exchange": "shop", "durable": true, "routing_key": "order.created", "static_routing_key": true, "backoff_strategy": "exponential"}}}]},
    {"endpoint": "/events/{kind}", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["BROKER"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "", "exchange": "shop", "durable": true, "mandatory": true, "routing_key": "Kind"}}}]},
    {"endpoint": "/jobs", "method": "POST", "output_encoding": "no-op", "backend": [{"host": ["BROKER"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "jobs", "exchange": "", "durable": true, "routing_key": "jobs", "max_length": 20, "overflow": "reject-publish"}}}]},
    {"endpoint": "/jobs", "method": "GET", "output_encoding": "no-op", "backend": [{"host": ["BROKER"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/consumer": {"name": "jobs", "exchange": "", "durable": true, "routing_key": [], "mode": "pull", "max_length": 20, "overflow": "reject-publish"}}}]},
    {"endpoint": "/users", "method": "POST", "output_encoding": "no-op", "timeout": "150ms", "backend": [{"host": ["BROKER"], "disable_host_sanitize": true,
      "extra_config": {"backend/amqp/producer": {"name": "users", "exchange": "", "durable": true, "routing_key": "users", "reply": {}}}}]}
  ],
  "async_agent": [
    {"name": "orders", "consumer": {"topic": "order.*", "workers": 4, "timeout": "2s"}, "connection": {"backoff_strategy": "exponential"},
     "extra_config": {"async/amqp": {"host": "BROKER", "name": "orders", "exchange": "shop", "durable": true, "retry": {"max_attempts": 2, "dead_letter": "orders.dead"}}},
     "backend": [{"host": ["BACKEND"], "url_pattern": "/orders", "method": "POST"}]},
    {"name": "users", "consumer": {"topic": "users", "workers": 4, "timeout": "2s"},
     "extra_config": {"async/amqp": {"host": "BROKER", "name": "users", "exchange": "", "durable": true, "reply": true}},
     "backend": [{"host": ["BACKEND"], "url_pattern": "/users", "method": "POST"}]}
  ]
}`

// startBackend serves what the agents push to: mostly quick, at times slow, at times wrong.
func (s *scene) startBackend() (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		took := time.Duration(3+rand.IntN(12)) * time.Millisecond
		if rand.IntN(50) == 0 {
			took += 140 * time.Millisecond
		}
		_ = pause(r.Context(), took)
		if r.URL.Path == "/orders" && rand.IntN(20) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	s.onClose(func() {
		_ = server.Close()
		serving.Wait()
	})
	return "http://" + l.Addr().String(), nil
}

// load is requests to the gateway.
type load struct {
	sync.WaitGroup
	base string
}

func startLoad(ctx context.Context, base string) *load {
	l := &load{base: base}
	l.every(ctx, 15*time.Millisecond, "POST", "/orders")
	l.every(ctx, 25*time.Millisecond, "POST", "/orders")
	l.every(ctx, 70*time.Millisecond, "POST", "/events/order.paid")
	l.every(ctx, 500*time.Millisecond, "POST", "/events/unheard")
	l.every(ctx, 60*time.Millisecond, "POST", "/jobs")
	l.every(ctx, 70*time.Millisecond, "GET", "/jobs")
	l.every(ctx, 30*time.Millisecond, "POST", "/users")
	return l
}

// every makes a request each interval, whether those before it were answered or not.
func (l *load) every(ctx context.Context, interval time.Duration, method, path string) {
	l.Go(func() {
		for pause(ctx, interval) == nil {
			l.Go(func() { l.request(ctx, method, path) })
		}
	})
}

func (l *load) request(ctx context.Context, method, path string) {
	request, err := http.NewRequestWithContext(ctx, method, l.base+path, strings.NewReader("{}"))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return // the end
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
