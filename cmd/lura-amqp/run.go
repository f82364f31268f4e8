package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/luraproject/lura/v2/logging"

	"github.com/bdf0fecc/lura-amqp/internal/gateway"
)

// run serves a configuration until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var file string
	var port int
	var debug bool
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	for _, name := range []string{"c", "config"} {
		flags.StringVar(&file, name, "", "configuration file")
	}
	for _, name := range []string{"p", "port"} {
		flags.IntVar(&port, name, 0, "port")
	}
	for _, name := range []string{"d", "debug"} {
		flags.BoolVar(&debug, name, false, "debug")
	}
	if flags.Parse(args) != nil {
		return 2
	}
	if file == "" || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	cfg, err := gateway.Load(file)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", file, err)
		return 1
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
		return 1
	}
	if err := gateway.Run(ctx, cfg, logger, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
