package telemetry

import (
	"cmp"
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
)

// Duration records how long one kind of operation on one destination takes. Its
// attributes are made once: recording allocates nothing.
type Duration struct {
	histogram       metric.Float64Histogram
	success, failed []metric.RecordOption
}

// buckets are those of the conventions, with finer ones below 5 ms: a confirm takes less.
var buckets = metric.WithExplicitBucketBoundaries(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

// PublishDuration is of publishing to an exchange, until the confirm. The default exchange,
// which has no name, gets RabbitMQ's own word for it: Prometheus knows no empty label.
func PublishDuration(exchange string) *Duration {
	exchange = cmp.Or(exchange, "amq.default")
	return newDuration("messaging.client.operation.duration", "From a publish to what the broker says to it.",
		semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend, semconv.MessagingDestinationName(exchange))
}

// ProcessDuration is of an agent's processing messages of a queue.
func ProcessDuration(agent, queue string) *Duration {
	return newDuration("messaging.process.duration", "How long an agent's backends take for a message.",
		semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess, semconv.MessagingDestinationName(queue), agentKey.String(agent))
}

func newDuration(name, description string, attributes ...attribute.KeyValue) *Duration {
	attributes = append(attributes, semconv.MessagingSystemRabbitMQ)
	failed := append(attributes[:len(attributes):len(attributes)], semconv.ErrorTypeOther)
	return &Duration{
		histogram: observed(otel.Meter(Scope).Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), buckets)),
		success:   []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attributes...))},
		failed:    []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(failed...))},
	}
}

// Record records an operation that ended.
func (d *Duration) Record(ctx context.Context, took time.Duration, err error) {
	options := d.success
	if err != nil {
		options = d.failed
	}
	d.histogram.Record(ctx, took.Seconds(), options...)
}
