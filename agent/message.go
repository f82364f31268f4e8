package agent

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/header"
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
	"github.com/bdf0fecc/lura-amqp/internal/transfer"
)

const (
	// reserved begins the headers that are the agent's to set.
	reserved = "X-Amqp-"
	// deliveryCount is how often a quorum queue has delivered the message before.
	deliveryCount = reserved + "Delivery-Count"
)

// traceContext are the headers of W3C's trace context and baggage. They are passed on as
// they are, where nobody traces here; of two spellings, the one of the specification.
var traceContext = []string{"Traceparent", "Tracestate", "Baggage"}

// mapping turns messages into requests.
type mapping struct {
	queue      string // that they come from
	headers    header.Selection
	parameters []string // that the backends' url_patterns use
}

// request is what the backends get of a message: its body, its content type, the headers
// that are selected, and the parameters of their url_patterns. The error is an invalidError.
func (m mapping) request(ctx context.Context, msg *amqp.Delivery) (*proxy.Request, error) {
	r := &proxy.Request{
		Query:   url.Values{},
		Params:  make(map[string]string, len(m.parameters)),
		Headers: m.headersOf(msg),
		Body:    io.NopCloser(bytes.NewReader(msg.Body)),
	}
	telemetry.InjectHTTP(ctx, r.Headers)
	for _, name := range m.parameters {
		value, err := segment(properties[name](msg, m.queue))
		if err != nil {
			return nil, &invalidError{fmt.Errorf("parameter %s: %w", name, err)}
		}
		r.Params[name] = value
	}
	return r, nil
}

func (m mapping) headersOf(msg *amqp.Delivery) map[string][]string {
	headers := map[string][]string{}
	for name, value := range msg.Headers {
		canonical := http.CanonicalHeaderKey(name)
		if name == broker.ReturnHeader || !m.takes(canonical) || slices.Contains(traceContext, canonical) && isMisspelt(name, msg.Headers) {
			continue
		}
		for _, text := range header.Texts(value) {
			if header.ValidValue(text) {
				headers[canonical] = append(headers[canonical], text)
			}
		}
	}
	if header.ValidValue(msg.ContentType) {
		headers["Content-Type"] = []string{msg.ContentType}
	}
	if header.ValidValue(msg.ContentEncoding) {
		headers["Content-Encoding"] = []string{msg.ContentEncoding}
	}
	if count, found := countOf(msg); found {
		headers[deliveryCount] = []string{strconv.FormatInt(count, 10)}
	}
	return headers
}

// isMisspelt says that a lower-case name stands beside this one.
func isMisspelt(name string, beside amqp.Table) bool {
	lower := strings.ToLower(name)
	return name != lower && beside[lower] != nil
}

// takes says whether a message may set a header of the request.
func (m mapping) takes(name string) bool {
	return slices.Contains(traceContext, name) || settable(name) && m.headers.Has(name)
}

// settable says that a header may be asked for: HTTP's own are those of the request that
// the gateway makes, and X-Amqp-… the agent's own.
func settable(name string) bool {
	folded := header.Folded(name)
	return header.ValidName(name) && folded != "Host" && folded != "Expect" && !strings.HasPrefix(folded, reserved)
}

// properties are the parameters for url_patterns, of a message and the queue it comes from.
var properties = map[string]func(msg *amqp.Delivery, queue string) string{
	"Routing_key": func(msg *amqp.Delivery, queue string) string { _, key := transfer.Origin(msg, queue); return key },
	"Exchange": func(msg *amqp.Delivery, queue string) string {
		exchange, _ := transfer.Origin(msg, queue)
		return exchange
	},
	"Message_id":     func(msg *amqp.Delivery, _ string) string { return msg.MessageId },
	"Correlation_id": func(msg *amqp.Delivery, _ string) string { return msg.CorrelationId },
	"Delivery_count": func(msg *amqp.Delivery, _ string) string { return strconv.FormatInt(deliveries(msg), 10) },
}

// deliveries is how often a message was delivered before, as far as its queue or its copies
// know.
func deliveries(msg *amqp.Delivery) int64 {
	if count, found := countOf(msg); found {
		return count
	}
	return int64(transfer.Attempts(msg))
}

// countOf is the count of a quorum queue. In any other queue the header is its publisher's.
func countOf(msg *amqp.Delivery) (count int64, found bool) {
	count, found = msg.Headers["x-delivery-count"].(int64)
	return count, found && count >= 0
}

// segment encodes a value so that it stays one part of a path or query. Parts of dots alone
// would lead to another path, however they are encoded (RFC 3986, 6.2.2.3); so would those
// between slashes, where a server on the way decodes them.
func segment(value string) (string, error) {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == '/' || r == '\\' })
	if len(parts) == 0 || slices.ContainsFunc(parts, func(part string) bool { return strings.Trim(part, ".") == "" }) {
		return "", fmt.Errorf("%q cannot be a part of a path", value)
	}
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20"), nil
}

// invalidError is what is wrong about a message that no backend can ever get.
type invalidError struct{ error }

func (e *invalidError) Unwrap() error { return e.error }
