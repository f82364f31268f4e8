// Package gateway is a small Lura gateway with the AMQP module compiled in, put
// together the way KrakenD CE does it.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	luragin "github.com/luraproject/lura/v2/router/gin"
	"github.com/luraproject/lura/v2/transport/http/client"
	"github.com/luraproject/lura/v2/transport/http/server"
	"golang.org/x/sync/errgroup"

	amqp "github.com/bdf0fecc/lura-amqp"
	asyncamqp "github.com/bdf0fecc/lura-amqp/agent"
)

// ErrNotServing: the HTTP server ended by itself, as when its port is taken. The
// log says why.
var ErrNotServing = errors.New("the HTTP server ended")

// Load reads a krakend.json. What makes Lura's parser panic, as a null in the place of
// an endpoint, is an error too.
func Load(path string) (cfg config.ServiceConfig, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", path, r)
		}
	}()
	registerAliases()
	return config.NewParser().Parse(path)
}

// patience is how long the broker may take to hear the last acks.
const patience = 5 * time.Second

// Run serves cfg until ctx ends, then finishes what it has accepted: requests are
// answered, agents settle the messages they have in hand, and the broker hears of all acks.
func Run(ctx context.Context, cfg config.ServiceConfig, logger logging.Logger, accessLog io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	err := serveAll(ctx, cfg, logger, accessLog)
	cancel()
	waiting, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if late := amqp.Wait(waiting); late != nil {
		logger.Warning("[SERVICE: AMQP]", fmt.Sprintf("not closed in time: %v; messages in hand are delivered again", late))
	}
	return err
}

func serveAll(ctx context.Context, cfg config.ServiceConfig, logger logging.Logger, accessLog io.Writer) error {
	cfg.Normalize()
	backends := amqp.NewBackendFactory(ctx, logger, proxy.CustomHTTPProxyFactory(client.NewHTTPClient))
	proxies := proxy.NewDefaultFactory(backends, logger)

	pings := make(chan string, len(cfg.AsyncAgents))
	defer close(pings)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		router(ctx, cfg, proxies, pings, logger, accessLog).Run(cfg)
		if ctx.Err() == nil {
			return ErrNotServing
		}
		return nil
	})
	group.Go(async.AgentStarter{asyncamqp.StartAgent}.Start(groupCtx, cfg.AsyncAgents, logger, pings, proxies))
	return group.Wait()
}

type runner interface{ Run(config.ServiceConfig) }

func router(ctx context.Context, cfg config.ServiceConfig, proxies proxy.Factory, pings <-chan string, logger logging.Logger, accessLog io.Writer) runner {
	return luragin.NewFactory(luragin.Config{
		Engine:         luragin.NewEngine(cfg, luragin.EngineOptions{Logger: logger, Writer: accessLog, Health: pings}),
		Middlewares:    []gin.HandlerFunc{},
		HandlerFactory: luragin.CustomErrorEndpointHandler(logger, server.DefaultToHTTPError),
		ProxyFactory:   proxies,
		Logger:         logger,
		RunServer:      serve,
	}).NewWithContext(ctx)
}
