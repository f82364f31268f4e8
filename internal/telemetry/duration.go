package telemetry

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
)

// Duration records how long one kind of operation on one destination takes. Its
// attributes are made once: recording allocates nothing.
type Duration struct {
	histogram  metric.Float64Histogram
	attributes []attribute.KeyValue
	success    []metric.RecordOption

	mu     sync.Mutex // guards failed
	failed map[string][]metric.RecordOption
}

// buckets are those of the conventions, with finer ones below 5 ms: a confirm takes less.
var buckets = metric.WithExplicitBucketBoundaries(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

// PublishDuration is of publishing to an exchange, until the confirm or whatever else ends
// it, with the wait for a connection. The default exchange, which has no name, gets
// RabbitMQ's own word for it: Prometheus knows no empty label.
func PublishDuration(exchange string) *Duration {
	return clientDuration(cmp.Or(exchange, defaultExchange), semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend)
}

// ReceiveDuration is of a request's getting a message of a queue, or finding it empty.
func ReceiveDuration(queue string) *Duration {
	return clientDuration(queue, semconv.MessagingOperationName("receive"), semconv.MessagingOperationTypeReceive)
}

func clientDuration(destination string, operation ...attribute.KeyValue) *Duration {
	return newDuration("messaging.client.operation.duration", "How long a publish takes, or a request for a message.",
		append(operation, semconv.MessagingDestinationName(destination))...)
}

// ProcessDuration is of an agent's processing messages of a queue.
func ProcessDuration(agent, queue string) *Duration {
	return newDuration("messaging.process.duration", "How long an agent's backends take for a message.",
		semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess, semconv.MessagingDestinationName(queue), agentKey.String(agent))
}

func newDuration(name, description string, attributes ...attribute.KeyValue) *Duration {
	attributes = append(attributes, semconv.MessagingSystemRabbitMQ)
	return &Duration{
		histogram:  observed(otel.Meter(Scope).Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), buckets)),
		attributes: attributes,
		success:    optionsOf(attributes),
		failed:     map[string][]metric.RecordOption{},
	}
}

func optionsOf(attributes []attribute.KeyValue) []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attributes...))}
}

// Record records an operation that ended. A nil Duration records nothing.
func (d *Duration) Record(ctx context.Context, took time.Duration, err error) {
	if d == nil || !d.histogram.Enabled(ctx) {
		return
	}
	options := d.success
	if err != nil {
		options = d.failure(ErrorType(err))
	}
	d.histogram.Record(ctx, took.Seconds(), options...)
}

func (d *Duration) failure(kind string) []metric.RecordOption {
	d.mu.Lock()
	defer d.mu.Unlock()
	options := d.failed[kind]
	if options == nil {
		options = optionsOf(append(d.attributes[:len(d.attributes):len(d.attributes)], semconv.ErrorTypeKey.String(kind)))
		d.failed[kind] = options
	}
	return options
}
