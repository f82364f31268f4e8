package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/luraproject/lura/v2/logging"

	"github.com/bdf0fecc/lura-amqp/internal/gateway"
)

// configuration is the gateway's krakend.json. The access log is off and no header of the
// request goes into its message, because the handler that it is compared with does neither.
const configuration = `{
  "version": 3, "timeout": "10s",
  "extra_config": {"router": {"disable_access_log": true}},
  "endpoints": [
    {"endpoint": "/publish", "method": "POST", "output_encoding": "no-op",
     "backend": [{"host": [%q], "disable_host_sanitize": true, "extra_config": {"backend/amqp/producer":
       {"name": %q, "exchange": %q, "durable": true, "routing_key": %q, "headers": {"include": []}}}}]}
  ]
}`

// servers are the children that publish what HTTP clients post.
var servers = map[string]string{ours: "gateway", bare: "handler"}

// serve measures the HTTP clients of a server in a process of its own, with keep-alive
// connections.
func serve(clients int) func(context.Context, *lab, contender) (result, error) {
	return func(ctx context.Context, l *lab, c contender) (r result, err error) {
		return l.at(ctx, true, func(ctx context.Context, p place) (r result, err error) {
			port, err := freePort()
			if err != nil {
				return r, err
			}
			server, err := startChild(servers[c.name()], p.url, strconv.Itoa(port))
			if err != nil {
				return r, err
			}
			defer func() { err = errors.Join(err, server.stop()) }()
			post, done := poster(clients, port)
			defer done()
			if err := awaitServing(ctx, post); err != nil {
				return r, err
			}
			return l.afterWarmUp(ctx, clients, post)
		})
	}
}

// poster returns an operation that posts a message.
func poster(clients, port int) (do operation, done func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	client := &http.Client{Transport: transport}
	url, text := fmt.Sprintf("http://127.0.0.1:%d/publish", port), body(bodySize)
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusAccepted {
			return fmt.Errorf("answered %s", response.Status)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}, transport.CloseIdleConnections
}

func awaitServing(ctx context.Context, post operation) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		err := post(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-late:
			return err
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// untilClosed returns a context that ends with the input.
func untilClosed(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	}()
	return ctx, cancel
}

// serveGateway is a child: the gateway as lura-amqp run has it, on a broker and a port.
func serveGateway(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	ctx, cancel := untilClosed(ctx, in)
	defer cancel()
	dir, err := os.MkdirTemp("", "lura-amqp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, file := newPlace(args[0], true), filepath.Join(dir, "krakend.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, p.url, p.queue, p.exchange, p.key), 0o600); err != nil {
		return err
	}
	cfg, err := gateway.Load(file)
	if err != nil {
		return err
	}
	if cfg.Port, err = strconv.Atoi(args[1]); err != nil {
		return err
	}
	logger, err := logging.NewLogger("WARNING", os.Stderr, "[BENCH]")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, ready)
	return gateway.Run(ctx, cfg, logger, io.Discard)
}

// serveHandler is a child: a handler of net/http that publishes with the bare client
// and gives the same answer.
func serveHandler(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	ctx, cancel := untilClosed(ctx, in)
	defer cancel()
	p := newPlace(args[0], true)
	handler, err := publishingHandler(ctx, p)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: "127.0.0.1:" + args[1], Handler: handler}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Fprintln(out, ready)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
