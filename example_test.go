package amqp_test

import (
	"context"
	"fmt"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	amqp "github.com/bdf0fecc/lura-amqp"
)

// A gateway puts the factory in front of the one for HTTP backends. Building does
// not wait for the broker, so it need not be there yet.
func ExampleNewBackendFactory() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	backends := amqp.NewBackendFactory(ctx, logging.NoOp, proxy.HTTPProxyFactory(nil))
	pipes := proxy.NewDefaultFactory(backends, logging.NoOp)
	pipe, err := pipes.New(&config.EndpointConfig{
		Endpoint: "/orders",
		Method:   "POST",
		Backend: []*config.Backend{{
			Method:     "POST",
			URLPattern: "/orders",
			Host:       []string{"amqp://guest:guest@127.0.0.1:5672"},
			ExtraConfig: config.ExtraConfig{
				"backend/amqp/producer": map[string]any{
					"name": "orders", "exchange": "shop", "durable": true, "routing_key": "order.new",
				},
			},
		}},
	})
	fmt.Println(pipe != nil, err)
	// Output: true <nil>
}
