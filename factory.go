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
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
	"github.com/bdf0fecc/lura-amqp/producer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// NewBackendFactory returns a factory that builds a producer or a consumer for a
// backend whose extra_config has a backend/amqp/producer or backend/amqp/consumer
// block, and hands every other backend to bf. A backend with both publishes on
// POST, PUT and PATCH and consumes on every other method. A backend with the block
// backend/amqp/stats answers with the [Statistics].
//
// Building never waits for a broker. A block that is wrong is logged as an ERROR
// that names the key, and its backend answers 500 with the same words.
//
// When ctx ends consumers take no more messages; producers keep working for the
// requests that are still served.
func NewBackendFactory(ctx context.Context, logger logging.Logger, bf proxy.BackendFactory) proxy.BackendFactory {
	telemetry.Metrics()
	f := factory{ctx, logger}
	return func(remote *config.Backend) proxy.Proxy {
		if problems := unanswerable(remote); len(problems) > 0 {
			broker.TakeHosts(remote)
			return f.build(remote, problems, nil)
		}
		produces, consumes := extra.Producer.In(remote.ExtraConfig), extra.Consumer.In(remote.ExtraConfig)
		switch {
		case produces && consumes:
			return byMethod(f.producer(remote), f.consumer(remote))
		case produces:
			return f.producer(remote)
		case consumes:
			return f.consumer(remote)
		case extra.Stats.In(remote.ExtraConfig):
			return f.stats(remote)
		}
		return bf(remote)
	}
}

// unanswerable is what is wrong about a backend that several blocks or none of them
// answer for.
func unanswerable(remote *config.Backend) schema.Problems {
	if !extra.Ours(remote.ExtraConfig) && broker.AreAMQP(remote.Host) {
		return extra.Missing(remote.ExtraConfig)
	}
	return extra.Conflicts(remote.ExtraConfig)
}

type factory struct {
	ctx    context.Context
	logger logging.Logger
}

func (f factory) producer(remote *config.Backend) proxy.Proxy {
	cfg, problems := producer.NewConfig(remote)
	return f.build(remote, problems, func(prefix string) proxy.Proxy {
		return producer.New(f.ctx, f.logger, prefix, cfg, remote)
	})
}

func (f factory) consumer(remote *config.Backend) proxy.Proxy {
	cfg, problems := consumer.NewConfig(remote)
	return f.build(remote, problems, func(prefix string) proxy.Proxy {
		return consumer.New(f.ctx, f.logger, prefix, cfg, remote)
	})
}

func (f factory) stats(remote *config.Backend) proxy.Proxy {
	problems := extra.Stats.Decode(remote.ExtraConfig, &struct{}{}).Under(extra.Stats.Path()...)
	return f.build(remote, problems, func(string) proxy.Proxy { return statsProxy(remote) })
}

// build makes the proxy, or one that answers with what is wrong about the backend.
func (f factory) build(remote *config.Backend, problems schema.Problems, make func(prefix string) proxy.Proxy) proxy.Proxy {
	prefix := "[BACKEND: " + remote.URLPattern + "][AMQP]"
	if remote.ParentEndpoint != "" {
		prefix += fmt.Sprintf(" endpoint %s %s:", remote.ParentEndpointMethod, remote.ParentEndpoint)
	}
	for _, warning := range problems.Warnings() {
		f.logger.Warning(prefix, warning)
	}
	err := problems.Err()
	if err == nil {
		return make(prefix)
	}
	wrong := status.New(http.StatusInternalServerError, err)
	f.logger.Error(prefix, fmt.Sprintf("%v; the backend answers 500", wrong))
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
