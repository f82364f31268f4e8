package agent

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	pathpkg "path"
	"slices"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	"github.com/luraproject/lura/v2/transport/http/client"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/transfer"
)

// requestOf is the request that an agent with these headers and url_pattern makes.
func requestOf(t testing.TB, msg *amqp.Delivery, pattern string, headers ...any) (*proxy.Request, error) {
	t.Helper()
	cfg, problems := NewConfig(with(config.AsyncAgent{Backend: []*config.Backend{{URLPattern: pattern}}}, map[string]any{"headers": append([]any{}, headers...)}))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return cfg.mapping.request(t.Context(), msg)
}

func TestRequest_HasBodyAndWhatItIs(t *testing.T) {
	msg := amqp.Delivery{ContentType: "text/csv", ContentEncoding: "gzip", Body: []byte("1,2"), Headers: amqp.Table{"X-Tag": "a", "Content-Type": "forged", "content_encoding": "forged"}}
	r, err := requestOf(t, &msg, "/")
	body, _ := io.ReadAll(r.Body)
	if err != nil || string(body) != "1,2" || len(r.Headers) != 2 || r.Headers["Content-Type"][0] != "text/csv" || r.Headers["Content-Encoding"][0] != "gzip" || len(r.Params) > 0 {
		t.Errorf("%+v %q %v", r, body, err)
	}
}

func TestRequest_DropsPropertiesThatHTTPCannotCarry(t *testing.T) {
	for _, value := range []string{"", "a\r\nHost: evil", "a\x00", "\x7f"} {
		if r, err := requestOf(t, &amqp.Delivery{ContentType: value, ContentEncoding: value}, "/"); err != nil || len(r.Headers) > 0 {
			t.Errorf("%q: %v %v", value, r.Headers, err)
		}
	}
}

