package broker

import (
	"fmt"
	"math"
)

// DefaultPrefetchCount is how many messages the gateway holds at most when
// prefetch_count is not set.
const DefaultPrefetchCount = 10

// Prefetch is the keys of a block that consumes that say how far ahead of its
// requests or workers the broker sends messages.
type Prefetch struct {
	// PrefetchCount is how many unsettled messages the broker sends at most; 0
	// is AMQP's "no limit". Default: 10.
	PrefetchCount int `json:"prefetch_count"`
	// PrefetchSize is the same in bytes. RabbitMQ refuses any value but 0.
	// Default: 0.
	PrefetchSize int `json:"prefetch_size"`
}

// Validate checks the bounds of basic.qos. Its errors begin with the key.
func (p Prefetch) Validate() error {
	if p.PrefetchCount < 0 || p.PrefetchCount > math.MaxUint16 {
		return fmt.Errorf("prefetch_count: %d is not between 0 and %d", p.PrefetchCount, math.MaxUint16)
	}
	if p.PrefetchSize < 0 || int64(p.PrefetchSize) > math.MaxUint32 {
		return fmt.Errorf("prefetch_size: %d is not between 0 and %d", p.PrefetchSize, uint32(math.MaxUint32))
	}
	return nil
}
