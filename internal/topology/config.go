package topology

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// MaxShortString is how many bytes AMQP's short strings hold: names of
// exchanges and queues, routing keys, and most message properties
// (AMQP 0-9-1, section 4.2.5.3).
const MaxShortString = 255

// Config is the keys that the producer, consumer and agent blocks have in
// common: the exchange, the queue, and how they are declared.
type Config struct {
	// Name of the queue. Required; an empty name declares no queue for a
	// producer. Default: none.
	Name string `json:"name"`
	// Exchange is the name of the exchange. Required; "" is the default
	// exchange, on which nothing is declared or bound. Default: none.
	Exchange string `json:"exchange"`
	// ExchangeType is topic, direct, fanout, headers, or one of a plugin.
	// Default: "topic".
	ExchangeType string `json:"exchange_type"`
	// ExchangeArgs are the exchange's arguments. Default: none.
	ExchangeArgs map[string]any `json:"exchange_args"`
	// BindingArgs are the arguments of each binding. Default: none.
	BindingArgs map[string]any `json:"binding_args"`
	QueueConfig
	// Durable makes exchange and queue survive a restart of the broker.
	// Default: false.
	Durable bool `json:"durable"`
	// Delete lets the broker delete the queue with its last consumer, and the
	// exchange with its last binding. Default: false.
	Delete bool `json:"delete"`
	// Exclusive keeps the queue to this gateway's connection. It never applies
	// to the exchange. Default: false.
	Exclusive bool `json:"exclusive"`
	// Declare is all, passive or none, as the Modes. Default: "all".
	Declare Mode `json:"declare"`
	// NoWait sends declarations without waiting for the broker's answers.
	// Default: false.
	NoWait bool `json:"no_wait"`
	// NoLocal is passed on; RabbitMQ ignores it. Default: false.
	NoLocal bool `json:"no_local"`
}

// Defaults are the keys as they are when a block does not name them.
func Defaults() Config {
	return Config{ExchangeType: DefaultExchangeType, Declare: All}
}

// Problems says what the broker would refuse.
func (c Config) Problems() (problems schema.Problems) {
	for path, args := range map[string]map[string]any{"exchange_args": c.ExchangeArgs, "binding_args": c.BindingArgs} {
		if err := Table(args).Validate(); err != nil {
			problems = append(problems, schema.Wrong(path, err.Error(), ""))
		}
	}
	return slices.Concat(problems, QueueName("name", c.Name), ShortString("exchange", c.Exchange), c.QueueConfig.problems(c))
}

// Topology is the exchange and queue that the keys describe, bound with the
// routing keys.
func (c Config) Topology(routingKeys ...string) Topology {
	t := Topology{
		Exchange:    Exchange{Name: c.Exchange, Type: c.ExchangeType, Durable: c.Durable, AutoDelete: c.Delete, Args: Table(c.ExchangeArgs)},
		Queue:       Queue{Name: c.Name, Durable: c.Durable, AutoDelete: c.Delete, Exclusive: c.Exclusive, Args: c.args()},
		BindingArgs: Table(c.BindingArgs),
		Mode:        c.Declare,
		NoWait:      c.NoWait,
	}
	if c.Name != "" && c.Exchange != "" {
		t.Bindings = routingKeys
		if len(routingKeys) == 0 && c.keyless() {
			t.Bindings = []string{""}
		}
	}
	return t
}

// keyless says that bindings are not about routing keys.
func (c Config) keyless() bool {
	return c.ExchangeType == amqp.ExchangeFanout || c.ExchangeType == amqp.ExchangeHeaders || len(c.BindingArgs) > 0
}

// Unbound says that nothing binds the queue to the exchange.
func (c Config) Unbound(routingKeys []string) bool {
	return c.Exchange != "" && c.Declare == All && len(c.Topology(routingKeys...).Bindings) == 0
}

// QueueName checks the name of a queue that is declared.
func QueueName(path, name string) schema.Problems {
	if strings.HasPrefix(name, "amq.") {
		return schema.Problems{schema.Wrong(path, "queue names that begin with amq. are reserved for the broker", "choose another name")}
	}
	return ShortString(path, name)
}

// ShortString says why the value at a path cannot be an AMQP short string.
func ShortString(path, value string) schema.Problems {
	if err := CheckShortString(value); err != nil {
		return schema.Problems{schema.Wrong(path, err.Error(), fmt.Sprintf("use %d bytes of UTF-8 at most", MaxShortString))}
	}
	return nil
}

// CheckShortString says why s cannot be an AMQP short string.
func CheckShortString(s string) error {
	if len(s) > MaxShortString {
		return fmt.Errorf("%d bytes, longer than %d", len(s), MaxShortString)
	}
	if !utf8.ValidString(s) {
		return errors.New("not valid UTF-8")
	}
	return nil
}
