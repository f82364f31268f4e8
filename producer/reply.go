package producer

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/header"
	"github.com/bdf0fecc/lura-amqp/internal/response"
	"github.com/bdf0fecc/lura-amqp/internal/status"
)

// Reply is the reply block, which makes a request a call: it is answered with the reply
// to its message.
type Reply struct {
	// Queue is where replies come: "" is RabbitMQ's direct reply-to, "exclusive" a queue
	// that the broker names, and anything else the name of a durable queue that this
	// gateway alone consumes. ${NAME} is taken from the environment. Default: "".
	Queue string `json:"queue"`
	// Headers adds the reply's own headers to the answer of a no-op endpoint. Default:
	// false.
	Headers bool `json:"headers"`
}

// correlationHeader carries the caller's own correlation id back to it, where it did not
// come in a header.
const correlationHeader = "X-Amqp-Correlation-Id"

// caller answers requests with the replies to their messages.
type caller struct {
	cfg     *Config
	calls   *broker.Caller
	mapping response.Mapping
}

func newCaller(ctx context.Context, cfg *Config, remote *config.Backend, o broker.PublisherOptions) *caller {
	return &caller{
		cfg:     cfg,
		calls:   broker.NewCaller(ctx, cfg.hosts, broker.ReplyQueue(cfg.Reply.Queue), o),
		mapping: response.NewMapping(remote, cfg.Reply.Headers),
	}
}

func (c *caller) answer(ctx context.Context, m broker.Message) (*proxy.Response, error) {
	// Without a queue for the request nobody could ever reply.
	m.Mandatory = c.cfg.Confirm
	m.ExpiresUnanswered = m.Expiration == ""
	reply, err := c.calls.Call(ctx, m)
	if err != nil {
		return nil, err
	}
	return c.response(reply, m.CorrelationId)
}

// response maps a reply, or the error that it is, for a caller with a correlation id of its
// own or none.
func (c *caller) response(reply *amqp.Delivery, correlationID string) (*proxy.Response, error) {
	answer, err := c.read(reply)
	if !header.ValidValue(correlationID) {
		return answer, err
	}
	name := correlationHeader
	if c.cfg.CorrelationIDHeader != "" {
		name = http.CanonicalHeaderKey(c.cfg.CorrelationIDHeader)
	}
	if err != nil {
		return nil, status.WithHeader(err, name, correlationID)
	}
	if answer.Metadata.Headers == nil {
		answer.Metadata.Headers = map[string][]string{}
	}
	answer.Metadata.Headers[name] = []string{correlationID}
	return answer, nil
}

// read leaves out what is nobody's business but the gateway's: a reply's routing and
// correlation id.
func (c *caller) read(reply *amqp.Delivery) (*proxy.Response, error) {
	code := statusOf(reply.Headers)
	if code >= http.StatusBadRequest && !c.mapping.Raw {
		return nil, status.New(code, fmt.Errorf("the reply has status %d", code))
	}
	shown := *reply
	shown.Exchange, shown.RoutingKey, shown.CorrelationId = "", "", ""
	shown.Headers = maps.Clone(reply.Headers)
	delete(shown.Headers, broker.CallHeader)
	delete(shown.Headers, broker.StatusHeader)
	answer, err := c.mapping.Of(&shown)
	if err == nil && c.mapping.Raw {
		answer.Io = bytes.NewReader(reply.Body)
		answer.Metadata.StatusCode = code
	}
	return answer, err
}

// statusOf is the number in a reply's status header, if an HTTP status from 200 to 599,
// else 200.
func statusOf(headers amqp.Table) int {
	code, err := strconv.Atoi(fmt.Sprint(headers[broker.StatusHeader]))
	if err != nil || code < http.StatusOK || code > 599 {
		return http.StatusOK
	}
	return code
}
