package telemetry

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Spans and metrics themselves are tested in cmd/lura-amqp, whose module has
// OpenTelemetry's SDK.

func TestNothingIsAllocatedWhenNobodyLooks(t *testing.T) {
	propagator, provider := otel.GetTextMapPropagator(), otel.GetTracerProvider()
	defer func() { otel.SetTextMapPropagator(propagator); otel.SetTracerProvider(provider) }()
	for _, set := range []struct {
		what string
		up   func()
	}{
		{"nothing", func() {}},
		{"a propagator", func() {
			otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
		}},
		{"a provider that is none", func() { otel.SetTracerProvider(noop.NewTracerProvider()) }},
	} {
		set.up()
		if n := allocations(t); n > 0 {
			t.Errorf("with %s: %v allocations", set.what, n)
		}
	}
}

// allocations are those of one operation of each kind.
func allocations(t *testing.T) float64 {
	t.Helper()
	ctx := t.Context()
	headers := amqp.Table{"X-Tag": "a"}
	p := amqp.Publishing{MessageId: "m", Headers: headers}
	d := amqp.Delivery{MessageId: "m", Headers: headers}
	publishing, processing, receiving := PublishDuration("shop"), ProcessDuration("a", "q"), ReceiveDuration("q")
	n := testing.AllocsPerRun(100, func() {
		ctx, span := StartPublish(ctx, "shop", "orders.new", &p)
		publishing.Record(ctx, time.Second, nil)
		span.End(errors.ErrUnsupported)
		ctx, span = StartProcess(ctx, "q", &d)
		processing.Record(ctx, time.Second, errors.ErrUnsupported)
		span.End(nil)
		ctx, span = StartReceive(ctx, "q")
		span.Received(&d, "q")
		receiving.Record(ctx, time.Second, nil)
		span.End(nil)
		InjectHTTP(ctx, nil)
	})
	if len(p.Headers) != 1 {
		t.Errorf("headers %v", p.Headers)
	}
	return n
}

func TestCarrier_ReadsWhatClientsSend(t *testing.T) {
	c := carrier{"traceparent": "own", "Tracestate": []any{"theirs", "x"}, "Baggage": []any{}, "n": int32(1)}
	for key, want := range map[string]string{"traceparent": "own", "tracestate": "theirs", "baggage": "", "n": "", "absent": ""} {
		if got := c.Get(key); got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
	if len(c.Keys()) != 4 {
		t.Errorf("%q", c.Keys())
	}
}

func TestInject_AMessageHasOneTraceContext(t *testing.T) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	clients := func() amqp.Table {
		return amqp.Table{"Traceparent": []any{"00-1"}, "Tracestate": []any{"theirs=1"}, "tracestate": "theirs=1", "Baggage": []any{"tenant=theirs"}, "X-Tenant": "acme"}
	}
	spanContext := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})
	traced := trace.ContextWithSpanContext(t.Context(), spanContext)
	bag, err := baggage.Parse("tenant=acme")
	if err != nil {
		t.Fatal(err)
	}
	parent := "00-01000000000000000000000000000000-0100000000000000-00"
	for name, tc := range map[string]struct {
		ctx  context.Context
		want amqp.Table
	}{
		"nothing": {t.Context(), clients()},
		"a trace": {traced, amqp.Table{"traceparent": parent, "X-Tenant": "acme"}},
		"both":    {baggage.ContextWithBaggage(traced, bag), amqp.Table{"traceparent": parent, "baggage": "tenant=acme", "X-Tenant": "acme"}},
		"baggage": {baggage.ContextWithBaggage(t.Context(), bag), amqp.Table{"Traceparent": []any{"00-1"}, "Tracestate": []any{"theirs=1"}, "tracestate": "theirs=1", "baggage": "tenant=acme", "X-Tenant": "acme"}},
	} {
		if got := inject(tc.ctx, clients()); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("with %s: %v", name, got)
		}
	}
}

func TestDestination_IsAsTheConventionsHaveIt(t *testing.T) {
	for _, tc := range []struct{ exchange, routingKey, queue, want string }{
		{"shop", "orders.new", "", "shop:orders.new"},
		{"shop", "", "", "shop"},
		{"", "orders", "", "orders"},
		{"", "", "", "amq.default"},
		{"shop", "orders.new", "orders", "shop:orders.new:orders"},
		{"shop", "orders", "orders", "shop:orders"},
		{"shop", "", "orders", "shop:orders"},
		{"", "orders", "orders", "orders"},
	} {
		if got := destination(tc.exchange, tc.routingKey, tc.queue); got != tc.want {
			t.Errorf("%q: %s", tc, got)
		}
	}
}

func TestAttributes_AreUTF8WhateverTheMessageHas(t *testing.T) {
	const bytes = "a\xff\xfeb"
	msg := &amqp.Delivery{MessageId: bytes, CorrelationId: bytes, Exchange: bytes, RoutingKey: bytes}
	valid := 0
	for _, a := range received(msg, "q") {
		if !utf8.ValidString(a.Value.Emit()) {
			t.Errorf("%s is %q", a.Key, a.Value.Emit())
		}
		if strings.Contains(a.Value.Emit(), "a\uFFFDb") {
			valid++
		}
	}
	if valid != 4 {
		t.Errorf("%d of 4 attributes", valid)
	}
}

func TestLinkTo_NobodysMessage(t *testing.T) {
	if links := linkTo(trace.ContextWithSpanContext(t.Context(), trace.SpanContext{})); links != nil {
		t.Errorf("%v", links)
	}
}
