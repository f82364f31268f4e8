package response

import (
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/status"
)

func backend(enc string) *config.Backend {
	return &config.Backend{Encoding: enc, Decoder: encoding.GetRegister().Get(enc)(false)}
}

func TestResponse_DecodesWithTheBackendsEncoding(t *testing.T) {
	for _, tc := range []struct {
		remote *config.Backend
		body   string
		want   map[string]any
	}{
		{backend(encoding.JSON), `{"a":"b"}`, map[string]any{"a": "b"}},
		{backend(encoding.JSON), ``, map[string]any{}},
		{backend(encoding.SAFE_JSON), `["a"]`, map[string]any{"collection": []any{"a"}}},
		{backend(encoding.STRING), `hello`, map[string]any{"content": "hello"}},
		{&config.Backend{Decoder: encoding.NewJSONDecoder(true)}, `["a"]`, map[string]any{"collection": []any{"a"}}},
		{&config.Backend{}, `{"a":"b"}`, map[string]any{"a": "b"}},
		{&config.Backend{Group: "g", AllowList: []string{"a"}, Mapping: map[string]string{"a": "x"}}, `{"a":"b","c":"d"}`, map[string]any{"g": map[string]any{"x": "b"}}},
		{&config.Backend{Target: "inner"}, `{"inner":{"a":"b"}}`, map[string]any{"a": "b"}},
	} {
		r, err := NewMapping(tc.remote, false).Of(&amqp.Delivery{Body: []byte(tc.body)})
		if err != nil || !r.IsComplete || !reflect.DeepEqual(r.Data, tc.want) {
			t.Errorf("%s %q: %+v %v, want %v", tc.remote.Encoding, tc.body, r, err, tc.want)
		}
	}
}

func TestResponse_RawOnNoOpWithThePropertiesAsHeaders(t *testing.T) {
	own := amqp.Table{
		"X-Tenant": "acme", "x-list": []any{"a", int32(1), true, amqp.Table{}}, "x-at": time.Unix(0, 0), "X-Bytes": []byte("b"),
		"X-Amqp-Message-Id": "forged", "Connection": "close", "content-length": "9999", "Transfer-Encoding": "chunked",
		"bad name": "x", "X-Bad": "a\r\nX-Injected: 1", "X-Table": amqp.Table{"a": 1}, "X-Nil": nil, "x-delivery-count": int64(2), "x-lura-amqp-publish": int64(7),
	}
	body := []byte("1,\x00\xff")
	for name, tc := range map[string]struct {
		msg  amqp.Delivery
		own  bool
		want map[string][]string
	}{
		"nothing": {amqp.Delivery{Body: body}, true, map[string][]string{"Content-Length": {"4"}, "X-Amqp-Redelivered": {"false"}}},
		"properties": {
			amqp.Delivery{
				Body: body, ContentType: "text/csv", ContentEncoding: "gzip", MessageId: "m-1", CorrelationId: "c-1", RoutingKey: "orders.new",
				Exchange: "shop", Redelivered: true, Timestamp: time.Unix(1700000000, 0), Headers: own,
			}, false,
			map[string][]string{
				"Content-Length": {"4"}, "Content-Type": {"text/csv"}, "Content-Encoding": {"gzip"}, "X-Amqp-Message-Id": {"m-1"},
				"X-Amqp-Correlation-Id": {"c-1"}, "X-Amqp-Routing-Key": {"orders.new"}, "X-Amqp-Exchange": {"shop"}, "X-Amqp-Redelivered": {"true"},
				"X-Amqp-Timestamp": {"2023-11-14T22:13:20Z"}, "X-Amqp-Delivery-Count": {"2"},
			},
		},
		"what HTTP cannot carry": {
			amqp.Delivery{Body: body, ContentType: "a\nb", MessageId: "a\r\nX-Injected: 1"}, false,
			map[string][]string{"Content-Length": {"4"}, "X-Amqp-Redelivered": {"false"}},
		},
		"its own headers": {
			amqp.Delivery{Body: body, Headers: own}, true,
			map[string][]string{
				"Content-Length": {"4"}, "X-Amqp-Redelivered": {"false"}, "X-Amqp-Delivery-Count": {"2"}, "X-Tenant": {"acme"},
				"X-List": {"a", "1", "true"}, "X-At": {"1970-01-01T00:00:00Z"}, "X-Bytes": {"b"}, "X-Delivery-Count": {"2"},
			},
		},
	} {
		r, err := NewMapping(backend(encoding.NOOP), tc.own).Of(&tc.msg)
		if err != nil {
			t.Fatal(err)
		}
		if r.Metadata.StatusCode != http.StatusOK || !reflect.DeepEqual(r.Metadata.Headers, tc.want) || len(r.Data) > 0 {
			t.Errorf("%s: %+v", name, r.Metadata)
		}
	}
}

func TestResponse_UndecodableIs502(t *testing.T) {
	_, err := NewMapping(backend(encoding.JSON), false).Of(&amqp.Delivery{Body: []byte("{")})
	var answered *status.Error
	if !errors.As(err, &answered) || answered.Code != http.StatusBadGateway {
		t.Error(err)
	}
}

func TestEmpty(t *testing.T) {
	if r := NewMapping(backend(encoding.NOOP), false).Empty(); r.Metadata.StatusCode != http.StatusNoContent || r.Io != nil {
		t.Errorf("no-op: %+v", r)
	}
	if r := NewMapping(backend(encoding.JSON), false).Empty(); r.IsComplete || r.Data == nil || len(r.Data) > 0 {
		t.Errorf("json: %+v", r)
	}
}

// Whatever is in a queue becomes a response, or a 502.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"a":1}`), "application/json")
	f.Add([]byte(`[`), "")
	f.Add([]byte(nil), "\r\n")
	var mappings []Mapping
	for _, enc := range []string{encoding.JSON, encoding.SAFE_JSON, encoding.STRING, encoding.NOOP} {
		mappings = append(mappings, NewMapping(backend(enc), true))
	}
	mappings = append(mappings, NewMapping(&config.Backend{Target: "a.b", Mapping: map[string]string{"a": "b"}, DenyList: []string{"a.c"}}, false))
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, m := range mappings {
			r, err := m.Of(&amqp.Delivery{Body: body, ContentType: contentType})
			var answered *status.Error
			if err != nil && (!errors.As(err, &answered) || answered.Code != http.StatusBadGateway) {
				t.Errorf("%v", err)
			}
			if err == nil && r.Data == nil {
				t.Error("a response without data")
			}
		}
	})
}
