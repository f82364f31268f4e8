package producer

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/status"
)

// receipt is what a client gets for a message that was published.
type receipt struct {
	Status     string `json:"status"`
	Exchange   string `json:"exchange"`
	RoutingKey string `json:"routing_key"`
}

// New returns a proxy that publishes its requests. It does not wait for the broker. The connection is kept until ctx has ended and the last
// request is answered.
func New(ctx context.Context, logger logging.Logger, prefix string, cfg Config, remote *config.Backend) proxy.Proxy {
	counters := stats.RegisterBackend(ctx, remote)
	publisher := broker.NewPublisher(ctx, cfg.hosts, broker.PublisherOptions{
		Topology: cfg.Declares(),
		Confirm:  cfg.Confirm,
		Policy:   cfg.policy,
		Logger:   logger,
		Prefix:   prefix,
		Stats:    counters,
	})
	answer := answerer(cfg.Exchange, remote)
	return func(ctx context.Context, r *proxy.Request) (*proxy.Response, error) {
		m, err := cfg.message(r, time.Now())
		if err == nil {
			err = publisher.Publish(ctx, m)
		}
		counters.Request(err)
		if err != nil {
			return nil, status.Of(err)
		}
		return answer(m.RoutingKey), nil
	}
}

// answerer returns how a backend answers a published message: with 202 and the
// raw receipt on a no-op endpoint, else with the receipt as data.
func answerer(exchange string, remote *config.Backend) func(routingKey string) *proxy.Response {
	if remote.Encoding == encoding.NOOP {
		return func(routingKey string) *proxy.Response {
			body, _ := json.Marshal(receipt{"published", exchange, routingKey}) // three strings
			return &proxy.Response{
				IsComplete: true,
				Data:       map[string]any{},
				Io:         bytes.NewReader(body),
				Metadata: proxy.Metadata{
					StatusCode: http.StatusAccepted,
					Headers: map[string][]string{
						"Content-Type":   {"application/json"},
						"Content-Length": {strconv.Itoa(len(body))},
					},
				},
			}
		}
	}
	format := proxy.NewEntityFormatter(remote)
	return func(routingKey string) *proxy.Response {
		response := format.Format(proxy.Response{
			IsComplete: true,
			Data:       map[string]any{"status": "published", "exchange": exchange, "routing_key": routingKey},
		})
		return &response
	}
}
