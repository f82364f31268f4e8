package main

import (
	"context"
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// broker returns the URL of the broker to use: that of AMQP_URL, or that of a
// private node.
func broker(ctx context.Context) (url string, closeBroker func(), err error) {
	if url := os.Getenv("AMQP_URL"); url != "" {
		say("Using the broker at AMQP_URL.")
		return url, func() {}, nil
	}
	say("Starting a private RabbitMQ; set AMQP_URL to use another one.")
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	node, err := rabbit.Start(ctx)
	if err != nil {
		return "", nil, err
	}
	return node.URL(), node.Close, nil
}

// What the demo's configuration declares.
var (
	queues    = []string{"queue-1", "krakend", "processed"}
	exchanges = []string{"some-exchange", "foo"}
)

// leftovers returns how to delete what the demo is going to declare. What exists
// already is not the demo's, and stays.
func leftovers(url string) (cleanUp func(), err error) {
	connection, err := amqp.Dial(url)
	if err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	var deletions []func(*amqp.Channel) error
	for _, name := range queues {
		if !exists(connection, func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
			return err
		}) {
			deletions = append(deletions, func(ch *amqp.Channel) error {
				_, err := ch.QueueDelete(name, false, false, false)
				return err
			})
		}
	}
	for _, name := range exchanges {
		if !exists(connection, func(ch *amqp.Channel) error {
			return ch.ExchangeDeclarePassive(name, "topic", true, false, false, false, nil)
		}) {
			deletions = append(deletions, func(ch *amqp.Channel) error { return ch.ExchangeDelete(name, false, false) })
		}
	}
	return func() {
		defer connection.Close()
		ch, err := connection.Channel()
		for i := 0; i < len(deletions) && err == nil; i++ {
			err = deletions[i](ch)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "demo: cleaning up:", err)
		}
	}, nil
}

// exists declares passively, on a channel that an error closes.
func exists(connection *amqp.Connection, declare func(*amqp.Channel) error) bool {
	ch, err := connection.Channel()
	if err != nil {
		return false
	}
	defer ch.Close()
	return declare(ch) == nil
}
