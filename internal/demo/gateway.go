package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

var amqpURL = regexp.MustCompile(`amqp://[^"]*`)

// start runs the gateway with the configuration's broker and port replaced, and
// returns once it serves. stop is SIGTERM, as an orchestrator sends it.
func (d demo) start(ctx context.Context, url string) (stop func(), err error) {
	text, err := os.ReadFile(d.file)
	if err != nil {
		return nil, err
	}
	text = amqpURL.ReplaceAllLiteral(text, []byte(url))
	text = []byte(strings.ReplaceAll(string(text), "http://localhost:8080", fmt.Sprintf("http://localhost:%d", d.port)))
	dir, err := os.MkdirTemp("", "lura-amqp-demo-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "krakend.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	say("$ %s run -c %s -p %d", d.gateway, d.file, d.port)
	process := exec.Command(d.gateway, "run", "-c", file, "-p", fmt.Sprint(d.port))
	process.Stdout, process.Stderr = os.Stdout, os.Stderr
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is ours to pass on
	if err := process.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- process.Wait() }()
	stop = func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		<-exited
		_ = os.RemoveAll(dir)
	}
	if err := d.awaitServing(ctx, exited); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func (d demo) awaitServing(ctx context.Context, exited chan error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://localhost:%d/__health", d.port), nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			return response.Body.Close()
		}
		select {
		case err := <-exited:
			exited <- err
			return errors.New("the gateway did not start")
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// freePort returns 8080, or any free port when that is taken.
func freePort() int {
	for _, address := range []string{":8080", ":0"} {
		if l, err := net.Listen("tcp", address); err == nil {
			defer l.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	return 8080
}
