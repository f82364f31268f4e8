package main

import (
	"context"
	"time"

	"github.com/luraproject/lura/v2/proxy"
)

// Names of the contenders, as the tables show them.
const (
	ours = "lura-amqp"
	peer = "krakend-amqp"
	bare = "amqp091-go"
)

// contender is one way to work with the broker. What it opens is closed when the
// context ends that it was opened with.
type contender interface {
	name() string
	// publisher returns an operation that publishes one message.
	publisher(context.Context, publishing) (operation, error)
	// consumer returns an operation that takes one message and acks it.
	consumer(context.Context, consuming) (operation, error)
	// agent calls the backend with each message, and acks it when that succeeds.
	agent(context.Context, consuming, proxy.Proxy) error
}

// operation is what each caller repeats. It may be called concurrently.
type operation func(context.Context) error

// publishing is what a publisher does.
type publishing struct {
	place
	confirm bool
	body    []byte
}

// consuming is what a consumer or an agent does.
type consuming struct {
	place
	workers  int // of an agent
	prefetch int
}

// timeout is that of every request and message, the default of KrakenD's agents and
// the order of size of an endpoint's.
const timeout = 10 * time.Second

func contenders() []contender {
	return append([]contender{luraAMQP{}, bareClient{}}, peers()...)
}
