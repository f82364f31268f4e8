package response

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/header"
)

// propertyPrefix begins the headers that carry a message's properties.
const propertyPrefix = "X-Amqp-"

// headersOf are the HTTP headers of a message: its content type and encoding, its
// properties, and, if they are wanted, its own headers. What HTTP cannot carry is left
// out.
func headersOf(msg *amqp.Delivery, own bool) map[string][]string {
	headers := map[string][]string{}
	if own {
		addOwn(headers, msg.Headers)
	}
	for name, value := range map[string]string{
		"Content-Length":                  strconv.Itoa(len(msg.Body)),
		"Content-Type":                    msg.ContentType,
		"Content-Encoding":                msg.ContentEncoding,
		propertyPrefix + "Message-Id":     msg.MessageId,
		propertyPrefix + "Correlation-Id": msg.CorrelationId,
		propertyPrefix + "Routing-Key":    msg.RoutingKey,
		propertyPrefix + "Exchange":       msg.Exchange,
		propertyPrefix + "Redelivered":    strconv.FormatBool(msg.Redelivered),
		propertyPrefix + "Timestamp":      header.Timestamp(msg.Timestamp),
		propertyPrefix + "Delivery-Count": deliveryCount(msg),
	} {
		if header.ValidValue(value) {
			headers[name] = []string{value}
		}
	}
	return headers
}

// deliveryCount is how often a quorum queue has delivered the message before.
func deliveryCount(msg *amqp.Delivery) string {
	if count, found := msg.Headers["x-delivery-count"]; found {
		return fmt.Sprint(count)
	}
	return ""
}

// addOwn adds a message's own headers. The prefix of the properties is not theirs, and the
// producer's number is nobody's.
func addOwn(headers map[string][]string, own amqp.Table) {
	for name, value := range own {
		if name == broker.ReturnHeader {
			continue
		}
		name = http.CanonicalHeaderKey(name)
		if !header.ValidName(name) || strings.HasPrefix(name, propertyPrefix) {
			continue
		}
		for _, text := range header.Texts(value) {
			if header.ValidValue(text) {
				headers[name] = append(headers[name], text)
			}
		}
	}
}
