// Package topology is the only code that declares exchanges, queues and
// bindings.
package topology

import (
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// DefaultExchangeType is the type of an exchange whose block does not say
// otherwise, as KrakenD's documentation has it.
const DefaultExchangeType = amqp.ExchangeTopic

// Topology is what one backend or agent needs to exist on the broker: an
// exchange, a queue, and the bindings between them. An empty name leaves the
// exchange or the queue out. It never changes once made.
type Topology struct {
	Exchange    Exchange
	Queue       Queue
	Bindings    []string // routing keys that bind the queue to the exchange
	BindingArgs amqp.Table
	Mode        Mode
	NoWait      bool
}

// Mode is how a topology comes to exist.
type Mode string

// The modes. The zero value is All.
const (
	All     Mode = "all"     // it is declared
	Passive Mode = "passive" // it must exist: the broker is asked, and nothing is bound
	None    Mode = "none"    // nobody asks
	Ensure  Mode = "ensure"  // it is declared, and used as it is when it exists with other settings
)

// Exchange is an exchange to declare. The default exchange "" and the exchanges
// that the broker itself declares (amq.*) are left alone.
type Exchange struct {
	Name       string
	Type       string
	Durable    bool
	AutoDelete bool
	Args       amqp.Table
}

// Queue is a queue to declare. An exclusive one belongs to the connection that
// declares it and goes away with it.
type Queue struct {
	Name       string
	Durable    bool
	AutoDelete bool
	Exclusive  bool
	Args       amqp.Table
}

// Identity is equal for two topologies that declare the same things.
func (t Topology) Identity() string { return fmt.Sprintf("%+v", t) }

// Empty says that there is nothing to declare.
func (t Topology) Empty() bool {
	return t.Mode == None || !t.Exchange.declarable() && t.Queue.Name == ""
}

// DeclaresQueue says whether the queue is bound and there whenever the topology is.
func (t Topology) DeclaresQueue() bool {
	return t.Queue.Name != "" && t.Mode != Passive && t.Mode != None
}

// Declarations are the things that are declared, with all that the broker compares
// when they exist already.
func (t Topology) Declarations() map[string]string {
	all := map[string]string{}
	if t.Mode == Passive || t.Mode == None {
		return all
	}
	if e := t.Exchange; e.declarable() {
		all[fmt.Sprintf("exchange %q", e.Name)] = words(e.Args, e.Type, e.Durable, e.AutoDelete, false)
	}
	if q := t.Queue; q.Name != "" {
		all[fmt.Sprintf("queue %q", q.Name)] = words(q.Args, "", q.Durable, q.AutoDelete, q.Exclusive)
	}
	return all
}

func words(args amqp.Table, kind string, durable, autoDelete, exclusive bool) string {
	words := []string{"transient"}
	if durable {
		words[0] = "durable"
	}
	if kind != "" {
		words = append([]string{kind}, words...)
	}
	if autoDelete {
		words = append(words, "auto-delete")
	}
	if exclusive {
		words = append(words, "exclusive")
	}
	if len(args) > 0 {
		words = append(words, strings.Replace(fmt.Sprintf("with %v", args), "map", "", 1))
	}
	return strings.Join(words, " ")
}

func (e Exchange) declarable() bool {
	return e.Name != "" && !strings.HasPrefix(e.Name, "amq.")
}

// Declare declares the exchange and the queue and binds them, or looks for them. The
// channel is closed by the broker when it fails. With NoWait the broker does not answer
// and an error shows only when the channel is closed.
func (t Topology) Declare(ch *amqp.Channel) error {
	switch t.Mode {
	case None:
		return nil
	case Passive:
		return t.find(ch)
	case Ensure:
		return existing(t.declare(ch))
	}
	return t.declare(ch)
}

func (t Topology) declare(ch *amqp.Channel) error {
	if e := t.Exchange; e.declarable() {
		if err := ch.ExchangeDeclare(e.Name, e.Type, e.Durable, e.AutoDelete, false, t.NoWait, e.Args); err != nil {
			return fmt.Errorf("declare exchange %q: %w", e.Name, err)
		}
	}
	q := t.Queue
	if q.Name == "" {
		return nil
	}
	if _, err := ch.QueueDeclare(q.Name, q.Durable, q.AutoDelete, q.Exclusive, t.NoWait, q.Args); err != nil {
		return fmt.Errorf("declare queue %q: %w", q.Name, err)
	}
	if t.Exchange.Name == "" {
		return nil // every queue is bound to the default exchange by its name
	}
	for _, key := range t.Bindings {
		if err := ch.QueueBind(q.Name, key, t.Exchange.Name, t.NoWait, t.BindingArgs); err != nil {
			return fmt.Errorf("bind queue %q to exchange %q with %q: %w", q.Name, t.Exchange.Name, key, err)
		}
	}
	return nil
}

// DeclareExclusive declares a queue that the broker names, and that belongs to the
// channel's connection. It is classic, as other types cannot be exclusive.
func DeclareExclusive(ch *amqp.Channel) (name string, err error) {
	queue, err := ch.QueueDeclare("", false, false, true, false, amqp.Table{"x-queue-type": "classic"})
	if err != nil {
		return "", fmt.Errorf("declare an exclusive queue: %w", err)
	}
	return queue.Name, nil
}
