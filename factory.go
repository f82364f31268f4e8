// Package amqp gives Lura gateways, KrakenD among them, AMQP 0-9-1 backends: HTTP
// requests become messages, and messages become HTTP responses.
//
// [NewBackendFactory] has the signature and meaning of the function of the same
// name in github.com/krakend/krakend-amqp. Async agents are in the package agent.
package amqp

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/consumer"
	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/status"
	"github.com/bdf0fecc/lura-amqp/producer"
)

// NewBackendFactory returns a factory that builds a producer or a consumer for a
// backend whose extra_config has a backend/amqp/producer or backend/amqp/consumer
// block, and hands every other backend to bf. A backend with both publishes on
// POST, PUT and PATCH and consumes on every other method.
//
// Building never waits for a broker. A block that is wrong is logged as an ERROR
// that names the key, and its backend answers 500 with the same words.
//
// When ctx ends consumers take no more messages; producers keep working for the
// requests that are still served.
func NewBackendFactory(ctx context.Context, logger logging.Logger, bf proxy.BackendFactory) proxy.BackendFactory {
	f := factory{ctx, logger}
	return func(remote *config.Backend) proxy.Proxy {
		produces, consumes := extra.Producer.In(remote.ExtraConfig), extra.Consumer.In(remote.ExtraConfig)
		switch {
		case produces && consumes:
			return byMethod(f.producer(remote), f.consumer(remote))
		case produces:
			return f.producer(remote)
		case consumes:
			return f.consumer(remote)
		}
		return bf(remote)
	}
}

type factory struct {
	ctx    context.Context
	logger logging.Logger
}

func (f factory) producer(remote *config.Backend) proxy.Proxy {
	block, _ := extra.Producer.Find(remote.ExtraConfig)
	cfg, unknown, err := producer.NewConfig(block, remote)
	return f.build(extra.Producer, remote, unknown, err, func(hosts broker.Hosts, prefix string) proxy.Proxy {
		return producer.New(f.ctx, f.logger, prefix, cfg, hosts, remote)
	})
}

func (f factory) consumer(remote *config.Backend) proxy.Proxy {
	block, _ := extra.Consumer.Find(remote.ExtraConfig)
	cfg, unknown, err := consumer.NewConfig(block)
	return f.build(extra.Consumer, remote, unknown, err, func(hosts broker.Hosts, prefix string) proxy.Proxy {
		return consumer.New(f.ctx, f.logger, prefix, cfg, hosts, remote)
	})
}

// build makes the proxy, or one that answers with what is wrong about the block.
func (f factory) build(n extra.Namespace, remote *config.Backend, unknown []extra.Unknown, err error, make func(hosts broker.Hosts, prefix string) proxy.Proxy) proxy.Proxy {
	prefix := "[BACKEND: " + remote.URLPattern + "][AMQP]"
	for _, key := range unknown {
		f.logger.Warning(prefix, fmt.Sprintf("%s: %s", n.Short, key))
	}
	hosts, hostsErr := takeHosts(remote)
	if err == nil {
		err = hostsErr
	}
	if err == nil {
		return make(hosts, prefix)
	}
	wrong := status.New(http.StatusInternalServerError, fmt.Errorf("%s: %w", n.Short, err))
	f.logger.Error(prefix, fmt.Sprintf("%v; the backend answers 500 (endpoint %s %s)", wrong, remote.ParentEndpointMethod, remote.ParentEndpoint))
	return func(context.Context, *proxy.Request) (*proxy.Response, error) { return nil, wrong }
}

// byMethod publishes requests that carry something and consumes for the others.
func byMethod(publish, consume proxy.Proxy) proxy.Proxy {
	return func(ctx context.Context, r *proxy.Request) (*proxy.Response, error) {
		if r == nil {
			return consume(ctx, r)
		}
		switch strings.ToUpper(r.Method) {
		case http.MethodPost, http.MethodPut, http.MethodPatch:
			return publish(ctx, r)
		}
		return consume(ctx, r)
	}
}
