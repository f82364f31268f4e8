// Command lura-amqp is a small Lura gateway with the AMQP module compiled in.
//
//	lura-amqp run -c krakend.json
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `lura-amqp is a small Lura gateway with AMQP backends and agents.

  lura-amqp run -c krakend.json [-p port] [-d]

  -c, --config   the configuration, as KrakenD's
  -p, --port     listen on this port in place of the configuration's
  -d, --debug    log at DEBUG and serve /__debug
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command runs a subcommand and returns the exit status: 0, or 1 when it failed,
// or 2 when it was called wrongly.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "run" {
		return run(ctx, args[1:], stdout, stderr)
	}
	fmt.Fprint(stderr, usage)
	return 2
}
