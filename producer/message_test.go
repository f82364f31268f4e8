package producer

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/status"
)

var now = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// everyParameter is the example of KrakenD's documentation of the producer.
func everyParameter(t testing.TB) Config {
	return configOf(t, "/produce/:a/:b/:id/:prio/:route", map[string]any{
		"exp_key": "A", "reply_to_key": "B", "msg_id_key": "Id", "priority_key": "Prio", "routing_key": "Route",
	})
}

func bodyOf(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func TestMessage_TakesPropertiesFromParameters(t *testing.T) {
	cfg := everyParameter(t)
	m, err := cfg.message(&proxy.Request{
		Params:  map[string]string{"A": "60000", "B": "answers", "Id": "42", "Prio": "7", "Route": "orders.new"},
		Headers: map[string][]string{"Content-Type": {"application/json"}, "X-Tag": {"a", "b"}},
		Body:    bodyOf(`{"n":1}`),
	}, newBody(), now)
	if err != nil {
		t.Fatal(err)
	}
	want := amqp.Publishing{
		Headers:     amqp.Table{"Content-Type": []any{"application/json"}, "X-Tag": []any{"a", "b"}},
		ContentType: "application/json",
		Expiration:  "60000", ReplyTo: "answers", MessageId: "42", Priority: 7,
		Timestamp: now, Body: []byte(`{"n":1}`),
	}
	if m.RoutingKey != "orders.new" || m.Mandatory || !reflect.DeepEqual(m.Publishing, want) {
		t.Errorf("got %+v", m)
	}
}

func TestMessage_NilRequestAndNilBody(t *testing.T) {
	cfg := configOf(t, "", nil)
	for _, r := range []*proxy.Request{nil, {}} {
		if m, err := cfg.message(r, newBody(), now); err != nil || len(m.Body) > 0 || m.RoutingKey != "#" {
			t.Errorf("%v: %+v %v", r, m, err)
		}
	}
}

func TestMessage_PersistentWhenDurable(t *testing.T) {
	for durable, want := range map[bool]uint8{true: amqp.Persistent, false: 0} {
		cfg := configOf(t, "", map[string]any{"durable": durable})
		if m, _ := cfg.message(nil, newBody(), now); m.DeliveryMode != want {
			t.Errorf("durable %t: delivery mode %d", durable, m.DeliveryMode)
		}
	}
}

func TestMessage_ImmediateIsAnExpirationOfZero(t *testing.T) {
	cfg := configOf(t, "/p/{a}", map[string]any{"immediate": true, "exp_key": "A"})
	if m, err := cfg.message(&proxy.Request{Params: map[string]string{"A": "5"}}, newBody(), now); err != nil || m.Expiration != "0" {
		t.Errorf("expiration %q, %v", m.Expiration, err)
	}
}

func TestMessage_FlattenedHeaders(t *testing.T) {
	cfg := configOf(t, "", map[string]any{"flatten_headers": true})
	m, err := cfg.message(&proxy.Request{Headers: map[string][]string{"X-Tag": {"a", "b"}, "X-One": {"1"}, "X-None": {}}}, newBody(), now)
	want := amqp.Table{"X-Tag": "a, b", "X-One": "1", "X-None": ""}
	if err != nil || !reflect.DeepEqual(m.Headers, want) {
		t.Errorf("%v %v", m.Headers, err)
	}
}

func TestMessage_SelectedHeaders(t *testing.T) {
	sent := map[string][]string{"X-Tenant": {"acme"}, "X-Debug": {"1"}, "Authorization": {"Bearer x"}, "Cookie": {"a=b"}, "X-Forwarded-For": {"::1"}, "Accept": {"*/*"}}
	for _, tc := range []struct {
		headers map[string]any
		want    []string
	}{
		{nil, []string{"Accept", "X-Debug", "X-Tenant"}},
		{map[string]any{"exclude": []any{"x-debug"}}, []string{"Accept", "X-Tenant"}},
		{map[string]any{"include": []any{"*", "authorization"}}, []string{"Accept", "Authorization", "X-Debug", "X-Tenant"}},
		{map[string]any{"include": []any{"cookie", "x-forwarded-for"}}, []string{"Cookie", "X-Forwarded-For"}},
		{map[string]any{"include": []any{"*", "Cookie"}, "exclude": []any{"cookie", "accept"}}, []string{"X-Debug", "X-Tenant"}},
		{map[string]any{"include": []any{}}, nil},
	} {
		keys := map[string]any{}
		if tc.headers != nil {
			keys["headers"] = tc.headers
		}
		cfg := configOf(t, "", keys)
		m, err := cfg.message(&proxy.Request{Headers: sent}, newBody(), now)
		if got := slices.Sorted(maps.Keys(m.Headers)); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%v: %q %v", tc.headers, got, err)
		}
	}
}

