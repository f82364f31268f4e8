package topology

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
	// Durable makes exchange and queue survive a restart of the broker.
	// Default: false.
	Durable bool `json:"durable"`
	// Delete lets the broker delete the queue with its last consumer, and the
	// exchange with its last binding. Default: false.
	Delete bool `json:"delete"`
	// Exclusive keeps the queue to this gateway's connection. It never applies
	// to the exchange. Default: false.
	Exclusive bool `json:"exclusive"`
	// NoWait sends declarations without waiting for the broker's answers.
	// Default: false.
	NoWait bool `json:"no_wait"`
	// NoLocal is passed on; RabbitMQ ignores it. Default: false.
	NoLocal bool `json:"no_local"`
}

// Problems says what the broker would refuse.
func (c Config) Problems() (problems schema.Problems) {
	if strings.HasPrefix(c.Name, "amq.") {
		problems = append(problems, schema.Wrong("name", "queue names that begin with amq. are reserved for the broker", "choose another name"))
	}
	return append(problems, slices.Concat(ShortString("name", c.Name), ShortString("exchange", c.Exchange))...)
}

// Topology is the exchange and queue that the keys describe, bound with the
// routing keys.
func (c Config) Topology(routingKeys ...string) Topology {
	t := Topology{
		Exchange: Exchange{Name: c.Exchange, Type: DefaultExchangeType, Durable: c.Durable, AutoDelete: c.Delete},
		Queue:    Queue{Name: c.Name, Durable: c.Durable, AutoDelete: c.Delete, Exclusive: c.Exclusive},
		NoWait:   c.NoWait,
	}
	if c.Name != "" && c.Exchange != "" {
		t.Bindings = routingKeys
	}
	return t
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
