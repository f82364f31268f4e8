// Package response turns messages into the responses of Lura backends.
package response

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

// Mapping turns messages into responses, as a backend's encoding says.
type Mapping struct {
	Raw bool // on a no-op endpoint

	decode encoding.Decoder
	format proxy.EntityFormatter
	own    bool // the message's own headers are wanted there
}

// NewMapping returns the mapping of a backend. With ownHeaders a no-op endpoint's
// responses have the message's own headers too.
func NewMapping(remote *config.Backend, ownHeaders bool) Mapping {
	m := Mapping{
		Raw:    remote.Encoding == encoding.NOOP,
		decode: remote.Decoder,
		format: proxy.NewEntityFormatter(remote),
		own:    ownHeaders,
	}
	if m.decode == nil {
		m.decode = encoding.GetRegister().Get(remote.Encoding)(remote.IsCollection)
	}
	return m
}

// Of is the answer to a request that took the message, or an error with status 502 if
// it cannot be decoded. A raw one has no body: the caller adds it.
func (m Mapping) Of(msg *amqp.Delivery) (*proxy.Response, error) {
	if m.Raw {
		return m.raw(msg), nil
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

// raw has the message's headers. Its Data is empty because Lura's router writes the
// headers twice otherwise.
func (m Mapping) raw(msg *amqp.Delivery) *proxy.Response {
	return &proxy.Response{
		Data:       map[string]any{},
		IsComplete: true,
		Metadata:   proxy.Metadata{StatusCode: http.StatusOK, Headers: headersOf(msg, m.own)},
	}
}

// Empty is the answer when the queue stayed empty.
func (m Mapping) Empty() *proxy.Response {
	response := &proxy.Response{Data: map[string]any{}}
	if m.Raw {
		response.Metadata.StatusCode = http.StatusNoContent
	}
	return response
}
