//go:build !race

package main

import (
	"context"

	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	amqp "github.com/krakend/krakend-amqp/v2"
	"github.com/krakend/krakend-amqp/v2/async"
)

// krakendAMQP is the module that ours takes the place of.
type krakendAMQP struct{}

func peers() []contender { return []contender{krakendAMQP{}} }

func (krakendAMQP) name() string { return peer }

func (krakendAMQP) publisher(ctx context.Context, p publishing) (operation, error) {
	return publishThrough(amqp.NewBackendFactory(ctx, logging.NoOp, nil)(p.backend(producerNamespace, p.producerBlock())), p.body), nil
}

func (krakendAMQP) consumer(ctx context.Context, c consuming) (operation, error) {
	return consumeThrough(amqp.NewBackendFactory(ctx, logging.NoOp, nil)(c.backend(consumerNamespace, c.consumerBlock()))), nil
}

func (krakendAMQP) agent(ctx context.Context, c consuming, backend proxy.Proxy) error {
	return startAgent(ctx, async.StartAgent, c, backend)
}
