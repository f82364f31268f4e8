package broker

import (
	"math/rand/v2"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func expecting(messages ...Message) expectations {
	e := expectations{}
	for i := range messages {
		e[int64(i)] = &expectation{message: &messages[i]}
	}
	return e
}

func (e expectations) returned() (numbers []int64) {
	for i := range int64(len(e)) {
		if e[i].returns.take() != nil {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

func returnOf(m Message) *amqp.Return {
	p := m.Publishing
	return &amqp.Return{
		RoutingKey: m.RoutingKey, Headers: p.Headers, Body: p.Body, MessageId: p.MessageId, CorrelationId: p.CorrelationId,
		ContentType: p.ContentType, ContentEncoding: p.ContentEncoding, DeliveryMode: p.DeliveryMode, AppId: p.AppId,
		ReplyTo: p.ReplyTo, Type: p.Type, Expiration: p.Expiration, Priority: p.Priority, Timestamp: p.Timestamp.Truncate(time.Second),
	}
}

func TestExpectations_AReturnIsOfTheMessageThatIsEqual(t *testing.T) {
	now := time.Now()
	message := func(key, body string, change func(*Message)) Message {
		m := Message{RoutingKey: key, Publishing: amqp.Publishing{Body: []byte(body), Timestamp: now}}
		if change != nil {
			change(&m)
		}
		return m
	}
	all := []Message{
		message("k", "a", nil),
		message("k", "b", nil),
		message("other", "a", nil),
		message("k", "a", func(m *Message) { m.Headers = amqp.Table{"X-Tenant": []any{"acme"}} }),
		message("k", "a", func(m *Message) { m.Headers = amqp.Table{"X-Tenant": []any{"other"}} }),
		message("k", "a", func(m *Message) { m.MessageId = "m" }),
		message("k", "a", func(m *Message) { m.Priority = 1 }),
		message("k", "a", func(m *Message) { m.ContentType = "text/csv" }),
		message("k", "a", func(m *Message) { m.ContentEncoding = "gzip" }),
		message("k", "a", func(m *Message) { m.AppId = "shop" }),
		message("k", "a", func(m *Message) { m.DeliveryMode = amqp.Persistent }),
		message("k", "a", func(m *Message) { m.Timestamp = now.Add(-time.Minute) }),
		message("k", "a", func(m *Message) { m.numbered = true; m.Headers = amqp.Table{ReturnHeader: int64(12)} }),
	}
	for i, m := range all {
		e := expecting(all...)
		e.note(returnOf(m))
		if got := e.returned(); len(got) != 1 || got[0] != int64(i) {
			t.Errorf("the return of %d is taken for that of %v", i, got)
		}
	}
}

// The broker returns and confirms equal messages in any order; as many as came back are
// published again, whoever hears of it.
func TestExpectations_EveryReturnOfEqualMessagesCounts(t *testing.T) {
	const many = 6
	m := Message{RoutingKey: "k", Publishing: amqp.Publishing{Body: []byte("ping")}}
	for range 1000 {
		e := expectations{}
		order := rand.Perm(2 * many) // n < many is the return of n, the others are confirms
		confirmed, came, heard := map[int]bool{}, 0, 0
		for _, n := range order {
			if number := int64(n % many); n < many && !confirmed[n] {
				if e[number] == nil {
					e[number] = &expectation{message: &m}
				}
				e.note(returnOf(m))
				came++
			} else if n >= many {
				if e[number] == nil {
					e[number] = &expectation{message: &m}
				}
				confirmed[int(number)] = true
				if e[number].returns.take() != nil {
					heard++
				}
				delete(e, number)
			}
		}
		if heard != came {
			t.Fatalf("%d came back, %d are published again: %v", came, heard, order)
		}
	}
}

func TestExpectations_RatherTwiceThanNotAtAll(t *testing.T) {
	rewritten := Message{RoutingKey: "k", Publishing: amqp.Publishing{Headers: amqp.Table{"n": int32(1)}}}
	e := expecting(rewritten, Message{RoutingKey: "other"}, Message{RoutingKey: "k", numbered: true}, Message{RoutingKey: "k"})
	r := returnOf(rewritten)
	r.Headers = amqp.Table{"n": int64(1)}
	e.note(r)
	if got := e.returned(); len(got) != 2 || got[0] != 0 || got[1] != 3 {
		t.Errorf("%v", got)
	}
	e = expecting(Message{numbered: true, Publishing: amqp.Publishing{Headers: amqp.Table{ReturnHeader: int64(0)}}})
	e.note(&amqp.Return{Headers: amqp.Table{ReturnHeader: int64(7)}}) // its request has gone
	if got := e.returned(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
