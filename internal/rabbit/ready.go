package rabbit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// errPortTaken means that the node ended because somebody else listens on one of its ports.
var errPortTaken = errors.New("port taken")

// awaitAMQP returns when the node answers an AMQP handshake.
func (n *Node) awaitAMQP(ctx context.Context) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := handshake(ctx, n.URL())
		if err == nil && n.process.running() { // else somebody else answered on its port
			return nil
		}
		select {
		case <-ticker.C:
		case <-n.process.done:
			return n.startError()
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w: %v; its last output:\n%s",
				n.name, context.Cause(ctx), err, n.output)
		}
	}
}

// startError describes a node that ended before it answered.
func (n *Node) startError() error {
	output := n.output.String()
	err := n.process.err
	for _, reason := range []string{"eaddrinuse", "dist_port_already_used"} {
		if strings.Contains(output, reason) {
			err = errPortTaken
		}
	}
	return fmt.Errorf("%s ended while starting: %w; its last output:\n%s", n.name, err, output)
}

// handshake opens and closes a connection.
func handshake(ctx context.Context, url string) error {
	var cut func() bool
	dial := func(network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			cut = context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	}
	conn, err := amqp.DialConfig(url, amqp.Config{Dial: dial})
	if err == nil {
		err = conn.Close()
	}
	if cut != nil {
		cut()
	}
	return err
}
