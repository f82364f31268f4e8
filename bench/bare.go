package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/proxy"
	amqp "github.com/rabbitmq/amqp091-go"
)

// bareChannels is how many channels of one connection the bare client's callers share: so
// many as it does best with, unless a flag says otherwise.
var bareChannels = 4

// bareClient is amqp091-go without anything around it.
type bareClient struct{}

func (bareClient) name() string { return bare }

// errNacked: the broker did not take a message.
var errNacked = errors.New("basic.nack")

func (bareClient) publisher(ctx context.Context, p publishing) (operation, error) {
	channels, err := openChannels(ctx, p.url, bareChannels)
	if err != nil {
		return nil, err
	}
	for _, ch := range channels {
		if p.confirm {
			err = errors.Join(err, ch.Confirm(false))
		}
	}
	var turn atomic.Uint64
	return func(ctx context.Context) error {
		ch := channels[turn.Add(1)%uint64(len(channels))]
		return publishBare(ctx, ch, p.exchange, p.key, p.durable, p.body)
	}, err
}

// publishBare returns when the broker has confirmed the message, if the channel has
// confirms.
func publishBare(ctx context.Context, ch *amqp.Channel, exchange, key string, durable bool, body []byte) error {
	message := amqp.Publishing{Timestamp: time.Now(), Body: body}
	if durable {
		message.DeliveryMode = amqp.Persistent
	}
	confirmation, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, message)
	if err != nil || confirmation == nil {
		return err
	}
	acked, err := confirmation.WaitContext(ctx)
	if err == nil && !acked {
		return errNacked
	}
	return err
}

func (bareClient) consumer(ctx context.Context, c consuming) (operation, error) {
	deliveries, err := consumeBare(ctx, c)
	return func(ctx context.Context) error {
		select {
		case d := <-deliveries:
			var data map[string]any
			if err := encoding.JSONDecoder(bytes.NewReader(d.Body), &data); err != nil {
				return err
			}
			return d.Ack(false)
		case <-ctx.Done():
			return ctx.Err()
		}
	}, err
}

func (bareClient) agent(ctx context.Context, c consuming, backend proxy.Proxy) error {
	deliveries, err := consumeBare(ctx, c)
	if err != nil {
		return err
	}
	for range c.workers {
		go func() {
			for d := range deliveries {
				timed, cancel := context.WithTimeout(ctx, timeout)
				if _, err := backend(timed, &proxy.Request{Body: io.NopCloser(bytes.NewReader(d.Body))}); err == nil {
					_ = d.Ack(false)
				}
				cancel()
			}
		}()
	}
	return nil
}

func consumeBare(ctx context.Context, c consuming) (<-chan amqp.Delivery, error) {
	channels, err := openChannels(ctx, c.url, 1)
	if err != nil {
		return nil, err
	}
	if err := channels[0].Qos(c.prefetch, 0, false); err != nil {
		return nil, err
	}
	return channels[0].ConsumeWithContext(ctx, c.queue, "", false, false, false, false, nil)
}

// openChannels opens channels on one connection, which is closed when ctx ends.
func openChannels(ctx context.Context, url string, count int) ([]*amqp.Channel, error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	channels := make([]*amqp.Channel, count)
	for i := range channels {
		if channels[i], err = conn.Channel(); err != nil {
			return nil, fmt.Errorf("open channel: %w", err)
		}
	}
	return channels, nil
}
