package consumer

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/schema"
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

	// DeadLetter is the queue for messages that cannot be decoded. Default: "", they
	// are handled as NackDiscard says.
	DeadLetter string `json:"dead_letter"`
	// Mode is how messages come to the gateway: "subscribe" holds PrefetchCount of
	// them ready for requests, "pull" gets one when a request asks (basic.get).
	// Default: "subscribe".
	Mode string `json:"mode"`
	// Wait is how long a request waits at an empty queue, as "2s". Default: "", until
	// shortly before the request's deadline for "subscribe", not at all for "pull".
	Wait string `json:"wait"`
	// ConsumerArgs are the consumer's arguments, as x-priority. They do not apply to
	// Mode "pull". Default: none.
	ConsumerArgs map[string]any `json:"consumer_args"`
	// Headers adds the message's own headers to the answers of no-op endpoints.
	// Default: false.
	Headers bool `json:"headers"`
	// TLS is for amqps:// hosts. Default: none, Go's own settings.
	TLS *broker.TLS `json:"tls"`

	hosts  broker.Hosts
	policy broker.Policy
	wait   broker.Wait
}

// pull is the Mode that holds nothing in the gateway.
const pull = "pull"

// NewConfig reads a backend's hosts and its consumer block. Paths of the problems
// begin at the backend.
func NewConfig(remote *config.Backend) (Config, schema.Problems) {
	hosts, problems := broker.TakeHosts(remote)
	cfg := Config{Config: topology.Defaults(), Prefetch: broker.Prefetch{PrefetchCount: broker.DefaultPrefetchCount}, Mode: "subscribe"}
	block := extra.Consumer.Decode(remote.ExtraConfig, &cfg)
	if block.Err() == nil {
		block = append(block, cfg.complete(hosts, remote)...)
	}
	return cfg, append(problems, block.Under(extra.Consumer.Path()...)...)
}

// complete derives what is not in the block, and checks what its schema cannot.
func (c *Config) complete(hosts broker.Hosts, remote *config.Backend) (problems schema.Problems) {
	var ofTLS, ofRetry schema.Problems
	c.hosts, ofTLS = hosts.Secure(c.TLS)
	c.policy, ofRetry = c.Policy()
	problems = slices.Concat(c.Config.Problems(), ofTLS, ofRetry)
	if c.Wait != "" {
		limit, err := time.ParseDuration(c.Wait)
		if err != nil {
			problems = append(problems, schema.Wrong("wait", err.Error(), `for example "wait": "2s"`))
		}
		c.wait = broker.Wait{Bounded: true, Limit: limit}
	}
	problems = append(problems, topology.ShortString("dead_letter", c.DeadLetter)...)
	if c.Type() == topology.Stream {
		problems = append(problems, c.OnStream(c.AutoAck)...)
		if !c.NackDiscard && c.DeadLetter == "" {
			problems = append(problems, schema.Wrong("nack_discard", "a stream takes no message back", `add "nack_discard": true, or a "dead_letter" queue`))
		}
		if c.Mode == pull {
			problems = append(problems, schema.Wrong("mode", "a stream has no basic.get", `write "mode": "subscribe"`))
		}
	}
	if err := topology.Table(c.ConsumerArgs).Validate(); err != nil {
		problems = append(problems, schema.Wrong("consumer_args", err.Error(), ""))
	}
	for i, key := range c.RoutingKeys {
		problems = append(problems, topology.ShortString("routing_key."+strconv.Itoa(i), key)...)
	}
	return append(problems, c.notices(remote)...)
}

// Hosts are those of the backend.
func (c *Config) Hosts() broker.Hosts { return c.hosts }

// Declares is what the consumer declares: exchange and queue, bound with each routing
// key.
func (c *Config) Declares() topology.Topology { return c.Topology(c.RoutingKeys...) }

// notices are the surprises of a block that works.
func (c *Config) notices(remote *config.Backend) (notices schema.Problems) {
	if c.AutoAck {
		notices = append(notices, schema.Notice("auto_ack", "true, so messages that the gateway holds are lost when it stops or a request fails", "remove it"))
	}
	if c.AutoAck && c.NackDiscard {
		notices = append(notices, schema.Notice("nack_discard", "has no effect with auto_ack", "remove one of them"))
	}
	if remote.Timeout > 0 && c.wait.Limit >= remote.Timeout {
		notices = append(notices, schema.Notice("wait", fmt.Sprintf("%s is not shorter than the endpoint's timeout of %s, which ends it first", c.Wait, remote.Timeout), "raise the endpoint's timeout"))
	}
	if c.Headers && remote.Encoding != encoding.NOOP {
		notices = append(notices, schema.Notice("headers", "have no effect but on a no-op endpoint", `write "output_encoding": "no-op", or remove it`))
	}
	if c.NackDiscard && c.DeadLetter != "" {
		notices = append(notices, schema.Notice("nack_discard", "has no effect with dead_letter", "remove it"))
	}
	if c.Unbound(c.RoutingKeys) {
		notices = append(notices, schema.Notice("routing_key", "none, so the queue is not bound to the exchange", `write "routing_key": ["#"] for all of its messages`))
	}
	return notices
}
