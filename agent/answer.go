package agent

import (
	"bytes"
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
	status          int // HTTP's
	contentType     string
	contentEncoding string
	headers         amqp.Table
	body            []byte
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
		if a.body, err = json.Marshal(response.Data); err != nil {
			return a, err
		}
		return a, fits(len(a.body))
	}
	var body bytes.Buffer
	limited := *response
	limited.Io = io.LimitReader(response.Io, largestAnswer+1)
	if err := drain(&limited, &body); err != nil {
		return a, err
	}
	if err := fits(body.Len()); err != nil {
		return a, err
	}
	a.body = body.Bytes()
	a.addHeaders(response.Metadata.Headers)
	return a, nil
}

func fits(size int) error {
	if size > largestAnswer {
		return fmt.Errorf("the backend's answer has more than %d bytes", largestAnswer)
	}
	return nil
}

// addHeaders passes a backend's headers on, but for those that belong to HTTP itself.
func (a *answer) addHeaders(headers map[string][]string) {
	a.contentType = property(headers["Content-Type"])
	a.contentEncoding = property(headers["Content-Encoding"])
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

// property is the first value that there is, or empty where a message cannot have it.
func property(values []string) string {
	if len(values) == 0 || topology.CheckShortString(values[0]) != nil {
		return ""
	}
	return values[0]
}

// failedAnswer is the answer when a message was not processed: the backends' own where
// they gave one, with a status that says so and that HTTP knows.
func failedAnswer(given answer, err error) answer {
	if given.status >= http.StatusBadRequest {
		given.status = failedStatus(given.status)
		return given
	}
	f := classify(err)
	switch status := f.status(); {
	case status >= http.StatusBadRequest:
		return answer{status: failedStatus(status)}
	case f.late:
		return answer{status: http.StatusGatewayTimeout}
	}
	return answer{status: http.StatusBadGateway}
}

// failedStatus is a status of 400 or more, or 502 for one that is none of HTTP's.
func failedStatus(status int) int {
	if status > 599 {
		return http.StatusBadGateway
	}
	return status
}
