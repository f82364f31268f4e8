package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// patience bounds what a trial waits for.
const patience = 60 * time.Second

// defaultPrefetch keeps all workers of a trial busy.
const defaultPrefetch = 128

// lab is the private broker that all trials use, one after the other.
type lab struct {
	nodes    []*rabbit.Node
	conn     *amqp.Connection
	ch       *amqp.Channel
	meter    meter
	duration time.Duration // of what a trial measures
	prefetch int           // prefetch_count of consumers and agents
	profile  profile
}

// newLab starts a broker, of several nodes if it is asked for.
func newLab(ctx context.Context, duration time.Duration, size int) (*lab, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	nodes, err := rabbit.Cluster(ctx, size)
	if err != nil {
		return nil, err
	}
	l := &lab{nodes: nodes, duration: duration, prefetch: defaultPrefetch}
	if err := l.open(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) open(ctx context.Context) (err error) {
	if l.conn, err = amqp.Dial(l.url()); err != nil {
		return err
	}
	if l.ch, err = l.conn.Channel(); err != nil {
		return err
	}
	l.meter, err = newMeter(ctx, l.nodes)
	return err
}

func (l *lab) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
	for _, n := range l.nodes {
		n.Close()
	}
}

// url is that of the first node, which everybody connects to.
func (l *lab) url() string { return l.nodes[0].URL() }

// at runs a trial at a place that exists for it alone, and returns when everything is
// closed that the trial opened.
func (l *lab) at(ctx context.Context, durable bool, trial func(context.Context, place) (result, error)) (result, error) {
	return l.among(ctx, []place{newPlace(l.url(), durable)}, func(ctx context.Context, places []place) (result, error) {
		return trial(ctx, places[0])
	})
}

// among is at for several places.
func (l *lab) among(ctx context.Context, places []place, trial func(context.Context, []place) (result, error)) (result, error) {
	for _, p := range places {
		if err := p.declare(l.ch); err != nil {
			return result{}, fmt.Errorf("declare: %w", err)
		}
	}
	r, err := l.alone(ctx, func(ctx context.Context) (result, error) { return trial(ctx, places) })
	if err != nil {
		return result{}, err
	}
	for _, p := range places {
		if err := p.remove(l.ch); err != nil {
			return result{}, fmt.Errorf("remove: %w", err)
		}
	}
	return r, nil
}

// alone runs a trial and returns when its connections are closed.
func (l *lab) alone(ctx context.Context, trial func(context.Context) (result, error)) (result, error) {
	during, closeAll := context.WithCancel(ctx)
	r, err := trial(during)
	closeAll()
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = l.nodes[0].AwaitConnections(ctx, func(c []rabbit.Connection) bool { return len(c) == 1 }) // the lab's own
	return r, err
}

// brokerLog is the end of the broker's log without what it says about each connection.
func (l *lab) brokerLog() string {
	var lines []string
	for line := range strings.Lines(l.nodes[0].Log()) {
		if strings.Contains(line, "[error]") || strings.Contains(line, "[warning]") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
