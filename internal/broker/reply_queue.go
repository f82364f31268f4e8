package broker

import (
	"errors"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// ReplyQueue is where the replies to calls come: Direct, Exclusive, or a queue by its
// name.
type ReplyQueue string

const (
	// Direct is RabbitMQ's direct reply-to: no queue, so nothing to declare, and
	// nothing that is kept. Its replies come over the publishing connection.
	Direct ReplyQueue = ""
	// Exclusive is a queue that the broker names, and that is gone with the
	// consuming connection.
	Exclusive ReplyQueue = "exclusive"
)

// DirectReplyTo is the pseudo-queue of direct reply-to. In a message's reply_to the broker
// puts the consumer's own address in its place, and closes the channel when it has no
// such consumer (https://www.rabbitmq.com/docs/direct-reply-to).
const DirectReplyTo = "amq.rabbitmq.reply-to"

// IsDirectReply says that a name is the address of a direct reply-to consumer, which takes
// messages of the default exchange without being a queue. RabbitMQ 3.10 closes the whole
// connection (541 INTERNAL_ERROR) over one that it cannot read.
func IsDirectReply(name string) bool { return strings.HasPrefix(name, DirectReplyTo+".") }

func (q ReplyQueue) direction() Direction {
	if q == Direct {
		return Publishing
	}
	return Consuming
}

// replyQueueLife is how long a named queue stays when nobody consumes it: that of a gateway
// which is gone for good would stay for ever.
const replyQueueLife = 30 * time.Minute

// topology is what is declared before anybody consumes. A named queue that exists is used
// as it is. It is classic whatever the virtual host's default: any other type lets several
// gateways consume, though each asks to be the only one.
func (q ReplyQueue) topology() topology.Topology {
	if q == Direct || q == Exclusive {
		return topology.Topology{}
	}
	args := amqp.Table{"x-queue-type": "classic", "x-expires": replyQueueLife.Milliseconds()}
	return topology.Topology{Queue: topology.Queue{Name: string(q), Durable: true, Args: args}, Mode: topology.Ensure}
}

// consume starts consuming and returns the address for reply_to.
func (q ReplyQueue) consume(ch *amqp.Channel, tag string) (replies <-chan amqp.Delivery, address string, err error) {
	switch q {
	case Direct:
		return consumeDirect(ch, tag)
	case Exclusive:
		address, err = topology.DeclareExclusive(ch)
	default:
		address, err = string(q), q.unused(ch)
	}
	if err != nil {
		return nil, "", err
	}
	if replies, err = ch.Consume(address, tag, true, true, false, false, nil); err != nil {
		return nil, "", q.refusal(err)
	}
	return replies, address, nil
}

// unused asks for the consumers of a queue that may be of a type that has no exclusive ones.
func (q ReplyQueue) unused(ch *amqp.Channel) error {
	found, err := ch.QueueDeclarePassive(string(q), true, false, false, false, nil)
	switch {
	case err != nil:
		return fmt.Errorf("look for queue %q: %w", q, err)
	case found.Consumers > 0:
		return q.shared(fmt.Sprintf("it has %d already", found.Consumers))
	}
	return nil
}

// refusal is what the broker says when it does not let us consume.
func (q ReplyQueue) refusal(err error) error {
	var refused *amqp.Error
	if errors.As(err, &refused) && refused.Code == amqp.AccessRefused && strings.Contains(refused.Reason, "in exclusive use") {
		return q.shared(refused.Reason)
	}
	return fmt.Errorf("consume replies from queue %q: %w", q, err)
}

// shared does not wrap the broker's error, which would need a person: it may be about our
// own last connection, which the broker misses only when its heartbeats are over.
func (q ReplyQueue) shared(why string) error {
	return fmt.Errorf("consume replies from queue %q, which one gateway alone may consume: %s; give each gateway a queue of its own, unless this passes", string(q), why)
}

// consumeDirect also asks for the address, so that calls may be published on any
// channel: a message that no queue takes comes back with the address in its reply_to.
func consumeDirect(ch *amqp.Channel, tag string) (<-chan amqp.Delivery, string, error) {
	replies, err := ch.Consume(DirectReplyTo, tag, true, false, false, false, nil)
	if err != nil {
		return nil, "", fmt.Errorf("consume %s: %w", DirectReplyTo, err)
	}
	returns := ch.NotifyReturn(make(chan amqp.Return, 1))
	nobody := tag + ".address"
	if err := ch.Publish("", nobody, true, false, amqp.Publishing{ReplyTo: DirectReplyTo}); err != nil {
		return nil, "", fmt.Errorf("ask for the address of %s: %w", DirectReplyTo, err)
	}
	returned, ok := <-returns
	if !ok {
		return nil, "", fmt.Errorf("ask for the address of %s: %w", DirectReplyTo, amqp.ErrClosed)
	}
	if !IsDirectReply(returned.ReplyTo) {
		return nil, "", fmt.Errorf(`the broker has no %s; write "reply": {"queue": "exclusive"}`, DirectReplyTo)
	}
	return replies, returned.ReplyTo, nil
}
