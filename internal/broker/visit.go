package broker

import (
	"context"
	"fmt"
	"net"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Visit logs in to each of the hosts, one after the other, and calls f with the
// connection. It returns the errors of those that it could not reach.
func (h Hosts) Visit(ctx context.Context, f func(*amqp.Connection)) (failed []error) {
	for i := range h.all {
		if err := h.visit(ctx, i, f); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", h.redacted(i), err))
		}
	}
	return failed
}

func (h Hosts) visit(ctx context.Context, i int, f func(*amqp.Connection)) error {
	ctx, cancel := context.WithTimeout(ctx, h.all[i].dialTime())
	defer cancel()
	conn, err := h.open(i, connectionName("check"), func(network, address string) (net.Conn, error) {
		socket, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = socket.Close() }) // amqp091-go does not know ctx
		}
		return socket, err
	})
	if err != nil {
		return err
	}
	f(conn)
	return conn.Close()
}
