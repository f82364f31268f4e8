package broker

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// dialTime bounds reaching one host and the handshake with it, unless its
	// URI has a connection_timeout.
	dialTime = 10 * time.Second
	// heartbeat is the interval that is proposed to the broker; a connection is
	// given up when nothing came for about two of them.
	heartbeat = 10 * time.Second
)

// connectionName is what `rabbitmqctl list_connections user_provided_name` shows.
func connectionName(d Direction) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s@%s:%d %s", filepath.Base(os.Args[0]), host, os.Getpid(), d)
}

// dial tries every host, in random order, and returns a session on the first
// that answers. The error is that of all hosts, in the order of the list.
func (c *Connection) dial(ctx context.Context) (*session, error) {
	failed := make(hostErrors, len(c.hosts.all))
	for _, i := range c.hosts.shuffled() {
		s, err := c.dialHost(ctx, i)
		if err == nil {
			return s, nil
		}
		failed[i] = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// hostErrors is what each host of a list failed with, in one line.
type hostErrors []error

func (e hostErrors) Error() string {
	var lines []string
	for _, err := range e {
		if err != nil {
			lines = append(lines, err.Error())
		}
	}
	return strings.Join(lines, "; ")
}

func (e hostErrors) Unwrap() []error {
	return slices.DeleteFunc(slices.Clone(e), func(err error) bool { return err == nil })
}

func (c *Connection) dialHost(ctx context.Context, i int) (*session, error) {
	var out *outbox
	interrupt := func() bool { return true }
	shown := c.hosts.redacted(i)
	ctx, cancel := context.WithTimeout(ctx, c.hosts.all[i].dialTime())
	defer cancel()
	conn, err := c.hosts.open(i, c.name, func(network, address string) (net.Conn, error) {
		socket, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		out = newOutbox(socket)
		// The handshake cannot be interrupted but by closing the socket under it.
		interrupt = context.AfterFunc(ctx, func() { _ = out.Close() })
		return out, nil
	})
	if err != nil {
		if out != nil {
			_ = out.Close()
			<-out.done
		}
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	if !interrupt() {
		_ = conn.CloseDeadline(time.Now())
		return nil, fmt.Errorf("%s: %w", shown, ctx.Err())
	}
	return newSession(conn, out, shown, c.log()), nil
}

// open logs in to a host, over a socket that dial makes.
func (h Hosts) open(i int, name string, dial func(network, address string) (net.Conn, error)) (*amqp.Connection, error) {
	secure, err := h.tls.load(h.all[i].uri.ServerName)
	if err != nil {
		return nil, err
	}
	properties := amqp.NewConnectionProperties()
	properties["product"] = "lura-amqp"
	properties.SetClientConnectionName(name)
	settings := amqp.Config{Heartbeat: heartbeat, Properties: properties, TLSClientConfig: secure, Dial: dial}
	if h.external(i) {
		settings.SASL = []amqp.Authentication{&amqp.ExternalAuth{}}
	}
	return amqp.DialConfig(h.all[i].url, settings)
}
