package producer

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"testing"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/response"
)

func answering(cfg Config, enc string) *caller {
	return &caller{cfg: &cfg, mapping: response.NewMapping(&config.Backend{Encoding: enc, Decoder: encoding.GetRegister().Get(enc)(false)}, cfg.Reply.Headers)}
}

func TestReply_IsDecodedByTheBackendsEncoding(t *testing.T) {
	cfg := configOf(t, "", map[string]any{"reply": map[string]any{}, "correlation_id_header": "x-call"})
	r, err := answering(cfg, encoding.JSON).response(&amqp.Delivery{Body: []byte(`{"n":1}`), CorrelationId: "ours"}, "mine")
	if err != nil || !r.IsComplete || len(r.Data) != 1 || !reflect.DeepEqual(r.Metadata.Headers, map[string][]string{"X-Call": {"mine"}}) {
		t.Errorf("%+v %v", r, err)
	}
	_, err = answering(cfg, encoding.JSON).response(&amqp.Delivery{Body: []byte(`{`)}, "")
	wantStatus(t, err, http.StatusBadGateway, "message cannot be decoded")
	_, err = answering(cfg, encoding.JSON).response(&amqp.Delivery{Body: []byte(`{}`), Headers: amqp.Table{"status": int32(404)}}, "")
	wantStatus(t, err, http.StatusNotFound, "the reply has status 404")
}

func TestReply_TheCallersOwnIDComesBackWithErrorsTooIfHTTPCanCarryIt(t *testing.T) {
	c := answering(configOf(t, "", map[string]any{"reply": map[string]any{}}), encoding.JSON)
	for _, reply := range []amqp.Delivery{
		{Body: []byte(`{}`), Headers: amqp.Table{"status": int32(404)}},
		{Body: []byte(`{}`), Headers: amqp.Table{"status": int32(503)}},
		{Body: []byte(`{`)},
	} {
		_, err := c.response(&reply, "mine")
		var answered interface{ Headers() map[string][]string }
		if !errors.As(err, &answered) || !reflect.DeepEqual(answered.Headers()["X-Amqp-Correlation-Id"], []string{"mine"}) {
			t.Errorf("%v: %v", reply, err)
		}
		if _, err := c.response(&reply, "two\nlines"); !errors.As(err, &answered) || answered.Headers()["X-Amqp-Correlation-Id"] != nil {
			t.Errorf("%v: %v", reply, err)
		}
	}
	r, err := c.response(&amqp.Delivery{Body: []byte(`{}`)}, "two\nlines")
	if err != nil || len(r.Metadata.Headers) != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestReply_RawOnNoOpWithItsOwnStatus(t *testing.T) {
	reply := amqp.Delivery{
		Body: []byte("gone"), ContentType: "text/plain", CorrelationId: "ours", Exchange: "", RoutingKey: "amq.rabbitmq.reply-to.secret",
		Headers: amqp.Table{"status": int64(410), "x-lura-amqp-call": "ours", "X-Tag": "a"},
	}
	for _, tc := range []struct {
		reply map[string]any
		want  map[string][]string
	}{
		{map[string]any{}, map[string][]string{}},
		{map[string]any{"headers": true}, map[string][]string{"X-Tag": {"a"}}},
	} {
		tc.want["Content-Type"], tc.want["Content-Length"], tc.want["X-Amqp-Redelivered"] = []string{"text/plain"}, []string{"4"}, []string{"false"}
		tc.want["X-Amqp-Correlation-Id"] = []string{"mine"}
		r, err := answering(configOf(t, "", map[string]any{"reply": tc.reply}), encoding.NOOP).response(&reply, "mine")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Io)
		if string(body) != "gone" || r.Metadata.StatusCode != 410 || !reflect.DeepEqual(r.Metadata.Headers, tc.want) {
			t.Errorf("%v: %q %+v", tc.reply, body, r.Metadata)
		}
	}
	if reply.Headers["status"] == nil {
		t.Error("the reply's own headers were written to")
	}
}

func TestStatusOf(t *testing.T) {
	for _, tc := range []struct {
		status any
		want   int
	}{
		{nil, 200}, {int32(404), 404}, {int64(599), 599}, {uint16(201), 201}, {"503", 503}, {float64(404), 404},
		{199, 200}, {600, 200}, {-1, 200}, {"", 200}, {"ok", 200}, {true, 200}, {[]byte("404"), 200}, {"404.5", 200}, {amqp.Table{}, 200},
	} {
		if got := statusOf(amqp.Table{"status": tc.status}); got != tc.want {
			t.Errorf("%T %v: %d", tc.status, tc.status, got)
		}
	}
}
