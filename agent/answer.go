package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/header"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// largestAnswer is how many bytes of an answer fit in a reply: what RabbitMQ 4 takes
// unless told otherwise.
const largestAnswer = 16 << 20

// answer is what the backends said to a message, as a reply carries it.
type answer struct {
	status      int // HTTP's
	contentType string
	headers     amqp.Table
	body        []byte
}

// drain reads the backends' response to its end, which is when a no-op backend has
// succeeded.
func drain(response *proxy.Response, into io.Writer) error {
	if response == nil || response.Io == nil {
		return nil
	}
	if _, err := io.Copy(into, response.Io); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the backend's answer: %w", err)
	}
	return nil
}

// read makes an answer of the backends' response: its body as it is from a no-op backend,
// else its data as JSON.
func read(response *proxy.Response) (answer, error) {
	a := answer{status: http.StatusOK}
	if response == nil {
		return a, nil
	}
	if code := response.Metadata.StatusCode; code != 0 {
		a.status = code
	}
	if response.Io == nil {
		a.contentType = "application/json"
		var err error
		a.body, err = json.Marshal(response.Data)
		return a, err
	}
	var body bytes.Buffer
	limited := *response
	limited.Io = io.LimitReader(response.Io, largestAnswer+1)
	if err := drain(&limited, &body); err != nil {
		return a, err
	}
	if body.Len() > largestAnswer {
		return a, fmt.Errorf("the backend's answer has more than %d bytes", largestAnswer)
	}
	a.body = body.Bytes()
	a.addHeaders(response.Metadata.Headers)
	return a, nil
}

// addHeaders passes a backend's headers on, but for those that belong to HTTP itself.
func (a *answer) addHeaders(headers map[string][]string) {
	if types := headers["Content-Type"]; len(types) > 0 && topology.CheckShortString(types[0]) == nil {
		a.contentType = types[0]
	}
	a.headers = amqp.Table{}
	for name, values := range headers {
		if !header.ValidName(name) || topology.CheckShortString(name) != nil {
			continue
		}
		list := make([]any, len(values))
		for i, value := range values {
			list[i] = value
		}
		a.headers[name] = list
	}
}

// failedAnswer is the answer when a message was not processed: the backends' own where
// they gave one, with a status that says so.
func failedAnswer(given answer, err error) answer {
	if given.status >= http.StatusBadRequest {
		return given
	}
	status := classify(err).status()
	switch {
	case status >= http.StatusBadRequest:
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
	default:
		status = http.StatusBadGateway
	}
	return answer{status: status}
}
