package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// children are the subcommands that this program runs in processes of their own. They
// say so on their output when they are ready, and end with their input.
var children = map[string]func(ctx context.Context, args []string, in io.Reader, out io.Writer) error{
	"gateway": serveGateway,
	"handler": serveHandler,
	"publish": publishOnCommand,
	"hold":    holdConnections,
}

// childVariable names the child in the environment: the tests' executable has flags of
// its own.
const childVariable = "LURA_AMQP_BENCH_CHILD"

// runChild is main in a process that startChild started.
func runChild() {
	name := os.Getenv(childVariable)
	if name == "" {
		return
	}
	if err := children[name](context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench", name+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is a process of this program.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

const ready = "ready"

// startChild returns when the child is ready. It is to be stopped.
func startChild(name string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, lines: bufio.NewScanner(out)}
	if line, err := c.read(); err != nil || line != ready {
		return nil, errors.Join(fmt.Errorf("%s: not ready: %q", name, line), err, c.stop())
	}
	return c, nil
}

func (c *child) read() (string, error) {
	if !c.lines.Scan() {
		return "", errors.Join(io.ErrUnexpectedEOF, c.lines.Err())
	}
	return c.lines.Text(), nil
}

// stop ends the child and waits for it.
func (c *child) stop() error {
	_ = c.in.Close()
	return c.cmd.Wait()
}
