package agent

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// Config is the async/amqp block. The keys of [topology.Config] and
// [broker.Prefetch] belong to it too.
type Config struct {
	topology.Config
	broker.Prefetch
	// Host is an AMQP URI, or several of them separated by commas. Required.
	// Default: none.
	Host string `json:"host"`
	// AutoAck takes messages off the queue when they are sent to the gateway,
	// whatever becomes of them there. Default: false.
	AutoAck bool `json:"auto_ack"`
	// NackDiscard discards a message that fails, in place of giving it back to
	// the queue. Default: false.
	NackDiscard bool `json:"nack_discard"`

	hosts  broker.Hosts
	policy broker.Policy
	settings
}

// settings are what Lura reads from the agent itself.
type settings struct {
	topic    string        // the binding's routing key
	workers  int           // at least 1
	timeout  time.Duration // of one message
	maxRate  float64       // messages per second, of the whole agent; 0 is unlimited
	interval time.Duration // between pings
}

// required is what KrakenD's official schema requires.
var required = []string{"name", "host", "exchange"}

// NewConfig reads an agent's block and settings. It returns the keys that it does
// not know, and an error that begins with the key that is wrong.
func NewConfig(block any, a *config.AsyncAgent) (cfg Config, unknown []extra.Unknown, err error) {
	cfg = Config{Prefetch: broker.Prefetch{PrefetchCount: broker.DefaultPrefetchCount}, settings: newSettings(a)}
	if unknown, err = extra.Decode(block, required, &cfg); err != nil {
		return cfg, unknown, err
	}
	return cfg, unknown, cfg.validate(a.Connection)
}

// newSettings applies Lura's own defaults once more, for agents that did not come
// through its configuration parser.
func newSettings(a *config.AsyncAgent) settings {
	s := settings{
		topic:    a.Consumer.Topic,
		workers:  max(a.Consumer.Workers, 1),
		timeout:  a.Consumer.Timeout,
		maxRate:  max(a.Consumer.MaxRate, 0),
		interval: max(a.Connection.HealthInterval, time.Second),
	}
	if s.timeout <= 0 {
		s.timeout = config.DefaultTimeout
	}
	return s
}

func (c *Config) validate(connection config.Connection) (err error) {
	if err := c.Config.Validate(); err != nil {
		return err
	}
	if c.Name == "" {
		return errors.New("name: an agent needs a queue")
	}
	if c.hosts, err = broker.ParseHosts(broker.SplitHosts(c.Host)); err != nil {
		return err
	}
	retry := broker.Retry{BackoffStrategy: connection.BackoffStrategy, MaxRetries: connection.MaxRetries}
	if retry.MaxRetries == math.MaxInt {
		retry.MaxRetries = 0 // Lura's word for unlimited
	}
	if c.policy, err = retry.Policy(); err != nil {
		return fmt.Errorf("connection.%w", err)
	}
	if err := topology.CheckShortString(c.topic); err != nil {
		return fmt.Errorf("consumer.topic: %w", err)
	}
	return c.Prefetch.Validate()
}

// notices are the surprises of a valid block, to be logged once.
func (c *Config) notices() (lines []string) {
	if c.AutoAck {
		lines = append(lines, "auto_ack: true, so messages that the gateway holds or that fail are lost")
	}
	if c.PrefetchCount > 0 && c.PrefetchCount < c.workers && !c.AutoAck {
		lines = append(lines, fmt.Sprintf("prefetch_count: %d is less than the %d workers, so the others have nothing to do", c.PrefetchCount, c.workers))
	}
	return lines
}
