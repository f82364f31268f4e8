package consumer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/status"
)

// mapping turns messages into responses, as the backend's encoding says.
type mapping struct {
	decode encoding.Decoder
	format proxy.EntityFormatter
	raw    bool // a no-op endpoint
	own    bool // the message's own headers are wanted there
}

func newMapping(remote *config.Backend, ownHeaders bool) mapping {
	m := mapping{
		decode: remote.Decoder,
		format: proxy.NewEntityFormatter(remote),
		raw:    remote.Encoding == encoding.NOOP,
		own:    ownHeaders,
	}
	if m.decode == nil {
		m.decode = encoding.GetRegister().Get(remote.Encoding)(remote.IsCollection)
	}
	return m
}

// response is the answer to a request that took the message, or an error with
// status 502 if it cannot be decoded.
func (m mapping) response(msg *amqp.Delivery) (*proxy.Response, error) {
	if m.raw {
		return m.rawResponse(msg), nil
	}
	var data map[string]any
	if err := m.decode(bytes.NewReader(msg.Body), &data); err != nil && !errors.Is(err, io.EOF) {
		return nil, status.New(http.StatusBadGateway, fmt.Errorf("message cannot be decoded: %w", err))
	}
	if data == nil {
		data = map[string]any{}
	}
	response := m.format.Format(proxy.Response{Data: data, IsComplete: true})
	return &response, nil
}

// rawResponse has the message's headers; the caller adds the body. Its Data is empty
// because Lura's router writes the headers twice otherwise.
func (m mapping) rawResponse(msg *amqp.Delivery) *proxy.Response {
	return &proxy.Response{
		Data:       map[string]any{},
		IsComplete: true,
		Metadata:   proxy.Metadata{StatusCode: http.StatusOK, Headers: headersOf(msg, m.own)},
	}
}

// empty is the answer when the queue stayed empty.
func (m mapping) empty() *proxy.Response {
	response := &proxy.Response{Data: map[string]any{}}
	if m.raw {
		response.Metadata.StatusCode = http.StatusNoContent
	}
	return response
}
