// Package telemetry shows what happens through the OpenTelemetry API, by its semantic
// conventions for messaging (https://opentelemetry.io/docs/specs/semconv/messaging/).
//
// Spans are made with the tracer provider of the span in the context, because KrakenD
// does not set the global one; an agent, whose context has none, uses the global one.
// Without a span and without a provider nothing is allocated.
package telemetry
