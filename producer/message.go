package producer

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/status"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// message maps a request to a message, or to an error with the status that
// answers it. Everything that comes from the client is checked here, before it
// reaches the wire: what the broker refuses closes a channel that others use. The message has
// its body in into.
func (c *Config) message(r *proxy.Request, into *body, now time.Time) (broker.Message, error) {
	if r == nil {
		r = &proxy.Request{}
	}
	m := broker.Message{Mandatory: c.Mandatory}
	m.Timestamp = now
	if c.Durable {
		m.DeliveryMode = amqp.Persistent
	}
	if err := c.setProperties(&m, r); err != nil {
		return m, status.New(http.StatusBadRequest, err)
	}
	var err error
	m.Body, err = into.read(r.Body, c.MaxBodySize)
	return m, err
}

func (c *Config) setProperties(m *broker.Message, r *proxy.Request) (err error) {
	if m.RoutingKey, err = c.routingKey(r.Params); err != nil {
		return err
	}
	if m.Headers, err = c.headers(r.Headers); err != nil {
		return err
	}
	m.AppId = c.AppID
	if m.ContentType, err = property(c.ContentType, r.Headers, "Content-Type"); err != nil {
		return err
	}
	if m.ContentEncoding, err = property(c.ContentEncoding, r.Headers, "Content-Encoding"); err != nil {
		return err
	}
	if m.Type, err = shortString(r.Params, c.TypeKey); err != nil {
		return err
	}
	m.Type = cmp.Or(m.Type, c.Type)
	if m.MessageId, err = shortString(r.Params, c.MessageIDKey); err != nil {
		return err
	}
	if m.ReplyTo, err = replyTo(r.Params, c.ReplyToKey); err != nil {
		return err
	}
	if m.CorrelationId, err = c.correlationID(r); err != nil {
		return err
	}
	if m.Priority, err = priority(r.Params, c.PriorityKey); err != nil {
		return err
	}
	m.Expiration, err = expiration(r.Params, c.ExpirationKey)
	if c.Immediate {
		m.Expiration = "0"
	}
	return err
}

// routingKey takes the key from the parameter, if the request has it: a sequential
// proxy or a JWT may have added parameters that the endpoint does not have.
func (c *Config) routingKey(params map[string]string) (string, error) {
	if c.StaticRoutingKey {
		return c.RoutingKey, nil
	}
	if key, found := params[c.RoutingKey]; found {
		if c.Exchange == "" && broker.IsDirectReply(key) {
			return "", named(c.RoutingKey, errors.New("the address of another client's replies"))
		}
		return key, named(c.RoutingKey, topology.CheckShortString(key))
	}
	if c.isParameter(c.RoutingKey) {
		return "", named(c.RoutingKey, errors.New("missing"))
	}
	return c.RoutingKey, nil
}

// headers copies those of the request's headers that are selected; it never writes to them.
func (c *Config) headers(headers map[string][]string) (amqp.Table, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	table := make(amqp.Table, len(headers))
	for name, values := range headers {
		if !c.selection.Has(http.CanonicalHeaderKey(name)) {
			continue
		}
		if err := topology.CheckShortString(name); err != nil {
			return nil, fmt.Errorf("header name: %w", err)
		}
		if c.FlattenHeaders {
			table[name] = strings.Join(values, ", ")
			continue
		}
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		table[name] = list
	}
	return table, nil
}

// correlationID is the caller's own.
func (c *Config) correlationID(r *proxy.Request) (string, error) {
	if c.CorrelationIDHeader == "" {
		return shortString(r.Params, c.CorrelationIDKey)
	}
	return property("", r.Headers, http.CanonicalHeaderKey(c.CorrelationIDHeader))
}

// property is the static value, or that of the request's header.
func property(static string, headers map[string][]string, name string) (string, error) {
	values := headers[name]
	if static != "" || len(values) == 0 {
		return static, nil
	}
	if err := topology.CheckShortString(values[0]); err != nil {
		return "", fmt.Errorf("header %s: %w", name, err)
	}
	return values[0], nil
}

// replyTo refuses what is no queue: for the pseudo-queue the broker closes the channel (406),
// as nobody consumes direct replies on it, and an address that a client made up may cost
// whoever replies to it the connection.
func replyTo(params map[string]string, parameter string) (string, error) {
	value, err := shortString(params, parameter)
	if value == broker.DirectReplyTo || broker.IsDirectReply(value) {
		err = named(parameter, fmt.Errorf("%s is not a queue", clip(value)))
	}
	return value, err
}

func shortString(params map[string]string, parameter string) (string, error) {
	value := params[parameter]
	return value, named(parameter, topology.CheckShortString(value))
}

// expiration is digits only and at most 2^32-1 ms: RabbitMQ answers anything else
// with 406 PRECONDITION_FAILED, which closes the channel.
func expiration(params map[string]string, parameter string) (string, error) {
	value := params[parameter]
	if value == "" {
		return "", nil
	}
	if _, err := strconv.ParseUint(value, 10, 32); err != nil {
		return "", named(parameter, fmt.Errorf("%q is not an expiration in milliseconds, 0 to %d", clip(value), uint32(math.MaxUint32)))
	}
	return value, nil
}

func priority(params map[string]string, parameter string) (uint8, error) {
	value := params[parameter]
	if value == "" {
		return 0, nil
	}
	p, err := strconv.ParseUint(value, 10, 8)
	if err != nil {
		return 0, named(parameter, fmt.Errorf("%q is not a priority, 0 to 255", clip(value)))
	}
	return uint8(p), nil
}

func named(parameter string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("parameter %s: %w", parameter, err)
}

// clip keeps a client's value from filling the log.
func clip(s string) string {
	const most = 32
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
