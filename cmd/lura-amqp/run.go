package main

import (
	"context"
	"fmt"
	"io"

	"github.com/luraproject/lura/v2/logging"

	"github.com/bdf0fecc/lura-amqp/internal/check"
	"github.com/bdf0fecc/lura-amqp/internal/gateway"
)

// run serves a configuration until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var port int
	var debug bool
	flags := newFlags("run", stderr)
	file := configFlag(flags)
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
	if err := gateway.Run(ctx, cfg, logger, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return failed
	}
	return succeeded
}
