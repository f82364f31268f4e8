package broker

import amqp "github.com/rabbitmq/amqp091-go"

// headerSize is how many bytes a message's properties and headers take on the
// wire, or a little more (AMQP 0-9-1, sections 4.2.5 and 4.2.6.1).
func headerSize(m amqp.Publishing) int {
	const fixed = 2 + 4 + 2 + 8 // flags, table length, delivery mode and priority, timestamp
	size := fixed + tableSize(m.Headers)
	for _, s := range [...]string{
		m.ContentType, m.ContentEncoding, m.CorrelationId, m.ReplyTo,
		m.Expiration, m.MessageId, m.Type, m.UserId, m.AppId,
	} {
		size += 1 + len(s)
	}
	return size
}

func tableSize(t amqp.Table) int {
	size := 0
	for key, value := range t {
		size += 1 + len(key) + fieldSize(value)
	}
	return size
}

// fieldSize takes a field's type octet and value. The scalar types take 8 bytes
// at most.
func fieldSize(value any) int {
	switch v := value.(type) {
	case string:
		return 1 + 4 + len(v)
	case []byte:
		return 1 + 4 + len(v)
	case amqp.Table:
		return 1 + 4 + tableSize(v)
	case []any:
		size := 1 + 4
		for _, item := range v {
			size += fieldSize(item)
		}
		return size
	}
	return 1 + 8
}
