package agent

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/schema"
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

	// Retry makes a message that fails wait in the broker before it is tried again.
	// Default: none, it goes back to its queue.
	Retry *Retry `json:"retry"`
	// DiscardOn are HTTP statuses of the backend after which a message is not tried
	// again. Default: none; with Retry, 4xx but for 408, 425 and 429.
	DiscardOn []int `json:"discard_on"`
	// RetryOn are HTTP statuses after which it is, all the same. Default: none.
	RetryOn []int `json:"retry_on"`
	// Headers are names of message headers that backends get; "*" is all but those that say
	// who asks. Content-Type and trace context are passed on always. Default: none.
	Headers []string `json:"headers"`
	// Reply answers messages that have a reply_to with what the backends said. Default:
	// false.
	Reply bool `json:"reply"`
	// ConsumerArgs are the consumer's arguments, as x-priority. Default: none.
	ConsumerArgs map[string]any `json:"consumer_args"`
	// TLS is for amqps:// hosts. Default: none, Go's own settings.
	TLS *broker.TLS `json:"tls"`

	hosts   broker.Hosts
	policy  broker.Policy
	mapping mapping
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

// NewConfig reads an agent's block and settings. Paths of the problems begin at the
// agent.
func NewConfig(a *config.AsyncAgent) (Config, schema.Problems) {
	cfg := Config{Config: topology.Defaults(), Prefetch: broker.Prefetch{PrefetchCount: broker.DefaultPrefetchCount}, settings: newSettings(a)}
	problems := append(cfg.connect(a.Connection), cfg.patterns(a.Backend)...)
	block := extra.Agent.Decode(a.ExtraConfig, &cfg)
	if block.Err() == nil {
		block = append(block, cfg.complete()...)
	}
	return cfg, append(problems, block.Under(extra.Agent.Path()...)...)
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

// connect reads what Lura keeps outside the block.
func (c *Config) connect(connection config.Connection) (problems schema.Problems) {
	retry := broker.Retry{BackoffStrategy: connection.BackoffStrategy, MaxRetries: connection.MaxRetries}
	if retry.MaxRetries == math.MaxInt {
		retry.MaxRetries = 0 // Lura's word for unlimited
	}
	c.policy, problems = retry.Policy()
	return append(problems.Under("connection"), topology.ShortString("consumer.topic", c.topic)...)
}

// complete derives what is not in the block, and checks what its schema cannot.
func (c *Config) complete() (problems schema.Problems) {
	hosts, problems := broker.ParseHostList(c.Host)
	var ofTLS schema.Problems
	c.hosts, ofTLS = hosts.Secure(c.TLS)
	problems = slices.Concat(problems, c.Config.Problems(), ofTLS, c.selected(), c.notices())
	if c.Retry != nil {
		problems = append(problems, c.Retry.complete(c.Name).Under("retry")...)
		if c.AutoAck {
			problems = append(problems, schema.Wrong("retry", "has no effect with auto_ack", "remove one of them"))
		}
	}
	if c.Type() == topology.Stream {
		problems = slices.Concat(problems, c.OnStream(c.AutoAck), c.onStream())
	}
	if err := topology.Table(c.ConsumerArgs).Validate(); err != nil {
		problems = append(problems, schema.Wrong("consumer_args", err.Error(), ""))
	}
	return problems
}

// onStream is what cannot be done with messages of a stream that fail: it takes none
// back, and a copy would be a new message to all of its consumers.
func (c *Config) onStream() (problems schema.Problems) {
	switch {
	case c.Retry == nil && !c.NackDiscard:
		problems = append(problems, schema.Wrong("nack_discard", "a stream takes no message back", `add "nack_discard": true, or "retry": {"max_attempts": 1, "dead_letter": "…"}`))
	case c.Retry != nil && c.Retry.MaxAttempts > 1:
		problems = append(problems, schema.Wrong("retry.max_attempts", "a stream takes no message back", `write 1 and name a "dead_letter"`))
	}
	return problems
}

// Hosts are those of the block.
func (c *Config) Hosts() broker.Hosts { return c.hosts }

// Declares is what the agent declares: exchange and queue, bound with the topic.
func (c *Config) Declares() topology.Topology { return c.Topology(c.topic) }

// notices are the surprises of a block that works.
func (c *Config) notices() (notices schema.Problems) {
	if c.AutoAck {
		notices = append(notices, schema.Notice("auto_ack", "true, so messages that the gateway holds or that fail are lost", "remove it"))
	}
	if c.AutoAck && c.NackDiscard {
		notices = append(notices, schema.Notice("nack_discard", "has no effect with auto_ack", "remove one of them"))
	}
	if c.Retry != nil && c.NackDiscard {
		notices = append(notices, schema.Notice("nack_discard", "has no effect with retry", `remove it; without "dead_letter" the last attempt discards`))
	}
	for _, status := range c.RetryOn {
		if slices.Contains(c.DiscardOn, status) {
			notices = append(notices, schema.Notice("retry_on", fmt.Sprintf("%d is in discard_on too; it is tried again", status), "remove it from one of them"))
		}
	}
	if c.Retry == nil && len(c.RetryOn) > 0 {
		notices = append(notices, schema.Notice("retry_on", "has no effect without retry", `add "retry": {"max_attempts": 5}`))
	}
	if c.PrefetchCount > 0 && c.PrefetchCount < c.workers && !c.AutoAck {
		notices = append(notices, schema.Notice("prefetch_count", fmt.Sprintf("%d is less than the %d workers, so the others have nothing to do", c.PrefetchCount, c.workers), fmt.Sprintf(`write "prefetch_count": %d or more`, c.workers)))
	}
	return notices
}
