package broker

import (
	"bytes"
	"reflect"

	amqp "github.com/rabbitmq/amqp091-go"
)

// expectation is a message that may come back (basic.return) before its confirm.
type expectation struct {
	message  *Message
	returned *amqp.Return
}

// expectations are those of one channel, by number.
type expectations map[int64]*expectation

// note gives a return to the message that it is of. A mandatory message says its number in
// a header. The others, which only the gateway wants to know of, have no header, which the
// broker would have to read for each of them: they are told apart by all that is in them.
// Of equal messages it does not matter which one is published again.
func (e expectations) note(r *amqp.Return) {
	if number, mandatory := r.Headers[ReturnHeader].(int64); mandatory {
		if one := e[number]; one != nil {
			one.returned = r
		}
		return
	}
	var sameKey []*expectation
	for _, one := range e {
		if one.returned != nil || one.message.Mandatory || one.message.RoutingKey != r.RoutingKey {
			continue
		}
		if isReturnOf(r, &one.message.Publishing) {
			one.returned = r
			return
		}
		sameKey = append(sameKey, one)
	}
	// Rather twice than not at all: none is equal, for a value that the broker rewrote.
	for _, one := range sameKey {
		one.returned = r
	}
}

func isReturnOf(r *amqp.Return, p *amqp.Publishing) bool {
	return bytes.Equal(r.Body, p.Body) && r.MessageId == p.MessageId && r.CorrelationId == p.CorrelationId && r.ReplyTo == p.ReplyTo &&
		r.Type == p.Type && r.Expiration == p.Expiration && r.Priority == p.Priority && r.Timestamp.Unix() == p.Timestamp.Unix() &&
		(len(r.Headers) == 0 && len(p.Headers) == 0 || reflect.DeepEqual(r.Headers, p.Headers))
}
