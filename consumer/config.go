package consumer

import (
	"errors"
	"fmt"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// Config is the backend/amqp/consumer block. The keys of [topology.Config],
// [broker.Prefetch] and [broker.Retry] belong to it too.
type Config struct {
	topology.Config
	broker.Prefetch
	broker.Retry
	// RoutingKeys each bind the queue to the exchange. Required. Default: none.
	RoutingKeys []string `json:"routing_key"`
	// AutoAck takes messages off the queue when they are sent to the gateway,
	// whatever becomes of them there. Default: false.
	AutoAck bool `json:"auto_ack"`
	// NackDiscard discards a message that cannot be decoded, in place of giving
	// it back to the queue. Default: false.
	NackDiscard bool `json:"nack_discard"`

	policy broker.Policy
}

// required is what KrakenD's official schema requires.
var required = []string{"name", "exchange", "routing_key"}

// NewConfig reads a backend's consumer block. It returns the keys that it does
// not know, and an error that begins with the key that is wrong.
func NewConfig(block any) (cfg Config, unknown []extra.Unknown, err error) {
	cfg = Config{Prefetch: broker.Prefetch{PrefetchCount: broker.DefaultPrefetchCount}}
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
	if c.policy, err = c.Policy(); err != nil {
		return err
	}
	for i, key := range c.RoutingKeys {
		if err := topology.CheckShortString(key); err != nil {
			return fmt.Errorf("routing_key: number %d: %w", i+1, err)
		}
	}
	return c.Prefetch.Validate()
}

// notices are the surprises of a valid block, to be logged once.
func (c *Config) notices() (lines []string) {
	if c.AutoAck {
		lines = append(lines, "auto_ack: true, so messages that the gateway holds are lost when it stops or a request fails")
	}
	return lines
}
