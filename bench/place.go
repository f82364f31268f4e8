package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// place is the exchange and the queue that a trial works on.
type place struct {
	url             string
	exchange, queue string
	key             string
	durable         bool
	kind            string     // of the exchange
	args            amqp.Table // of the queue
}

func newPlace(url string, durable bool) place {
	return place{url: url, exchange: "bench", queue: "bench", key: "bench", durable: durable, kind: amqp.ExchangeTopic}
}

// queuesOf is so many places with a queue and a key each, and the place's exchange.
func queuesOf(p place, count int) []place {
	places := make([]place, count)
	for i := range places {
		places[i] = p
		places[i].queue = fmt.Sprintf("%s-%d", p.queue, i)
		places[i].key = places[i].queue
	}
	return places
}

// declare makes the place as all contenders declare it. A contender that declares no
// queue finds it there.
func (p place) declare(ch *amqp.Channel) error {
	if err := ch.ExchangeDeclare(p.exchange, p.kind, p.durable, false, false, false, nil); err != nil {
		return err
	}
	if _, err := ch.QueueDeclare(p.queue, p.durable, false, false, false, p.args); err != nil {
		return err
	}
	return ch.QueueBind(p.queue, p.key, p.exchange, false, nil)
}

// remove deletes the place and the messages in it.
func (p place) remove(ch *amqp.Channel) error {
	if _, err := ch.QueueDelete(p.queue, false, false, false); err != nil {
		return err
	}
	return ch.ExchangeDelete(p.exchange, false, false)
}

// fill declares the place and puts messages into its queue, as many as count and no
// longer under way when it returns.
func (p place) fill(ctx context.Context, count int, body []byte) error {
	conn, err := amqp.Dial(p.url)
	if err != nil {
		return err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := errors.Join(p.declare(ch), ch.Confirm(false)); err != nil {
		return err
	}
	message := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body}
	confirmations := make([]*amqp.DeferredConfirmation, count)
	for i := range confirmations {
		if confirmations[i], err = ch.PublishWithDeferredConfirm(p.exchange, p.key, false, false, message); err != nil {
			return err
		}
	}
	for _, c := range confirmations {
		acked, err := c.WaitContext(ctx)
		if err == nil && !acked {
			err = errNacked
		}
		if err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	return nil
}

// await returns when the queue has as many messages.
func (p place) await(ctx context.Context, ch *amqp.Channel, count int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		q, err := ch.QueueDeclarePassive(p.queue, p.durable, false, false, false, p.args)
		if err != nil || q.Messages == count {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages arrived: %w", q.Messages, count, ctx.Err())
		}
	}
}
