package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	amqp091 "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// tracing is the gateway's traces: the global provider for agents, and the request's own.
func tracing(t *testing.T) (*tracetest.SpanRecorder, trace.Tracer) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	otel.SetTracerProvider(provider)
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return recorder, provider.Tracer("test")
}

func backendOf(url string, blocks config.ExtraConfig) *config.Backend {
	return &config.Backend{Host: []string{url}, Encoding: encoding.NOOP, ExtraConfig: blocks, ParentEndpoint: "/orders", ParentEndpointMethod: "POST"}
}

func ended(t *testing.T, recorder *tracetest.SpanRecorder, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	return endedAll(t, recorder, 1, name)[0]
}

// endedAll waits for so many spans of a name, and has them in the order in which they ended.
func endedAll(t *testing.T, recorder *tracetest.SpanRecorder, number int, name string) []sdktrace.ReadOnlySpan {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); ; {
		spans := slices.DeleteFunc(recorder.Ended(), func(s sdktrace.ReadOnlySpan) bool { return s.Name() != name })
		if len(spans) >= number {
			return spans
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d and not %d spans %q in %v", len(spans), number, name, recorder.Ended())
		}
	}
}

func wantSpan(t *testing.T, s sdktrace.ReadOnlySpan, kind trace.SpanKind, parent trace.SpanContext, attributes ...attribute.KeyValue) {
	t.Helper()
	if s.SpanKind() != kind || s.Parent().SpanID() != parent.SpanID() || s.SpanContext().TraceID() != parent.TraceID() {
		t.Errorf("%s is %s below %s in %s, not below %s in %s", s.Name(), s.SpanKind(), s.Parent().SpanID(), s.SpanContext().TraceID(), parent.SpanID(), parent.TraceID())
	}
	for _, want := range append(attributes, attribute.String("messaging.system", "rabbitmq")) {
		if !slices.Contains(s.Attributes(), want) {
			t.Errorf("%s has no %v: %v", s.Name(), want, s.Attributes())
		}
	}
}

func wantLink(t *testing.T, s sdktrace.ReadOnlySpan, to trace.SpanContext) {
	t.Helper()
	if links := s.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != to.SpanID() || links[0].SpanContext.TraceID() != to.TraceID() {
		t.Errorf("%s links to %v, not to %v", s.Name(), links, to)
	}
}

// One trace runs from the request through the broker to the backend of the agent.
func TestTrace_FromTheRequestToTheAgentsBackend(t *testing.T) {
	recorder, tracer := tracing(t)
	url, name := rabbit.Shared(t).URL(), rand.Text()
	reached := make(chan http.Header, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- r.Header
		w.WriteHeader(http.StatusConflict)
	}))
	defer shop.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	factory := amqp.NewBackendFactory(ctx, logging.NoOp, proxy.HTTPProxyFactory(shop.Client()))
	publish := factory(backendOf(url, config.ExtraConfig{"backend/amqp/producer": map[string]any{
		"name": name, "exchange": name, "durable": true, "routing_key": "order.new", "msg_id_key": "Id"}}))
	defer startAgent(t, pipe(t, factory, shop.URL), map[string]any{"host": url, "name": name, "exchange": name, "durable": true, "nack_discard": true})()

	member, _ := baggage.NewMember("tenant", "acme")
	bag, _ := baggage.New(member)
	requestCtx, request := tracer.Start(baggage.ContextWithBaggage(t.Context(), bag), "POST /orders")
	if _, err := publish(requestCtx, &proxy.Request{Params: map[string]string{"Id": "m-1"}}); err != nil {
		t.Fatal(err)
	}
	request.End()
	header := <-reached
	published := ended(t, recorder, "publish "+name)
	wantSpan(t, published, trace.SpanKindProducer, request.SpanContext(),
		attribute.String("messaging.operation.name", "publish"), attribute.String("messaging.operation.type", "send"),
		attribute.String("messaging.destination.name", name+":order.new"), attribute.String("messaging.rabbitmq.destination.routing_key", "order.new"),
		attribute.String("messaging.message.id", "m-1"), attribute.Int("messaging.message.body.size", 0))
	processed := ended(t, recorder, "process "+name)
	wantSpan(t, processed, trace.SpanKindConsumer, published.SpanContext(),
		attribute.String("messaging.operation.name", "process"), attribute.String("messaging.destination.name", name+":order.new:"+name),
		attribute.String("messaging.message.id", "m-1"), attribute.String("error.type", "409"))
	wantLink(t, processed, published.SpanContext())
	if processed.Status().Code != codes.Error || published.Status().Code == codes.Error {
		t.Errorf("process is %v, publish %v", processed.Status(), published.Status())
	}
	if parent := header.Get("Traceparent"); !strings.Contains(parent, processed.SpanContext().SpanID().String()) || header.Get("Baggage") != "tenant=acme" {
		t.Errorf("the backend gets %v", header)
	}
}

