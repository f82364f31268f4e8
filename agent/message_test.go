package agent

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/proxy"
	"github.com/luraproject/lura/v2/transport/http/client"
	amqp "github.com/rabbitmq/amqp091-go"
)

func TestRequest_HasBodyAndContentType(t *testing.T) {
	r := request(&amqp.Delivery{ContentType: "text/csv", Body: []byte("1,2")})
	body, _ := io.ReadAll(r.Body)
	if string(body) != "1,2" || len(r.Headers) != 1 || r.Headers["Content-Type"][0] != "text/csv" || r.Params == nil {
		t.Errorf("%+v %q", r, body)
	}
}

func TestRequest_DropsAContentTypeThatHTTPCannotCarry(t *testing.T) {
	for _, contentType := range []string{"", "a\r\nHost: evil", "a\x00", "\x7f"} {
		if r := request(&amqp.Delivery{ContentType: contentType}); len(r.Headers) > 0 {
			t.Errorf("%q: %v", contentType, r.Headers)
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

// Whatever is in a queue becomes a request that net/http sends.
func FuzzRequest(f *testing.F) {
	f.Add("application/json", []byte(`{}`))
	f.Add("a\r\nb", []byte(nil))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := request(&amqp.Delivery{ContentType: contentType, Body: body})
		out, err := http.NewRequest(http.MethodPost, "http://localhost/", r.Body)
		if err != nil {
			t.Fatal(err)
		}
		out.Header = r.Headers
		if err := out.Write(io.Discard); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	})
}