func TestMessage_StaticProperties(t *testing.T) {
	cfg := configOf(t, "/p/{kind}", map[string]any{"type_key": "Kind", "type": "order", "app_id": "shop", "content_type": "a/b", "content_encoding": "br"})
	of := proxy.Request{Headers: map[string][]string{"Content-Type": {"c/d"}, "Content-Encoding": {"gzip"}}}
	m, err := cfg.message(&of, newBody(), now)
	if err != nil || m.Type != "order" || m.AppId != "shop" || m.ContentType != "a/b" || m.ContentEncoding != "br" {
		t.Errorf("%+v %v", m, err)
	}
	of.Params = map[string]string{"Kind": "refund"}
	if m, err := cfg.message(&of, newBody(), now); err != nil || m.Type != "refund" {
		t.Errorf("%+v %v", m, err)
	}
	cfg = configOf(t, "", nil)
	if m, err := cfg.message(&of, newBody(), now); err != nil || m.Type != "" || m.AppId != "" || m.ContentType != "c/d" || m.ContentEncoding != "gzip" {
		t.Errorf("%+v %v", m, err)
	}
}

func TestMessage_RoutingKey(t *testing.T) {
	for _, tc := range []struct {
		name     string
		endpoint string
		keys     map[string]any
		params   map[string]string
		want     string
	}{
		{"from the URL", "/p/:route", map[string]any{"routing_key": "Route"}, map[string]string{"Route": "a.b"}, "a.b"},
		{"static by key", "/p/:route", map[string]any{"routing_key": "Route", "static_routing_key": true}, map[string]string{"Route": "a.b"}, "Route"},
		{"static, no such parameter", "/p", map[string]any{"routing_key": "orders"}, nil, "orders"},
		{"added by a sequential proxy", "/p", map[string]any{"routing_key": "Resp0_id"}, map[string]string{"Resp0_id": "7"}, "7"},
	} {
		cfg := configOf(t, tc.endpoint, tc.keys)
		if m, err := cfg.message(&proxy.Request{Params: tc.params}, newBody(), now); err != nil || m.RoutingKey != tc.want {
			t.Errorf("%s: %q %v", tc.name, m.RoutingKey, err)
		}
	}
}

func TestMessage_BadInputIsAnErrorThatNamesTheParameter(t *testing.T) {
	long := strings.Repeat("k", 256)
	good := map[string]string{"A": "1", "B": "r", "Id": "i", "Prio": "1", "Route": "k"}
	for _, tc := range []struct {
		param, value, want string
	}{
		{"A", "abc", `parameter A: "abc" is not an expiration in milliseconds`},
		{"A", "-1", "parameter A"},
		{"A", "1.5", "parameter A"},
		{"A", "4294967296", "parameter A"},
		{"Prio", "256", `parameter Prio: "256" is not a priority, 0 to 255`},
		{"Prio", "-1", "parameter Prio"},
		{"Prio", strings.Repeat("9", 1000), "parameter Prio: \"99999999999999999999999999999999…\""},
		{"B", long, "parameter B: 256 bytes, longer than 255"},
		{"Id", long, "parameter Id: 256 bytes"},
		{"Route", long, "parameter Route: 256 bytes"},
		{"Route", "\xff", "parameter Route: not valid UTF-8"},
		{"B", "amq.rabbitmq.reply-to", "parameter B: amq.rabbitmq.reply-to is not a queue"},
		{"B", "amq.rabbitmq.reply-to.garbage.a", "parameter B: amq.rabbitmq.reply-to.garbage.a is not a queue"},
		{"B", "amq.rabbitmq.reply-to." + long, "parameter B: amq.rabbitmq.reply-to."},
	} {
		params := maps.Clone(good)
		params[tc.param] = tc.value
		cfg := everyParameter(t)
		_, err := cfg.message(&proxy.Request{Params: params}, newBody(), now)
		wantStatus(t, err, http.StatusBadRequest, tc.want)
	}
	delete(good, "Route")
	cfg := everyParameter(t)
	_, err := cfg.message(&proxy.Request{Params: good}, newBody(), now)
	wantStatus(t, err, http.StatusBadRequest, "parameter Route: missing")
}

func TestMessage_NobodyForgesReplies(t *testing.T) {
	cfg := configOf(t, "/p/{route}", map[string]any{"exchange": "", "routing_key": "Route"})
	_, err := cfg.message(&proxy.Request{Params: map[string]string{"Route": "amq.rabbitmq.reply-to.g1h2.key"}}, newBody(), now)
	wantStatus(t, err, http.StatusBadRequest, "parameter Route: the address of another client's replies")
}

