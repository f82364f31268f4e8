package broker

import (
	"bytes"
	"reflect"

	amqp "github.com/rabbitmq/amqp091-go"
)

// expectation is a message that may come back (basic.return) before its confirm.
type expectation struct {
	message *Message
	returns *returns // nil while there are none
}

// returns are those of messages that nothing tells apart. Each is for one of them, and it
// does not matter for which: as many are published again as came back.
type returns struct {
	example *amqp.Return
	count   int
}

// take takes one of the returns, or nil when there is none left.
func (r *returns) take() *amqp.Return {
	if r == nil || r.count == 0 {
		return nil
	}
	r.count--
	return r.example
}

// expectations are those of one channel, by number.
type expectations map[int64]*expectation

// note gives a return to the message that it is of. A mandatory message, and one that is
// published again, says its number in a header. The others, which only the gateway wants to know of, have no header, which the
// broker would have to read for each of them: they are told apart by all that is in them.
func (e expectations) note(r *amqp.Return) {
	if number, numbered := r.Headers[ReturnHeader].(int64); numbered {
		if one := e[number]; one != nil {
			one.returns = &returns{r, 1}
		}
		return
	}
	var shared *returns
	var equal, sameKey []*expectation
	for _, one := range e {
		if one.message.numbered || one.message.RoutingKey != r.RoutingKey {
			continue
		}
		if !isReturnOf(r, &one.message.Publishing) {
			sameKey = append(sameKey, one)
			continue
		}
		equal = append(equal, one)
		if one.returns != nil {
			shared = one.returns
		}
	}
	if len(equal) > 0 {
		if shared == nil {
			shared = &returns{example: r}
		}
		shared.count++
		for _, one := range equal {
			one.returns = shared
		}
		return
	}
	// Rather twice than not at all: none is equal, for a value that the broker rewrote.
	for _, one := range sameKey {
		one.returns = &returns{r, 1}
	}
}

func isReturnOf(r *amqp.Return, p *amqp.Publishing) bool {
	return bytes.Equal(r.Body, p.Body) && r.MessageId == p.MessageId && r.CorrelationId == p.CorrelationId && r.ReplyTo == p.ReplyTo &&
		r.ContentType == p.ContentType && r.ContentEncoding == p.ContentEncoding && r.DeliveryMode == p.DeliveryMode && r.AppId == p.AppId && r.UserId == p.UserId &&
		r.Type == p.Type && r.Expiration == p.Expiration && r.Priority == p.Priority && r.Timestamp.Unix() == p.Timestamp.Unix() &&
		(len(r.Headers) == 0 && len(p.Headers) == 0 || reflect.DeepEqual(r.Headers, p.Headers))
}
