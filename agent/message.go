package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/header"
)

// request is what the backends get of a message: its body and its content type.
func request(msg *amqp.Delivery) *proxy.Request {
	r := &proxy.Request{
		Query:   url.Values{},
		Params:  map[string]string{},
		Headers: map[string][]string{},
		Body:    io.NopCloser(bytes.NewReader(msg.Body)),
	}
	if header.ValidValue(msg.ContentType) {
		r.Headers["Content-Type"] = []string{msg.ContentType}
	}
	return r
}

// statusCoder is an error of Lura's HTTP client that return_error_details puts
// into a response's data.
type statusCoder interface {
	error
	StatusCode() int
}

// failure says why a message was not processed, or nil. Backends with encoding
// no-op report an HTTP error only in the response's status, and those with
// return_error_details only in its data.
func failure(response *proxy.Response, err error) error {
	if err != nil || response == nil {
		return err
	}
	if code := response.Metadata.StatusCode; code >= http.StatusBadRequest {
		return fmt.Errorf("backend answered %d %s", code, http.StatusText(code))
	}
	for key, value := range response.Data {
		if detail, ok := value.(statusCoder); ok {
			return fmt.Errorf("backend answered %d (%s)", detail.StatusCode(), key)
		}
	}
	if response.Io != nil {
		if _, err := io.Copy(io.Discard, response.Io); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading the backend's answer: %w", err)
		}
	}
	return nil
}
