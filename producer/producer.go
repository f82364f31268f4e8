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

// New returns a proxy that publishes its requests, and with a reply block answers with
// the replies. It does not wait for the broker. The connection is kept until ctx has ended
// and the last request is answered.
func New(ctx context.Context, logger logging.Logger, prefix string, cfg Config, remote *config.Backend) proxy.Proxy {
	counters := stats.RegisterBackend(ctx, remote)
	options := broker.PublisherOptions{
		Topology: cfg.Declares(),
		Confirm:  cfg.Confirm,
		Policy:   cfg.policy,
		Logger:   logger,
		Prefix:   prefix,
		Stats:    counters,
	}
	var send func(context.Context, broker.Message) (*proxy.Response, error)
	if cfg.Reply != nil {
		send = newCaller(ctx, &cfg, remote, options).answer
	} else {
		send = newSender(ctx, &cfg, remote, options)
	}
	return func(ctx context.Context, r *proxy.Request) (*proxy.Response, error) {
		var answer *proxy.Response
		body := newBody()
		defer body.release()
		m, err := cfg.message(r, body, time.Now())
		if err == nil {
			answer, err = send(ctx, m)
		}
		counters.Request(err)
		return answer, status.Of(err)
	}
}

// newSender returns what publishes a message and answers with its receipt.
func newSender(ctx context.Context, cfg *Config, remote *config.Backend, o broker.PublisherOptions) func(context.Context, broker.Message) (*proxy.Response, error) {
	publisher := broker.NewPublisher(ctx, cfg.hosts, o)
	answer := answerer(cfg.Exchange, remote)
	return func(ctx context.Context, m broker.Message) (*proxy.Response, error) {
		if err := publisher.Publish(ctx, m); err != nil {
			return nil, err
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
