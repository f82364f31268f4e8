// Command picture draws the Grafana dashboard with real data, for who has no Grafana at
// hand: it runs the gateway under load on a broker that it kills twice, has Prometheus
// scrape it and evaluate the dashboard's own queries, and writes an SVG.
//
// make dashboard calls it from the top of the checkout.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
)

func main() {
	gateway := flag.String("gateway", "bin/lura-amqp", "the gateway's executable")
	file := flag.String("dashboard", "docs/grafana/lura-amqp.json", "the dashboard")
	out := flag.String("out", "docs/grafana/lura-amqp.svg", "the picture")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *gateway, *file, *out); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// warmUp is how long the queries need to have a rate to show.
const warmUp = 8 * time.Second

func run(ctx context.Context, gateway, file, out string) error {
	d, err := dashboard.Load(file)
	if err != nil {
		return err
	}
	s, err := newScene(ctx, gateway)
	if err != nil {
		return err
	}
	defer s.close()
	from := time.Now().Add(warmUp)
	if err := s.play(ctx); err != nil {
		return err
	}
	p := picture{dashboard: d, from: from, to: time.Now()}
	if p.series, err = s.prometheus.evaluate(ctx, d, from, p.to); err != nil {
		return err
	}
	return os.WriteFile(out, p.svg(), 0o644)
}

// pause waits, and says whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// await asks until ok or ctx ends.
func await(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Second, errors.New("waited in vain until "+what))
	defer cancel()
	for !ok() {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