func TestMessage_CorrelationIDOfTheCaller(t *testing.T) {
	byParameter := configOf(t, "/p/{call}", map[string]any{"correlation_id_key": "Call"})
	byHeader := configOf(t, "/p", map[string]any{"correlation_id_header": "x-correlation-id"})
	long := strings.Repeat("i", 256)
	for _, tc := range []struct {
		cfg     Config
		request proxy.Request
		want    string // begins with "parameter" or "header" where it is an error
	}{
		{byParameter, proxy.Request{Params: map[string]string{"Call": "7"}}, "7"},
		{byParameter, proxy.Request{}, ""},
		{byHeader, proxy.Request{Headers: map[string][]string{"X-Correlation-Id": {"7", "8"}}}, "7"},
		{byHeader, proxy.Request{}, ""},
		{byParameter, proxy.Request{Params: map[string]string{"Call": long}}, "parameter Call: 256 bytes"},
		{byHeader, proxy.Request{Headers: map[string][]string{"X-Correlation-Id": {long}}}, "header X-Correlation-Id: 256 bytes"},
	} {
		m, err := tc.cfg.message(&tc.request, newBody(), now)
		if strings.Contains(tc.want, " ") {
			wantStatus(t, err, http.StatusBadRequest, tc.want)
		} else if err != nil || m.CorrelationId != tc.want {
			t.Errorf("%v: %q %v", tc.request, m.CorrelationId, err)
		}
	}
}

func TestMessage_BadHeaders(t *testing.T) {
	cfg := configOf(t, "", nil)
	_, err := cfg.message(&proxy.Request{Headers: map[string][]string{strings.Repeat("X", 256): {"1"}}}, newBody(), now)
	wantStatus(t, err, http.StatusBadRequest, "header name: 256 bytes")
	_, err = cfg.message(&proxy.Request{Headers: map[string][]string{"Content-Type": {strings.Repeat("x", 256)}}}, newBody(), now)
	wantStatus(t, err, http.StatusBadRequest, "header Content-Type: 256 bytes")
}

func TestMessage_BodySize(t *testing.T) {
	cfg := configOf(t, "", map[string]any{"max_body_size": 4.0})
	if m, err := cfg.message(&proxy.Request{Body: bodyOf("1234")}, newBody(), now); err != nil || string(m.Body) != "1234" {
		t.Errorf("%q %v", m.Body, err)
	}
	_, err := cfg.message(&proxy.Request{Body: bodyOf("12345")}, newBody(), now)
	wantStatus(t, err, http.StatusRequestEntityTooLarge, "body: more than 4 bytes")

	unlimited := configOf(t, "", map[string]any{"max_body_size": 0.0})
	if m, err := unlimited.message(&proxy.Request{Body: bodyOf("12345")}, newBody(), now); err != nil || len(m.Body) != 5 {
		t.Errorf("%q %v", m.Body, err)
	}
	limited := http.MaxBytesReader(nil, bodyOf("12345"), 2)
	_, err = unlimited.message(&proxy.Request{Body: limited}, newBody(), now)
	wantStatus(t, err, http.StatusRequestEntityTooLarge, "body: more than 2 bytes")
}

func TestMessage_BodyThatCannotBeRead(t *testing.T) {
	broken := errors.New("connection reset")
	cfg := configOf(t, "", nil)
	_, err := cfg.message(&proxy.Request{Body: io.NopCloser(io.MultiReader(strings.NewReader("x"), failing{broken}))}, newBody(), now)
	wantStatus(t, err, http.StatusBadRequest, "body: connection reset")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func wantStatus(t *testing.T, err error, code int, prefix string) {
	t.Helper()
	var answered *status.Error
	if !errors.As(err, &answered) || answered.StatusCode() != code || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("got %v, want %d %q", err, code, prefix)
	}
}

// Whatever a client sends becomes a message that the broker takes, or a 4xx.
func FuzzMessage(f *testing.F) {
	f.Add("60000", "reply", "id", "5", "key", "X-Header", "value", "application/json", []byte("body"))
	f.Add("abc", "", "", "256", "", "", "", "", []byte(nil))
	cfg := everyParameter(f)
	f.Fuzz(func(t *testing.T, exp, reply, id, prio, key, header, value, contentType string, body []byte) {
		r := &proxy.Request{
			Params:  map[string]string{"A": exp, "B": reply, "Id": id, "Prio": prio, "Route": key},
			Headers: map[string][]string{header: {value}, "Content-Type": {contentType}},
			Body:    io.NopCloser(bytes.NewReader(body)),
		}
		m, err := cfg.message(r, newBody(), now)
		if err != nil {
			var answered *status.Error
			if !errors.As(err, &answered) || answered.Code < 400 || answered.Code > 499 {
				t.Fatalf("not a client error: %v", err)
			}
			return
		}
		for name, s := range map[string]string{"key": m.RoutingKey, "id": m.MessageId, "reply": m.ReplyTo, "type": m.ContentType, "expiration": m.Expiration} {
			if len(s) > 255 || !utf8.ValidString(s) {
				t.Errorf("%s would close the channel: %q", name, s)
			}
		}
		if strings.Trim(m.Expiration, "0123456789") != "" || len(m.Expiration) > 255 {
			t.Errorf("expiration would close the channel: %q", m.Expiration)
		}
		if !bytes.Equal(m.Body, body) {
			t.Errorf("body %q became %q", body, m.Body)
		}
		if err := m.Headers.Validate(); err != nil {
			t.Error(err)
		}
	})
}
