package agent

import (
	"bytes"
	"io"
	"net/url"
	"strconv"

	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/header"
)

// deliveryCount is the header by which a backend learns how often a quorum queue has
// delivered the message before.
const deliveryCount = "X-Amqp-Delivery-Count"

// request is what the backends get of a message: its body, its content type, and how
// often it was delivered.
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
	if count, found := msg.Headers["x-delivery-count"].(int64); found {
		r.Headers[deliveryCount] = []string{strconv.FormatInt(count, 10)}
	}
	return r
}
