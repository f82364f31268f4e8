package topology

import (
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// QueueConfig is the keys that become arguments of the queue.
type QueueConfig struct {
	// QueueArgs are arguments by RabbitMQ's own names. Default: none.
	QueueArgs map[string]any `json:"queue_args"`
	// QueueType is classic, quorum or stream. Default: "", the virtual host's own.
	QueueType string `json:"queue_type"`
	// DeadLetterExchange takes what the queue drops, refuses or lets expire.
	// Default: "", none, or the default exchange with a DeadLetterRoutingKey.
	DeadLetterExchange string `json:"dead_letter_exchange"`
	// DeadLetterRoutingKey of such messages. Default: "", their own.
	DeadLetterRoutingKey string `json:"dead_letter_routing_key"`
	// MessageTTL is how long a message stays, as "30s". Default: "", for ever.
	MessageTTL string `json:"message_ttl"`
	// MaxLength is how many messages the queue holds. Default: 0, no limit.
	MaxLength int64 `json:"max_length"`
	// Overflow is drop-head, reject-publish or reject-publish-dlx. Default: "",
	// the broker's own, drop-head.
	Overflow string `json:"overflow"`
	// MaxPriority of messages, 1 to 255. Default: 0, no priorities.
	MaxPriority int `json:"max_priority"`
	// SingleActiveConsumer lets one consumer at a time have messages. Default: false.
	SingleActiveConsumer bool `json:"single_active_consumer"`
	// DeliveryLimit of a quorum queue. Default: 0, the broker's own.
	DeliveryLimit int64 `json:"delivery_limit"`
}

// The types of queues that have rules of their own.
const (
	Quorum = "quorum"
	Stream = "stream"
)

// Type of the queue, by its own key or among the arguments.
func (q QueueConfig) Type() string {
	if q.QueueType == "" {
		name, _ := q.QueueArgs["x-queue-type"].(string)
		return name
	}
	return q.QueueType
}

// plain are the arguments that have keys of their own, by RabbitMQ's names; those that
// are not set are left out.
func (q QueueConfig) plain() (args map[string]any, err error) {
	args = map[string]any{}
	for name, value := range map[string]any{
		"x-queue-type":              q.QueueType,
		"x-dead-letter-exchange":    q.DeadLetterExchange,
		"x-dead-letter-routing-key": q.DeadLetterRoutingKey,
		"x-overflow":                q.Overflow,
		"x-max-length":              q.MaxLength,
		"x-max-priority":            int64(q.MaxPriority),
		"x-delivery-limit":          q.DeliveryLimit,
		"x-single-active-consumer":  q.SingleActiveConsumer,
	} {
		if value != "" && value != int64(0) && value != false {
			args[name] = value
		}
	}
	if q.DeadLetterRoutingKey != "" {
		args["x-dead-letter-exchange"] = q.DeadLetterExchange
	}
	if q.MessageTTL != "" {
		ttl, invalid := time.ParseDuration(q.MessageTTL)
		args["x-message-ttl"], err = ttl.Milliseconds(), invalid
	}
	return args, err
}

// args are all arguments of the queue.
func (q QueueConfig) args() amqp.Table {
	args := Table(q.QueueArgs)
	plain, _ := q.plain() // problems looks at the error
	for name, value := range plain {
		if args == nil {
			args = amqp.Table{}
		}
		args[name] = value
	}
	return args
}

// problems is what RabbitMQ refuses, up to 4.3.
func (q QueueConfig) problems(c Config) (problems schema.Problems) {
	wrong := func(path, message, fix string) { problems = append(problems, schema.Wrong(path, message, fix)) }
	plain, err := q.plain()
	if err != nil {
		wrong("message_ttl", err.Error(), `for example "message_ttl": "10m"`)
	}
	for name := range plain {
		if value, twice := q.QueueArgs[name]; twice && fmt.Sprint(value) != fmt.Sprint(plain[name]) {
			wrong("queue_args."+name, fmt.Sprintf("is %v, and a key of its own says %v", value, plain[name]), "remove one of them")
		}
	}
	if err := Table(q.QueueArgs).Validate(); err != nil {
		wrong("queue_args", err.Error(), "")
	}
	if _, found := q.QueueArgs["x-queue-mode"]; found {
		problems = append(problems, schema.Notice("queue_args.x-queue-mode", "does nothing since RabbitMQ 3.12, and 4.3 refuses it", "remove it"))
	}
	kind := q.Type()
	if kind != Quorum && q.DeliveryLimit > 0 {
		wrong("delivery_limit", "is for quorum queues", `write "queue_type": "quorum"`)
	}
	if (kind == Quorum || kind == Stream) && c.Declare == All {
		problems = append(problems, q.replicated(c, kind)...)
	}
	return problems
}

// replicated is what does not fit a quorum queue or a stream.
func (q QueueConfig) replicated(c Config, kind string) (problems schema.Problems) {
	refuse := func(set bool, path, message, fix string) {
		if set {
			problems = append(problems, schema.Wrong(path, fmt.Sprintf("a %s queue %s", kind, message), fix))
		}
	}
	refuse(!c.Durable, "durable", "is always durable", `add "durable": true`)
	refuse(c.Exclusive, "exclusive", "cannot be exclusive", "remove it")
	refuse(c.Delete, "delete", "cannot be deleted with its last consumer", "remove it")
	refuse(q.MaxPriority > 0, "max_priority", "has no priorities", "remove it, or use a classic queue")
	refuse(q.Overflow == "reject-publish-dlx", "overflow", "does not know it", `write "overflow": "reject-publish"`)
	if kind == Stream {
		refuse(q.DeadLetterExchange != "" || q.DeadLetterRoutingKey != "", "dead_letter_exchange", "drops no message but the oldest", "remove the dead letter keys")
		refuse(q.MessageTTL != "", "message_ttl", "has no message TTL", `use "queue_args": {"x-max-age": "7D"}`)
		refuse(q.Overflow != "", "overflow", "drops its oldest messages", "remove it")
		refuse(q.MaxLength > 0, "max_length", "is limited in bytes", `use "queue_args": {"x-max-length-bytes": 1000000000}`)
	}
	return problems
}