// startAgent starts an agent with a block, until end.
func startAgent(t *testing.T, backends proxy.Proxy, block map[string]any) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	started := agent.StartAgent(ctx, async.Options{
		Agent: &config.AsyncAgent{Name: "orders", Consumer: config.Consumer{Topic: "#", Timeout: 5 * time.Second}, ExtraConfig: config.ExtraConfig{"async/amqp": block}},
		Proxy: backends, AgentPing: make(chan string, 1), G: group, Logger: logging.NoOp,
	})
	if !started {
		t.Fatal("no agent")
	}
	return func() { cancel(); _ = group.Wait() }
}

// What an agent publishes to settle a message is below its processing, which was over
// before.
func TestTrace_RepliesAndCopiesAreBelowTheProcessing(t *testing.T) {
	recorder, _ := tracing(t)
	url, name := rabbit.Shared(t).URL(), rand.Text()
	failing := func(context.Context, *proxy.Request) (*proxy.Response, error) { return nil, context.DeadlineExceeded }
	ch := rabbit.Channel(t, url)
	if _, err := ch.QueueDeclare(name, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	defer startAgent(t, failing, map[string]any{"host": url, "name": name, "exchange": "", "durable": true, "reply": true,
		"retry": map[string]any{"max_attempts": 2.0, "max_delay": "10ms", "dead_letter": name + ".dead"}})()
	if err := ch.PublishWithContext(t.Context(), "", name, false, false, amqp091.Publishing{ReplyTo: name + ".replies"}); err != nil {
		t.Fatal(err)
	}
	processed, published := endedAll(t, recorder, 2, "process "+name), endedAll(t, recorder, 3, "publish amq.default")
	wantSpan(t, processed[1], trace.SpanKindConsumer, published[0].SpanContext())
	for i, below := range []sdktrace.ReadOnlySpan{processed[0], processed[1], processed[1]} { // a copy; the reply and another copy
		wantSpan(t, published[i], trace.SpanKindProducer, below.SpanContext())
		if published[i].StartTime().Before(below.EndTime()) {
			t.Errorf("published at %s, while the backends were at work until %s", published[i].StartTime(), below.EndTime())
		}
	}
}

// pipe is the agent's HTTP backend, as Lura puts it together.
func pipe(t *testing.T, factory proxy.BackendFactory, url string) proxy.Proxy {
	t.Helper()
	p, err := proxy.NewDefaultFactory(factory, logging.NoOp).New(&config.EndpointConfig{Endpoint: "orders", Timeout: 5 * time.Second, Backend: []*config.Backend{{
		Host: []string{url}, URLPattern: "/", Method: "POST", Encoding: encoding.NOOP, Decoder: encoding.NoOpDecoder, Timeout: 5 * time.Second,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A request for a message is traced in its own trace, and linked to the message's.
func TestTrace_ARequestForAMessageIsLinkedToIt(t *testing.T) {
	recorder, tracer := tracing(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	url, name := rabbit.Shared(t).URL(), rand.Text()
	factory := amqp.NewBackendFactory(ctx, logging.NoOp, proxy.HTTPProxyFactory(http.DefaultClient))
	publish := factory(backendOf(url, config.ExtraConfig{"backend/amqp/producer": map[string]any{"name": name, "exchange": "", "durable": true, "routing_key": name}}))
	consume := factory(&config.Backend{Host: []string{url}, ExtraConfig: config.ExtraConfig{"backend/amqp/consumer": map[string]any{
		"name": name, "exchange": "", "durable": true, "routing_key": []any{}, "mode": "pull", "wait": "5s"}}, Encoding: encoding.STRING})
	for _, endpoint := range []string{"POST", "GET"} {
		answer := publish
		if endpoint == "GET" {
			answer = consume
		}
		requestCtx, request := tracer.Start(t.Context(), endpoint)
		if response, err := answer(requestCtx, &proxy.Request{}); err != nil || !response.IsComplete {
			t.Fatal(endpoint, response, err)
		}
		request.End()
	}
	published, received := ended(t, recorder, "publish amq.default"), ended(t, recorder, "receive "+name)
	wantSpan(t, received, trace.SpanKindClient, ended(t, recorder, "GET").SpanContext(), attribute.String("messaging.operation.type", "receive"), attribute.String("messaging.destination.name", name))
	wantLink(t, received, published.SpanContext())
}
