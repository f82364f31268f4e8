package telemetry

import (
	"context"
	"net/http"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// carrier is a message's headers as a propagator sees them.
type carrier amqp.Table

// Get reads a header that is a string, or a list that begins with one, under its own name or
// that of HTTP: that is how producers without flatten_headers send a client's.
func (c carrier) Get(key string) string {
	value, found := c[key]
	if !found {
		value = c[canonical(key)]
	}
	if list, isList := value.([]any); isList && len(list) > 0 {
		value = list[0]
	}
	text, _ := value.(string)
	return text
}

// Set writes a header, in the place of one that a client has sent.
func (c carrier) Set(key, value string) {
	delete(c, canonical(key))
	c[key] = value
}

func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

// canonical is HTTP's name of a header. Those of W3C are constants, as each message is asked
// for them.
func canonical(key string) string {
	switch key {
	case "traceparent":
		return "Traceparent"
	case "tracestate":
		return "Tracestate"
	case "baggage":
		return "Baggage"
	}
	return http.CanonicalHeaderKey(key)
}

// inject puts the trace context and the baggage of ctx into a message's headers, and
// returns them. Without either they stay as they are; with a trace context they have no
// other, which a consumer might take for the message's.
func inject(ctx context.Context, headers amqp.Table) amqp.Table {
	traced := trace.SpanContextFromContext(ctx).IsValid()
	if !traced && baggage.FromContext(ctx).Len() == 0 {
		return headers
	}
	if headers == nil {
		headers = amqp.Table{}
	}
	propagator := otel.GetTextMapPropagator()
	if traced && len(headers) > 0 {
		for _, field := range propagator.Fields() {
			delete(headers, field)
			delete(headers, canonical(field))
		}
	}
	propagator.Inject(ctx, carrier(headers))
	return headers
}

// InjectHTTP puts the trace context and the baggage of ctx into a request's headers.
func InjectHTTP(ctx context.Context, headers map[string][]string) {
	if !trace.SpanContextFromContext(ctx).IsValid() && baggage.FromContext(ctx).Len() == 0 {
		return
	}
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(http.Header(headers)))
}

// extract returns ctx with the trace context and the baggage of a message's headers.
func extract(ctx context.Context, headers amqp.Table) context.Context {
	if len(headers) == 0 {
		return ctx
	}
	return otel.GetTextMapPropagator().Extract(ctx, carrier(headers))
}