// What a message may set is a security boundary.
func TestRequest_Headers(t *testing.T) {
	sent := amqp.Table{
		"X-Tenant": "acme", "x-list": []any{"a", int32(1)}, "traceparent": "00-a", "Tracestate": []any{"s"}, "baggage": "b",
		"Authorization": "Bearer x", "Cookie": "a=b", "Forwarded": "for=1", "X-Forwarded-For": "::1", "X-Forwarded-Anything": "1", "X-Real-IP": "::1", "via": "v",
		"Host": "evil", "Content-Length": "0", "Connection": "close", "Transfer-Encoding": "chunked", "Te": "trailers", "Expect": "100-continue", "Upgrade": "h2c",
		"X-Amqp-Delivery-Count": "9", "x-lura-amqp-publish": int64(1), "bad name": "x", "X-Bad": "a\r\nX-Injected: 1", "x-death": []any{amqp.Table{"count": int64(1)}},
		"X_Forwarded_For": "::1", "x_real_ip": "::1", "Content_Length": "0", "transfer_encoding": "chunked", "HOST_": "x", "X_Amqp_Delivery_Count": "9",
		"X-Original-URL": "/admin", "X-Rewrite-Url": "/admin", "X-HTTP-Method-Override": "DELETE", "Proxy-Authorization": "Basic x", "X-Forwarded": "for=1",
	}
	trace := []string{"Baggage", "Traceparent", "Tracestate"}
	for _, tc := range []struct {
		headers []any
		want    []string
	}{
		{nil, trace},
		{[]any{"x-tenant", "content-type"}, append([]string{"X-Tenant"}, trace...)},
		{[]any{"*"}, append([]string{"Host_", "X-List", "X-Tenant"}, trace...)},
		{[]any{"*", "authorization", "x-forwarded-for"}, append([]string{"Host_", "X-List", "X-Tenant", "Authorization", "X-Forwarded-For"}, trace...)},
	} {
		r, err := requestOf(t, &amqp.Delivery{Headers: sent}, "/", tc.headers...)
		slices.Sort(tc.want)
		if got := slices.Sorted(maps.Keys(r.Headers)); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%q: %q %v", tc.headers, got, err)
		}
	}
	for _, name := range []string{"Host", "content-length", "Connection", "Transfer-Encoding", "Upgrade", "Expect", "X-Amqp-Delivery-Count", "x_amqp_a", "content_length", "a b"} {
		_, problems := NewConfig(with(config.AsyncAgent{}, map[string]any{"headers": []any{name}}))
		if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), path+"headers[0]: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRequest_ParametersStayOnePartOfThePath(t *testing.T) {
	const pattern = "/{{.Exchange}}/{{.Routing_key}}/{{.Message_id}}/{{.Correlation_id}}/{{.Delivery_count}}"
	msg := amqp.Delivery{Exchange: "shop", RoutingKey: "a/b..?a=1&b=2#c", MessageId: "a b%2F+é", CorrelationId: "{{.Exchange}}", Headers: amqp.Table{"x-delivery-count": int64(3)}}
	r, err := requestOf(t, &msg, pattern)
	if err != nil {
		t.Fatal(err)
	}
	r.GeneratePath(pattern)
	const want = "/shop/a%2Fb..%3Fa%3D1%26b%3D2%23c/a%20b%252F%2B%C3%A9/%7B%7B.Exchange%7D%7D/3"
	parsed, err := url.Parse("http://backend" + r.Path)
	if err != nil || r.Path != want || parsed.EscapedPath() != want || parsed.RawQuery != "" || strings.Count(parsed.EscapedPath(), "/") != 5 {
		t.Errorf("%s %v", r.Path, err)
	}
	moved := amqp.Delivery{RoutingKey: "q", Headers: amqp.Table{transfer.Exchange: "shop", transfer.RoutingKey: "orders.new", transfer.Attempt: int64(2)}}
	r, err = requestOf(t, &moved, "/{{.Exchange}}/{{.Routing_key}}?n={{.Delivery_count}}")
	if err != nil || r.Params["Exchange"] != "shop" || r.Params["Routing_key"] != "orders.new" || r.Params["Delivery_count"] != "2" || len(r.Params) != 3 {
		t.Errorf("a message that was tried before: %v %v", r, err)
	}
	forged := amqp.Delivery{Exchange: "shop", RoutingKey: "orders.new", Headers: amqp.Table{transfer.Exchange: "bank", transfer.RoutingKey: "pay", transfer.Attempt: int64(-5), "x-delivery-count": int64(-9)}}
	r, err = requestOf(t, &forged, "/{{.Exchange}}/{{.Routing_key}}?n={{.Delivery_count}}")
	if err != nil || r.Params["Exchange"] != "shop" || r.Params["Routing_key"] != "orders.new" || r.Params["Delivery_count"] != "0" || r.Headers[deliveryCount] != nil {
		t.Errorf("a message that says it was moved: %v %v", r, err)
	}
	for _, key := range []string{"", ".", "..", "...", "/", "../admin", "a/../../admin", `..\admin`, "a/./b", "a/.."} {
		_, err := requestOf(t, &amqp.Delivery{RoutingKey: key}, "/orders/{{.Routing_key}}")
		var cfg Config
		if err == nil || !strings.HasPrefix(err.Error(), "parameter Routing_key: ") || !cfg.permanent(classify(err)) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestRequest_OneTraceContext(t *testing.T) {
	r, err := requestOf(t, &amqp.Delivery{Headers: amqp.Table{"traceparent": "ours", "Traceparent": []any{"the client's"}, "Tracestate": []any{"s"}}}, "/")
	if err != nil || !slices.Equal(r.Headers["Traceparent"], []string{"ours"}) || !slices.Equal(r.Headers["Tracestate"], []string{"s"}) {
		t.Errorf("%v %v", r.Headers, err)
	}
}

func TestPatterns_WhatMessagesCannotFill(t *testing.T) {
	for pattern, want := range map[string]string{
		"/{{.Message_id}}":           "",
		"/{{.Resp0_id}}":             "",
		"/{{.Mesage_id}}":            `backend[0].url_pattern: messages have no parameter "Mesage_id"; did you mean "Message_id"?`,
		"/{{ .Message_id }}":         `backend[0].url_pattern: {{ .Message_id }} is not replaced; write {{.Message_id}}`,
		"/{Message_id}":              `backend[0].url_pattern: {Message_id} is not replaced; write {{.Message_id}}`,
		"{{.Routing_key}}/orders":    `backend[0].url_pattern: must begin with "/", or a message could choose the host; write "/{{.Routing_key}}/orders"`,
		"orders":                     "",
		"/{{.Exchange}}?n={{.Nope}}": `backend[0].url_pattern: messages have no parameter "Nope"; use one of Routing_key, Exchange, Message_id, Correlation_id and Delivery_count`,
	} {
		_, problems := NewConfig(with(config.AsyncAgent{Backend: []*config.Backend{{URLPattern: pattern}}}, nil))
		var got string
		if len(problems) > 0 {
			got = problems[0].String()
		}
		if got != want || len(problems) > 1 {
			t.Errorf("%s: %v", pattern, problems)
		}
	}
}

func TestFailure(t *testing.T) {
	broken := errors.New("boom")
	detail := client.NamedHTTPResponseError{HTTPResponseError: client.HTTPResponseError{Code: 418}}
	for _, tc := range []struct {
		name     string
		response *proxy.Response
		err      error
		want     string // empty for a success
	}{
		{"nothing", nil, nil, ""},
		{"data", &proxy.Response{Data: map[string]any{"a": 1}, IsComplete: true}, nil, ""},
		{"no-op", &proxy.Response{Metadata: proxy.Metadata{StatusCode: 201}, Io: strings.NewReader("x")}, nil, ""},
		{"error", &proxy.Response{}, broken, "boom"},
		{"no-op 4xx", &proxy.Response{Metadata: proxy.Metadata{StatusCode: 404}}, nil, "404"},
		{"no-op 5xx", &proxy.Response{Metadata: proxy.Metadata{StatusCode: 503}}, nil, "503"},
		{"return_error_details of one of several backends", &proxy.Response{Data: map[string]any{"error_b": detail}}, nil, "418"},
	} {
		err := failure(tc.response, tc.err)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestDrain_AnswerThatBreaksOff(t *testing.T) {
	broken := errors.New("boom")
	if err := drain(&proxy.Response{Io: io.MultiReader(strings.NewReader("x"), failing{broken})}, io.Discard); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := drain(&proxy.Response{Io: failing{io.ErrUnexpectedEOF}}, io.Discard); err == nil {
		t.Error("an answer that is cut off is taken for a whole one")
	}
	for _, response := range []*proxy.Response{nil, {}, {Io: strings.NewReader("x")}} {
		if err := drain(response, io.Discard); err != nil {
			t.Errorf("%v: %v", response, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Whatever is in a queue becomes a request that net/http sends to the same path.
func FuzzRequest(f *testing.F) {
	f.Add("application/json", "orders.new", "X-Tag", []byte(`{}`))
	f.Add("a\r\nb", "..", "Host", []byte(nil))
	f.Fuzz(func(t *testing.T, contentType, key, header string, body []byte) {
		r, err := requestOf(t, &amqp.Delivery{ContentType: contentType, RoutingKey: key, Headers: amqp.Table{header: key}, Body: body}, "/orders/{{.Routing_key}}/x", "*")
		if err != nil {
			return
		}
		r.GeneratePath("/orders/{{.Routing_key}}/x")
		out, err := http.NewRequest(http.MethodPost, "http://localhost"+r.Path, r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if clean := pathpkg.Clean(out.URL.EscapedPath()); strings.Count(clean, "/") != 3 || out.URL.RawQuery != "" || !strings.HasPrefix(clean, "/orders/") || !strings.HasSuffix(clean, "/x") {
			t.Errorf("%q leads to %s", key, out.URL)
		}
		out.Header = r.Headers
		if err := out.Write(io.Discard); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	})
}
