package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	amqp091 "github.com/rabbitmq/amqp091-go"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/agent"
)

// The namespaces as Lura's Normalize leaves them, which are all that the peer knows.
const (
	producerNamespace = "github.com/devopsfaith/krakend-amqp/produce"
	consumerNamespace = "github.com/devopsfaith/krakend-amqp/consume"
	agentNamespace    = "github.com/devopsfaith/krakend-amqp/agent"
)

// luraAMQP is this module, called as KrakenD calls it.
type luraAMQP struct{}

func (luraAMQP) name() string { return ours }

func (luraAMQP) publisher(ctx context.Context, p publishing) (operation, error) {
	block := p.producerBlock()
	block["confirm"] = p.confirm
	return publishThrough(amqp.NewBackendFactory(ctx, logging.NoOp, nil)(p.backend(producerNamespace, block)), p.body), nil
}

func (luraAMQP) consumer(ctx context.Context, c consuming) (operation, error) {
	return consumeThrough(amqp.NewBackendFactory(ctx, logging.NoOp, nil)(c.backend(consumerNamespace, c.consumerBlock()))), nil
}

func (luraAMQP) agent(ctx context.Context, c consuming, backend proxy.Proxy) error {
	return startAgent(ctx, agent.StartAgent, c, backend)
}

// backend is made anew for each factory, for ours takes the hosts out of it.
func (p place) backend(namespace string, block map[string]any) *config.Backend {
	return &config.Backend{
		Host:        []string{p.url},
		Decoder:     encoding.JSONDecoder,
		ExtraConfig: config.ExtraConfig{namespace: block},
	}
}

func (p place) producerBlock() map[string]any {
	block := map[string]any{
		"name": p.queue, "exchange": p.exchange, "exchange_type": p.kind, "durable": p.durable,
		"routing_key": p.key, "static_routing_key": true,
	}
	if kind := p.args[amqp091.QueueTypeArg]; kind != nil {
		block["queue_type"] = kind
	}
	return block
}

func (c consuming) consumerBlock() map[string]any {
	return map[string]any{
		"name": c.queue, "exchange": c.exchange, "durable": c.durable,
		"routing_key": []any{c.key}, "prefetch_count": float64(c.prefetch),
	}
}

func publishThrough(p proxy.Proxy, body []byte) operation {
	return func(ctx context.Context) error {
		response, err := p(ctx, &proxy.Request{Method: http.MethodPost, Body: io.NopCloser(bytes.NewReader(body))})
		return complete(response, err)
	}
}

func consumeThrough(p proxy.Proxy) operation {
	return func(ctx context.Context) error {
		response, err := p(ctx, &proxy.Request{Method: http.MethodGet, Body: http.NoBody})
		return complete(response, err)
	}
}

func complete(response *proxy.Response, err error) error {
	if err == nil && !response.IsComplete {
		return fmt.Errorf("incomplete: %+v", response.Data)
	}
	return err
}
