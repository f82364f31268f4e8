package rabbit

import (
	_ "embed"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
)

//go:embed warden.sh
var wardenScript string

// warden is a shell process that outlives this one just long enough to kill what it started.
// It waits on a pipe, which ends when this process closes it or dies in whatever way; the
// parent-death signal of Linux would do neither for a SIGSTOPped child nor for a starting
// thread that ends early.
type warden struct {
	cmd *exec.Cmd

	mu   sync.Mutex // keeps the lines of two processes apart
	pipe io.WriteCloser
}

func startWarden(dir string) (*warden, error) {
	cmd := exec.Command("/bin/sh", "-c", wardenScript, "warden", dir)
	// A group of its own: Ctrl-C in a terminal must not end the warden before its work.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start warden: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start warden: %w", err)
	}
	return &warden{cmd: cmd, pipe: pipe}, nil
}

// add makes the warden responsible for a process group.
func (w *warden) add(group int) error { return w.tell("add", group) }

// remove ends that: the group is gone, and its number may be given to another.
func (w *warden) remove(group int) error { return w.tell("del", group) }

func (w *warden) tell(verb string, group int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := fmt.Fprintf(w.pipe, "%s %d\n", verb, group); err != nil {
		return fmt.Errorf("tell warden %s: %w", verb, err)
	}
	return nil
}

// close lets the warden do its work and waits for it.
func (w *warden) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pipe.Close()
	_ = w.cmd.Wait()
}
