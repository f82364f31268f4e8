package consumer

import (
	"errors"
	"net/http"
	"reflect"
	"testing"

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
		r, err := newMapping(tc.remote).response(&amqp.Delivery{Body: []byte(tc.body)})
		if err != nil || !r.IsComplete || !reflect.DeepEqual(r.Data, tc.want) {
			t.Errorf("%s %q: %+v %v, want %v", tc.remote.Encoding, tc.body, r, err, tc.want)
		}
	}
}

func TestResponse_RawOnNoOp(t *testing.T) {
	for contentType, want := range map[string]map[string][]string{
		"text/csv": {"Content-Type": {"text/csv"}, "Content-Length": {"4"}},
		"":         {"Content-Length": {"4"}},
	} {
		r, err := newMapping(backend(encoding.NOOP)).response(&amqp.Delivery{ContentType: contentType, Body: []byte("1,\x00\xff")})
		if err != nil {
			t.Fatal(err)
		}
		if r.Metadata.StatusCode != http.StatusOK || !reflect.DeepEqual(r.Metadata.Headers, want) || len(r.Data) > 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestResponse_UndecodableIs502(t *testing.T) {
	_, err := newMapping(backend(encoding.JSON)).response(&amqp.Delivery{Body: []byte("{")})
	var answered *status.Error
	if !errors.As(err, &answered) || answered.Code != http.StatusBadGateway {
		t.Error(err)
	}
}

func TestEmpty(t *testing.T) {
	if r := newMapping(backend(encoding.NOOP)).empty(); r.Metadata.StatusCode != http.StatusNoContent || r.Io != nil {
		t.Errorf("no-op: %+v", r)
	}
	if r := newMapping(backend(encoding.JSON)).empty(); r.IsComplete || r.Data == nil || len(r.Data) > 0 {
		t.Errorf("json: %+v", r)
	}
}

// Whatever is in a queue becomes a response, or a 502.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"a":1}`), "application/json")
	f.Add([]byte(`[`), "")
	f.Add([]byte(nil), "\r\n")
	var mappings []mapping
	for _, enc := range []string{encoding.JSON, encoding.SAFE_JSON, encoding.STRING, encoding.NOOP} {
		mappings = append(mappings, newMapping(backend(enc)))
	}
	mappings = append(mappings, newMapping(&config.Backend{Target: "a.b", Mapping: map[string]string{"a": "b"}, DenyList: []string{"a.c"}}))
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, m := range mappings {
			r, err := m.response(&amqp.Delivery{Body: body, ContentType: contentType})
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
