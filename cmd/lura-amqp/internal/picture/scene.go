package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// scene is what the picture shows: a broker, a gateway, the backend of its agents, and
// Prometheus.
type scene struct {
	node       *rabbit.Node
	base       string // of the gateway
	prometheus *prometheus
	closers    []func()
}

func newScene(ctx context.Context, gateway string) (s *scene, err error) {
	s = &scene{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	dir, err := os.MkdirTemp("", "lura-amqp-picture-")
	if err != nil {
		return nil, err
	}
	s.onClose(func() { _ = os.RemoveAll(dir) })
	if s.node, err = rabbit.Start(ctx); err != nil {
		return nil, err
	}
	s.onClose(s.node.Close)
	metrics, err := s.startGateway(ctx, gateway, dir)
	if err != nil {
		return nil, err
	}
	s.prometheus, err = startPrometheus(ctx, dir, metrics)
	if err != nil {
		return nil, err
	}
	s.onClose(s.prometheus.end)
	return s, nil
}

func (s *scene) onClose(f func()) { s.closers = append(s.closers, f) }

// close ends everything, the last to be started first.
func (s *scene) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}

// startGateway returns the address of its metrics.
func (s *scene) startGateway(ctx context.Context, gateway, dir string) (metrics string, err error) {
	backend, err := s.startBackend()
	if err != nil {
		return "", err
	}
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	if metrics, err = freeAddress(); err != nil {
		return "", err
	}
	file := filepath.Join(dir, "krakend.json")
	if err := os.WriteFile(file, []byte(strings.NewReplacer("BROKER", s.node.URL(), "BACKEND", backend).Replace(gatewayConfig)), 0o600); err != nil {
		return "", err
	}
	_, port, _ := strings.Cut(address, ":")
	p, err := startProcess(gateway, "run", "-c", file, "-p", port, "--metrics", metrics)
	if err != nil {
		return "", err
	}
	s.onClose(p.end)
	s.base = "http://" + address
	return metrics, await(ctx, "the gateway serves", func() bool {
		response, err := http.Get(s.base + "/__health")
		return err == nil && response.Body.Close() == nil
	})
}

// play puts load on the gateway while the broker has a bad day.
func (s *scene) play(ctx context.Context) error {
	loading, stop := context.WithCancel(ctx)
	l := startLoad(loading, s.base)
	defer l.Wait()
	defer stop()
	for _, act := range []struct {
		name  string
		after time.Duration
		do    func(context.Context) error
	}{
		{"the broker is killed", warmUp + 20*time.Second, func(context.Context) error { return s.node.Kill() }},
		{"it is started again", 10 * time.Second, s.node.Restart},
		{"its memory runs short", 20 * time.Second, func(ctx context.Context) error { return s.node.SetMemoryAlarm(ctx, true) }},
		{"it has memory again", 6 * time.Second, func(ctx context.Context) error { return s.node.SetMemoryAlarm(ctx, false) }},
		{"the broker is killed", 20 * time.Second, func(context.Context) error { return s.node.Kill() }},
		{"it is started again", 0, s.node.Restart},
		{"the end", 25 * time.Second, func(context.Context) error { return nil }},
	} {
		if err := pause(ctx, act.after); err != nil {
			return err
		}
		fmt.Println(act.name)
		if err := act.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", act.name, err)
		}
	}
	return nil
}
