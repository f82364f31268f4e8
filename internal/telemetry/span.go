package telemetry

import (
	"cmp"
	"context"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// noProvider is what the global provider is until somebody sets one.
var noProvider = otel.GetTracerProvider()

// defaultExchange is RabbitMQ's own word for the exchange that has no name.
const defaultExchange = "amq.default"

// Span is an operation on a message. The zero value is one that nobody traces.
type Span struct{ span trace.Span }

// StartPublish begins publishing a message and puts the trace context into its headers,
// which it may write to.
func StartPublish(ctx context.Context, exchange, routingKey string, p *amqp.Publishing) (context.Context, Span) {
	var s Span
	if parent := trace.SpanFromContext(ctx); parent.IsRecording() {
		attributes := append(properties(p.MessageId, p.CorrelationId, routingKey, len(p.Body)),
			semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend, semconv.MessagingDestinationName(destination(exchange, routingKey, "")))
		ctx, s.span = tracer(parent.TracerProvider()).Start(ctx, named("publish", exchange), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attributes...))
	}
	p.Headers = inject(ctx, p.Headers)
	return ctx, s
}

// StartProcess begins an agent's processing of a message: in the trace of whoever published
// it, and linked to it.
func StartProcess(ctx context.Context, queue string, msg *amqp.Delivery) (context.Context, Span) {
	ctx = extract(ctx, msg.Headers)
	provider := otel.GetTracerProvider()
	if _, none := provider.(noop.TracerProvider); none || provider == noProvider {
		return ctx, Span{} // what the gateway itself traces is in the trace all the same
	}
	ctx, span := tracer(provider).Start(ctx, named("process", queue), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(append(received(msg, queue), semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess)...),
		trace.WithLinks(linkTo(ctx)...))
	return ctx, Span{span}
}

// StartReceive begins a request for a message; the message itself is linked by Received.
func StartReceive(ctx context.Context, queue string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := tracer(parent.TracerProvider()).Start(ctx, named("receive", queue), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.MessagingSystemRabbitMQ, semconv.MessagingOperationName("receive"), semconv.MessagingOperationTypeReceive, semconv.MessagingDestinationName(queue)))
	return ctx, Span{span}
}

// Received says which message a request for one has got.
func (s Span) Received(msg *amqp.Delivery, queue string) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(received(msg, queue)...)
	for _, link := range linkTo(extract(context.Background(), msg.Headers)) {
		s.span.AddLink(link)
	}
}

// End ends the operation, with its error if it failed.
func (s Span) End(err error) { s.EndAt(time.Now(), err) }

// EndAt ends an operation that was over at a time, and that spans were put below since.
func (s Span) EndAt(at time.Time, err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, valid(err.Error()))
		s.span.SetAttributes(semconv.ErrorTypeKey.String(ErrorType(err)))
	}
	s.span.End(trace.WithTimestamp(at))
}

func tracer(p trace.TracerProvider) trace.Tracer { return p.Tracer(Scope) }

// named is a span's name: the operation and where it goes. Routing keys are left out, since
// there may be any number of them.
func named(operation, destination string) string {
	return operation + " " + cmp.Or(destination, defaultExchange)
}

// destination is exchange, routing key and, of a message that was taken, the queue, as the
// conventions for RabbitMQ join them: without those that are empty, and without the queue
// where the routing key is its name.
func destination(exchange, routingKey, queue string) string {
	var known []string
	for _, part := range []string{exchange, routingKey, queue} {
		if part != "" {
			known = append(known, part)
		}
	}
	if queue == routingKey && queue != "" {
		known = known[:len(known)-1]
	}
	return cmp.Or(valid(strings.Join(known, ":")), defaultExchange)
}

func received(msg *amqp.Delivery, queue string) []attribute.KeyValue {
	return append(properties(msg.MessageId, msg.CorrelationId, msg.RoutingKey, len(msg.Body)),
		semconv.MessagingDestinationName(destination(msg.Exchange, msg.RoutingKey, queue)),
		semconv.MessagingRabbitMQMessageDeliveryTag(int(msg.DeliveryTag)))
}

func properties(messageID, correlationID, routingKey string, size int) []attribute.KeyValue {
	attributes := []attribute.KeyValue{semconv.MessagingSystemRabbitMQ, semconv.MessagingMessageBodySize(size)}
	for _, property := range []attribute.KeyValue{
		semconv.MessagingMessageID(valid(messageID)), semconv.MessagingMessageConversationID(valid(correlationID)), semconv.MessagingRabbitMQDestinationRoutingKey(valid(routingKey)),
	} {
		if property.Value.AsString() != "" {
			attributes = append(attributes, property)
		}
	}
	return attributes
}

// valid is text as OTLP takes it, which is UTF-8: an exporter drops all that it has with an
// attribute that is not. AMQP takes any bytes.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// linkTo is a link to the span that ctx carries, if any.
func linkTo(ctx context.Context) []trace.Link {
	if of := trace.SpanContextFromContext(ctx); of.IsValid() {
		return []trace.Link{{SpanContext: of}}
	}
	return nil
}
