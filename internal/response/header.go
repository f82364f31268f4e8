package response

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

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
		propertyPrefix + "Timestamp":      timestamp(msg.Timestamp),
		propertyPrefix + "Delivery-Count": deliveryCount(msg),
	} {
		if header.ValidValue(value) {
			headers[name] = []string{value}
		}
	}
	return headers
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
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
		for _, text := range texts(value) {
			if header.ValidValue(text) {
				headers[name] = append(headers[name], text)
			}
		}
	}
}

// texts are the values of a header: a list has several, and a table none.
func texts(value any) (all []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []byte:
		return []string{string(v)}
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	case time.Time:
		return []string{timestamp(v)}
	case bool, int8, uint8, int16, uint16, int32, uint32, int64, float32, float64, int:
		return []string{fmt.Sprint(v)}
	}
	return nil
}
