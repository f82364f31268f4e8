package rabbit

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Ctl runs rabbitmqctl against the node and returns its standard output. The error holds its
// standard error. Each run starts an Erlang emulator, about half a second: see Eval.
func (n *Node) Ctl(ctx context.Context, args ...string) (string, error) {
	return n.command(ctx, n.host.installation.ctl, "", args...)
}

// command runs one of the programs that talk to the node.
func (n *Node) command(ctx context.Context, program, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = n.ctlEnviron()
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = outputGrace
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err,
			strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
