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

// lab is the private broker that all trials use, one after the other.
type lab struct {
	node     *rabbit.Node
	conn     *amqp.Connection
	ch       *amqp.Channel
	duration time.Duration // of what a trial measures
	profile  profile
}

func newLab(ctx context.Context, duration time.Duration) (*lab, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	node, err := rabbit.Start(ctx)
	if err != nil {
		return nil, err
	}
	l := &lab{node: node, duration: duration}
	if l.conn, err = amqp.Dial(node.URL()); err == nil {
		l.ch, err = l.conn.Channel()
	}
	if err != nil {
		node.Close()
		return nil, err
	}
	return l, nil
}

func (l *lab) close() {
	_ = l.conn.Close()
	l.node.Close()
}

// at runs a trial at a place that exists for it alone, and returns when everything is
// closed that the trial opened.
func (l *lab) at(ctx context.Context, durable bool, trial func(context.Context, place) (result, error)) (result, error) {
	p := newPlace(l.node.URL(), durable)
	if err := p.declare(l.ch); err != nil {
		return result{}, fmt.Errorf("declare: %w", err)
	}
	r, err := l.alone(ctx, func(ctx context.Context) (result, error) { return trial(ctx, p) })
	if err != nil {
		return result{}, err
	}
	return r, p.remove(l.ch)
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
	_, err = l.node.AwaitConnections(ctx, func(c []rabbit.Connection) bool { return len(c) == 1 }) // the lab's own
	return r, err
}

// brokerLog is the end of the broker's log without what it says about each connection.
func (l *lab) brokerLog() string {
	var lines []string
	for line := range strings.Lines(l.node.Log()) {
		if strings.Contains(line, "[error]") || strings.Contains(line, "[warning]") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
