package consumer

import (
	"errors"
	"fmt"
	"math"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// DefaultPrefetchCount is how many messages the gateway holds at most when
// prefetch_count is not set.
const DefaultPrefetchCount = 10

// Config is the backend/amqp/consumer block. The keys of [topology.Config] belong
// to it too.
type Config struct {
	topology.Config
	// RoutingKeys each bind the queue to the exchange. Required. Default: none.
	RoutingKeys []string `json:"routing_key"`
	// PrefetchCount is how many messages the broker sends ahead of requests; 0
	// is AMQP's "no limit". Default: 10.
	PrefetchCount int `json:"prefetch_count"`
	// PrefetchSize is the same in bytes. RabbitMQ refuses any value but 0.
	// Default: 0.
	PrefetchSize int `json:"prefetch_size"`
	// AutoAck takes messages off the queue when they are sent to the gateway,
	// whatever becomes of them there. Default: false.
	AutoAck bool `json:"auto_ack"`
	// NackDiscard discards a message that cannot be decoded, in place of giving
	// it back to the queue. Default: false.
	NackDiscard bool `json:"nack_discard"`
	// BackoffStrategy is how long to wait between attempts to connect. Default:
	// "fallback", one second.
	BackoffStrategy string `json:"backoff_strategy"`
	// MaxRetries of connecting, before only requests try again. Default: 0,
	// unlimited.
	MaxRetries int `json:"max_retries"`

	policy broker.Policy
}

// required is what KrakenD's official schema requires.
var required = []string{"name", "exchange", "routing_key"}

// NewConfig reads a backend's consumer block. It returns the keys that it does
// not know, and an error that begins with the key that is wrong.
func NewConfig(block any) (cfg Config, unknown []string, err error) {
	cfg = Config{PrefetchCount: DefaultPrefetchCount}
	if unknown, err = extra.Decode(block, required, &cfg); err != nil {
		return cfg, unknown, err
	}
	return cfg, unknown, cfg.validate()
}

func (c *Config) validate() (err error) {
	if err := c.Config.Validate(); err != nil {
		return err
	}
	if c.Name == "" {
		return errors.New("name: a consumer needs a queue")
	}
	if c.policy.Strategy, err = backoff.Parse(c.BackoffStrategy); err != nil {
		return fmt.Errorf("backoff_strategy: %w", err)
	}
	c.policy.MaxRetries = c.MaxRetries
	for i, key := range c.RoutingKeys {
		if err := topology.CheckShortString(key); err != nil {
			return fmt.Errorf("routing_key: number %d: %w", i+1, err)
		}
	}
	if c.PrefetchCount < 0 || c.PrefetchCount > math.MaxUint16 {
		return fmt.Errorf("prefetch_count: %d is not between 0 and %d", c.PrefetchCount, math.MaxUint16)
	}
	if c.PrefetchSize < 0 || int64(c.PrefetchSize) > math.MaxUint32 {
		return fmt.Errorf("prefetch_size: %d is not between 0 and %d", c.PrefetchSize, uint32(math.MaxUint32))
	}
	return nil
}

// notices are the surprises of a valid block, to be logged once.
func (c *Config) notices() (lines []string) {
	if c.AutoAck {
		lines = append(lines, "auto_ack: true, so messages that the gateway holds are lost when it stops or a request fails")
	}
	return lines
}
