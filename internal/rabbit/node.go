package rabbit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// startTries is how many sets of ports Start tries before it gives up on finding free ones.
const startTries = 3

// Errors of methods called in the wrong state.
var (
	ErrRunning = errors.New("rabbit: node is running")     // by Restart
	ErrDown    = errors.New("rabbit: node is not running") // by Pause and Resume
	ErrClosed  = errors.New("rabbit: node is closed")
)

// Node is a RabbitMQ node that belongs to this process. Its methods may be called from several
// goroutines.
type Node struct {
	host     *host
	settings settings
	name     string
	dir      string
	amqp     *port
	dist     *port
	tls      *port // nil without TLS
	output   *tail // of all its runs

	mu      sync.Mutex // held while the node changes between running, stopped and closed
	process *process   // the last run; nil before the first
	closed  bool
}

// Start starts a private node: own name, ports, epmd, data and log, on the loopback interface
// only. It returns when an AMQP connection can be opened. If that does not happen, everything
// is removed again and the error ends with what the node printed last. Close must be called.
func Start(ctx context.Context, opts ...Option) (*Node, error) {
	n, err := withFreshPorts(func() (*Node, error) { return start(ctx, choose(opts)) })
	if err != nil {
		return nil, fmt.Errorf("start RabbitMQ node: %w", err)
	}
	return n, nil
}

// withFreshPorts repeats a start that found one of its ports taken.
func withFreshPorts[T any](start func() (T, error)) (T, error) {
	var started T
	var err error
	for range startTries {
		if started, err = start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	return started, err
}

func start(ctx context.Context, set settings) (*Node, error) {
	n, err := newNode(ctx, set)
	if err != nil {
		return nil, err
	}
	if err := n.prepare(); err != nil {
		n.Close()
		return nil, err
	}
	if err := n.run(ctx); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// newNode names a node. It has to be closed.
func newNode(ctx context.Context, set settings) (*Node, error) {
	h, err := enterHost(ctx)
	if err != nil {
		return nil, err
	}
	id := strings.ToLower(rand.Text()[:8])
	return &Node{
		host:     h,
		settings: set,
		name:     "rabbit-" + id + "@localhost",
		dir:      filepath.Join(h.dir, id),
		output:   &tail{},
	}, nil
}

// prepare makes what the runs of a node have in common.
func (n *Node) prepare() error {
	var err error
	if n.amqp, err = reservePort(); err != nil {
		return err
	}
	if n.dist, err = reservePort(); err != nil {
		return err
	}
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		return err
	}
	plugins := "[" + strings.Join(n.settings.plugins, ",") + "].\n"
	if err := os.WriteFile(n.path("enabled_plugins"), []byte(plugins), 0o600); err != nil {
		return err
	}
	lines := n.settings.config
	if n.settings.tls {
		if n.tls, err = reservePort(); err != nil {
			return err
		}
		lines = append(lines, "listeners.ssl.1 = 127.0.0.1:"+n.tls.String())
	}
	if len(lines) == 0 {
		return nil
	}
	config := strings.Join(lines, "\n") + "\n"
	return os.WriteFile(n.path("rabbitmq.conf"), []byte(config), 0o600)
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

// run starts the node's process and waits until AMQP answers; else it kills it.
func (n *Node) run(ctx context.Context) error {
	p, err := startProcess(n.host.warden, n.output, n.dir, n.environ(), n.host.installation.server)
	if err != nil {
		return err
	}
	n.process = p
	if err := n.awaitAMQP(ctx); err != nil {
		return errors.Join(err, p.kill())
	}
	return nil
}

// Name returns the Erlang node name.
func (n *Node) Name() string { return n.name }

// Port returns the AMQP port.
func (n *Node) Port() int { return n.amqp.number }

// URL returns the AMQP URL of the default virtual host for the user guest.
func (n *Node) URL() string { return fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/", n.Port()) }

// Log returns the end of what the node has printed, its log included, over all its runs.
func (n *Node) Log() string { return n.output.String() }

// Kill ends the node as a power cut would, paused or not, and returns when it is gone. Its
// data stays. Killing a node that is not running is fine.
func (n *Node) Kill() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	return n.process.kill()
}

// Stop shuts the node down politely and returns when it is gone; if ctx ends before, it may
// still be running. Its data stays. Stopping a node that is not running is fine.
func (n *Node) Stop(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	if !n.process.running() {
		return nil
	}
	if err := n.process.signalLeader(syscall.SIGTERM); err != nil {
		return err
	}
	if err := n.process.signal(syscall.SIGCONT); err != nil { // it may be paused
		return err
	}
	select {
	case <-n.process.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", n.name, context.Cause(ctx))
	}
}

// Restart starts a killed or stopped node again, with the same name, ports and data, and
// returns when AMQP answers.
func (n *Node) Restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return ErrClosed
	case n.process.running():
		return ErrRunning
	}
	if err := n.run(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", n.name, err)
	}
	return nil
}

// Pause freezes the node: its connections stay open, and nothing answers until Resume.
func (n *Node) Pause() error {
	if err := n.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return awaitFrozen(n.process.cmd.Process.Pid)
}

// Resume ends a Pause.
func (n *Node) Resume() error { return n.signal(syscall.SIGCONT) }

func (n *Node) signal(sig syscall.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return ErrClosed
	case !n.process.running():
		return ErrDown
	}
	return n.process.signal(sig)
}

// Close kills the node and removes all that belonged to it; the last node to close also ends
// epmd. It may be called again.
func (n *Node) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.closed = true
	if n.process != nil {
		_ = n.process.kill()
	}
	for _, p := range []*port{n.amqp, n.dist, n.tls} {
		if p != nil {
			p.release()
		}
	}
	os.RemoveAll(n.dir)
	leaveHost()
}

// SyncDefinitions returns when what was declared until now is on disk. RabbitMQ 3.10
// answers a declaration before: a node that is killed in that moment was seen to come
// back without a durable queue and the confirmed messages in it. Of a quorum queue it is
// the registration with Ra that is late, by half a second.
func (n *Node) SyncDefinitions(ctx context.Context) error {
	return n.evalOK(ctx, "begin ok = mnesia:sync_log(), [dets:sync(T) || T <- dets:all()], ok end")
}
