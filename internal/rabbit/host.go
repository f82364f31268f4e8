package rabbit

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

//go:embed preload.erl
var preloadScript []byte

// host is what the nodes of one process share, so that they can form a cluster: the Erlang
// cookie, the port mapper (epmd) and the warden. It lasts from the first Start to the last
// Close.
type host struct {
	installation *installation
	dir          string // HOME of all children: the cookie, preload.erl, one directory a node
	epmdPort     *port
	warden       *warden
	epmd         *process
}

// hosting counts the nodes on the one host.
var hosting struct {
	sync.Mutex
	host  *host
	nodes int
}

// enterHost starts the host for the first node.
func enterHost(ctx context.Context) (*host, error) {
	hosting.Lock()
	defer hosting.Unlock()
	if hosting.host == nil {
		h, err := startHost(ctx)
		if err != nil {
			return nil, err
		}
		hosting.host = h
	}
	hosting.nodes++
	return hosting.host, nil
}

// leaveHost stops the host after the last node.
func leaveHost() {
	hosting.Lock()
	defer hosting.Unlock()
	hosting.nodes--
	if hosting.nodes == 0 {
		hosting.host.stop()
		hosting.host = nil
	}
}

func startHost(ctx context.Context) (*host, error) {
	found, err := findInstallation(debianBin)
	if err != nil {
		return nil, err
	}
	h := &host{installation: found}
	if err := h.start(ctx); err != nil {
		h.stop()
		return nil, err
	}
	return h, nil
}

func (h *host) start(ctx context.Context) error {
	if err := h.makeDir(); err != nil {
		return err
	}
	var err error
	if h.warden, err = startWarden(h.dir); err != nil {
		return err
	}
	if h.epmdPort, err = reservePort(); err != nil {
		return err
	}
	return h.startEpmd(ctx)
}

func (h *host) makeDir() error {
	dir, err := os.MkdirTemp("", "rabbit-")
	if err != nil {
		return err
	}
	h.dir = dir
	// Erlang refuses a cookie that others may read.
	if err := os.WriteFile(filepath.Join(dir, ".erlang.cookie"), []byte(rand.Text()), 0o400); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "preload.erl"), preloadScript, 0o600)
}

// startEpmd runs the port mapper in the foreground: left to start it, Erlang would make a
// daemon of it that nobody stops.
func (h *host) startEpmd(ctx context.Context) error {
	p, err := startProcess(h.warden, &tail{}, h.dir, h.environ(), h.installation.epmd)
	if err != nil {
		return err
	}
	h.epmd = p
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	dialer := net.Dialer{}
	for {
		conn, err := dialer.DialContext(ctx, "tcp4", "127.0.0.1:"+h.epmdPort.String())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ticker.C:
		case <-p.done:
			return fmt.Errorf("start epmd: %v: %s", p.err, p.output)
		case <-ctx.Done():
			return fmt.Errorf("start epmd: %w", context.Cause(ctx))
		}
	}
}

// environ is the environment of all children. Nothing of the caller's RABBITMQ_* and ERL_*
// settings gets through.
func (h *host) environ() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + h.dir,
		"LC_ALL=C.UTF-8", // rabbitmqctl complains about any other encoding
		"ERL_EPMD_ADDRESS=127.0.0.1",
		"ERL_EPMD_PORT=" + h.epmdPort.String(),
		"ERL_FLAGS=-kernel inet_dist_use_interface {127,0,0,1}",
		"ERL_CRASH_DUMP_SECONDS=0",
	}
}

// stop also undoes a start that failed half-way.
func (h *host) stop() {
	if h.epmd != nil {
		_ = h.epmd.kill()
	}
	if h.epmdPort != nil {
		h.epmdPort.release()
	}
	switch {
	case h.warden != nil:
		h.warden.close() // removes the directory
	case h.dir != "":
		os.RemoveAll(h.dir)
	}
}
