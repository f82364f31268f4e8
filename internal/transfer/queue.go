// Package transfer moves messages that failed to other queues. A copy is confirmed
// before the original is acked, so that a message may be there twice, and never not at
// all.
package transfer

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/luraproject/lura/v2/logging"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// patience is how long the broker may take to confirm a copy. It does not end with the
// request that failed, nor with the gateway.
const patience = 10 * time.Second

// Options are what all queues of an agent or consumer have in common.
type Options struct {
	Hosts  broker.Hosts
	Source topology.Queue // where the messages come from
	Policy broker.Policy
	Logger logging.Logger
	Prefix string // of its log lines
}

// Queue is where messages are moved to.
type Queue struct {
	Name      string
	publisher *broker.Publisher
}

// DeadLetter returns the queue for messages that nobody tries again. One that exists is
// used as it is.
func DeadLetter(ctx context.Context, name string, o Options) *Queue {
	q := topology.Queue{Name: name, Durable: true}
	if o.Source.Args["x-queue-type"] == topology.Quorum {
		q.Args = amqp.Table{"x-queue-type": topology.Quorum}
	}
	return o.queue(ctx, q, topology.Ensure)
}

// Delay returns the queue in which messages wait until they go back to their source. It
// is a quorum queue whatever the source is: no other forgets an expired message only when
// its target has it (x-dead-letter-strategy, RabbitMQ 3.10 and later). A classic one lost
// messages when the broker was killed, as the fault bench has shown.
func Delay(ctx context.Context, d time.Duration, o Options) *Queue {
	return o.queue(ctx, topology.Queue{Name: DelayName(o.Source.Name, d), Durable: true, Args: amqp.Table{
		"x-queue-type":              topology.Quorum,
		"x-dead-letter-strategy":    "at-least-once",
		"x-overflow":                "reject-publish", // which the strategy wants
		"x-message-ttl":             d.Milliseconds(),
		"x-dead-letter-exchange":    "",
		"x-dead-letter-routing-key": o.Source.Name,
	}}, topology.All)
}

// DelayName is the name of a delay queue: its settings never change under one name.
func DelayName(source string, d time.Duration) string {
	return source + ".retry." + strconv.FormatInt(d.Milliseconds(), 10)
}

func (o Options) queue(ctx context.Context, q topology.Queue, m topology.Mode) *Queue {
	return &Queue{Name: q.Name, publisher: broker.NewPublisher(ctx, o.Hosts, broker.PublisherOptions{
		Topology: topology.Topology{Queue: q, Mode: m},
		Confirm:  true,
		Policy:   o.Policy,
		Logger:   o.Logger,
		Prefix:   o.Prefix,
	})}
}

// Put confirms a copy of the message in the queue; expiration is how long it waits there
// at most, or 0. The original stays with the caller, who acks it after that. A message
// whose channel is gone is not copied: the broker delivers it again.
func (q *Queue) Put(ctx context.Context, d *broker.Delivery, f Failure, expiration time.Duration) error {
	select {
	case <-d.Gone():
		return fmt.Errorf("not moved to queue %q: its channel is closed", q.Name)
	default:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	m := broker.Message{RoutingKey: q.Name, Mandatory: true, Publishing: copyOf(&d.Delivery, f, time.Now())}
	if expiration > 0 {
		m.Expiration = strconv.FormatInt(expiration.Milliseconds(), 10)
	}
	if err := q.publisher.Publish(ctx, m); err != nil {
		return fmt.Errorf("not moved to queue %q: %w", q.Name, err)
	}
	return nil
}
