package transfer

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Headers of a copy. Those of the first failure keep where the message came from.
const (
	Attempt    = "x-lura-amqp-attempt"     // how often the message was tried
	Error      = "x-lura-amqp-error"       // what the last attempt failed with
	Status     = "x-lura-amqp-status"      // the backend's HTTP status, if it had one
	By         = "x-lura-amqp-by"          // the agent or endpoint that failed
	At         = "x-lura-amqp-time"        // when, in RFC 3339
	Exchange   = "x-lura-amqp-exchange"    // that the message was published to
	RoutingKey = "x-lura-amqp-routing-key" // that it was published with
)

// longestError is how many bytes of an error go into a header: all headers of a message
// travel in one frame.
const longestError = 512

// Failure is why a message is moved.
type Failure struct {
	Err     error
	Status  int    // of the backend; 0 if it gave none
	By      string // the agent or endpoint
	Attempt int    // how often the message was tried, this one included; 0 is not counted
}

// copyOf is the message as it goes into another queue, persistent, with the failure in
// its headers. The broker would read some properties as commands, so they are left out:
// CC and BCC would route the copy once more, a user id must be the publisher's own, and
// the history of dead-lettering makes the broker drop what goes round in circles.
func copyOf(msg *amqp.Delivery, f Failure, now time.Time) amqp.Publishing {
	headers := amqp.Table{Exchange: msg.Exchange, RoutingKey: msg.RoutingKey}
	for name, value := range msg.Headers {
		if !brokers(name) {
			headers[name] = value
		}
	}
	headers[Error] = truncated(f.Err.Error())
	headers[By] = f.By
	headers[At] = now.UTC().Format(time.RFC3339)
	delete(headers, Status)
	if f.Status != 0 {
		headers[Status] = int64(f.Status)
	}
	if f.Attempt != 0 {
		headers[Attempt] = int64(f.Attempt)
	}
	return amqp.Publishing{
		Headers:         headers,
		ContentType:     msg.ContentType,
		ContentEncoding: msg.ContentEncoding,
		DeliveryMode:    amqp.Persistent,
		Priority:        msg.Priority,
		CorrelationId:   msg.CorrelationId,
		ReplyTo:         msg.ReplyTo,
		MessageId:       msg.MessageId,
		Timestamp:       msg.Timestamp,
		Type:            msg.Type,
		AppId:           msg.AppId,
		Body:            msg.Body,
	}
}

// brokers says that a header is the broker's, or a command to it.
func brokers(name string) bool {
	switch name {
	case "CC", "BCC", "x-death", "x-delivery-count", "x-stream-offset":
		return true
	}
	return strings.HasPrefix(name, "x-first-death-") || strings.HasPrefix(name, "x-last-death-")
}

func truncated(text string) string {
	if len(text) <= longestError {
		return text
	}
	text = text[:longestError]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}

// Attempts is how often a message was tried before, as far as its publisher does not lie:
// never negative, and never more than can be counted on from.
func Attempts(msg *amqp.Delivery) int {
	attempts, _ := msg.Headers[Attempt].(int64)
	return int(min(max(attempts, 0), math.MaxInt32))
}

// Origin is the exchange and routing key that a message in queue was published with, also
// where it has been moved since. Copies come by the queue's own name; the headers of any
// other message are its publisher's, who may not be allowed to use that exchange or key.
func Origin(msg *amqp.Delivery, queue string) (exchange, routingKey string) {
	exchange, moved := msg.Headers[Exchange].(string)
	routingKey, known := msg.Headers[RoutingKey].(string)
	if moved && known && msg.Exchange == "" && msg.RoutingKey == queue {
		return exchange, routingKey
	}
	return msg.Exchange, msg.RoutingKey
}
