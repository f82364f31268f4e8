// Command lura-amqp is a small Lura gateway with the AMQP module compiled in.
//
//	lura-amqp run -c krakend.json
//	lura-amqp check -c krakend.json
//	lura-amqp schema --base krakend-schema.json
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `lura-amqp is a small Lura gateway with AMQP backends and agents.

  lura-amqp run -c krakend.json [-p port] [-d] [--metrics address]

    -c, --config   the configuration, as KrakenD's
    -p, --port     listen on this port in place of the configuration's
    -d, --debug    log at DEBUG and serve /__debug
    --metrics      serve the metrics for Prometheus at /metrics on this address,
                   as :9090 or 127.0.0.1:9090

  lura-amqp check -c krakend.json [--connect] [--json]

    prints what is wrong about the AMQP blocks of a configuration, and what to
    change. Exit status: 0 when nothing keeps them from working, else 1, as
    krakend check has it.

    --connect      log in to the brokers too and compare what exists there with
                   what would be declared; nothing is changed
    --json         print a list of objects: file, pointer (RFC 6901), severity,
                   message, fix

  lura-amqp schema [--base schema.json]

    prints the JSON Schemas of the blocks, or KrakenD's own schema with them in
    the place of its own, for krakend check -s.
`

// Exit statuses.
const (
	succeeded     = 0
	failed        = 1
	calledWrongly = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command runs a subcommand and returns the exit status.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return calledWrongly
	}
	switch args[0] {
	case "run":
		return run(ctx, args[1:], stdout, stderr)
	case "check":
		return checkFile(ctx, args[1:], stdout, stderr)
	case "schema":
		return printSchema(args[1:], stdout, stderr)
	}
	fmt.Fprint(stderr, usage)
	return calledWrongly
}

// newFlags has the usage of all subcommands.
func newFlags(name string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	return flags
}

// configFlag is the file that -c or --config names.
func configFlag(flags *flag.FlagSet) *string {
	var file string
	for _, name := range []string{"c", "config"} {
		flags.StringVar(&file, name, "", "configuration file")
	}
	return &file
}
