package broker

import "github.com/bdf0fecc/lura-amqp/schema"

// DefaultPrefetchCount is how many messages the gateway holds at most when
// prefetch_count is not set.
const DefaultPrefetchCount = 10

// Prefetch is the keys of a block that consumes that say how far ahead of its
// requests or workers the broker sends messages.
type Prefetch struct {
	// PrefetchCount is how many unsettled messages the broker sends at most; 0
	// is AMQP's "no limit". At most 65535. Default: 10.
	PrefetchCount int `json:"prefetch_count"`
	// PrefetchSize is the same in bytes. RabbitMQ refuses any value but 0.
	// Default: 0.
	PrefetchSize int `json:"prefetch_size"`
}

// OnStream is what RabbitMQ refuses of consumers of a stream.
func (p Prefetch) OnStream(autoAck bool) (problems schema.Problems) {
	if p.PrefetchCount == 0 {
		problems = append(problems, schema.Wrong("prefetch_count", "a stream needs a limit", `for example "prefetch_count": 100`))
	}
	if autoAck {
		problems = append(problems, schema.Wrong("auto_ack", "a stream wants acks, though they take no message off it", "remove it"))
	}
	return problems
}
