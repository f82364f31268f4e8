package main

import (
	"context"
	"fmt"
	"io"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/bdf0fecc/lura-amqp/internal/check"
	"github.com/bdf0fecc/lura-amqp/internal/gateway"
)

// run serves a configuration until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var port int
	var debug bool
	flags := newFlags("run", stderr)
	file := configFlag(flags)
	address := flags.String("metrics", "", "address of the metrics")
	for _, name := range []string{"p", "port"} {
		flags.IntVar(&port, name, 0, "port")
	}
	for _, name := range []string{"d", "debug"} {
		flags.BoolVar(&debug, name, false, "debug")
	}
	if flags.Parse(args) != nil {
		return calledWrongly
	}
	if *file == "" || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return calledWrongly
	}
	cfg, err := gateway.Load(*file)
	if err != nil {
		// Lura's own words may show a host with its password.
		printFindings(stderr, check.File(*file).Findings())
		return failed
	}
	if port != 0 {
		cfg.Port = port
	}
	level := "INFO"
	if debug {
		cfg.Debug, level = true, "DEBUG"
	}
	logger, err := logging.NewLogger(level, stdout, "[LURA-AMQP]")
	if err != nil {
		fmt.Fprintln(stderr, err)
		return failed
	}
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	if err := serve(ctx, cfg, logger, stdout, *address); err != nil {
		fmt.Fprintln(stderr, err)
		return failed
	}
	return succeeded
}

// serve runs the gateway, with its metrics on an address of their own if there is one.
func serve(ctx context.Context, cfg config.ServiceConfig, logger logging.Logger, accessLog io.Writer, metricsAddress string) error {
	if metricsAddress != "" {
		end, err := serveMetrics(metricsAddress)
		if err != nil {
			return err
		}
		defer end()
	}
	return gateway.Run(ctx, cfg, logger, accessLog)
}
