package rabbit

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// gate holds a child back until it has been reported to the warden: it reads one line, and
// gives up if its input ends without one because this process died in between.
const gate = `read -r go && exec "$@" </dev/null`

// outputGrace bounds the wait for the descendants of a process that has ended. They hold its
// output open, and the Erlang ones end by themselves as soon as the emulator is gone.
const outputGrace = 10 * time.Second

// process is a child in a process group of its own that dies with this process.
type process struct {
	cmd    *exec.Cmd
	warden *warden
	output *tail

	done chan struct{} // closed when the process and all that share its output are gone
	err  error         // how it ended; read only once done is closed
}

// startProcess runs a program with exactly the environment env in directory dir.
func startProcess(w *warden, output *tail, dir string, env []string, program string, args ...string) (*process, error) {
	argv := append([]string{"-c", gate, "gate", program}, args...)
	cmd := exec.Command("/bin/sh", argv...)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = output, output
	cmd.WaitDelay = outputGrace
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p := &process{cmd: cmd, warden: w, output: output, done: make(chan struct{})}
	err = w.add(cmd.Process.Pid)
	if err == nil {
		// A failed write means that the child has ended, which wait reports.
		_, _ = stdin.Write([]byte("go\n"))
	}
	stdin.Close() // without the line above, this ends the child
	go p.wait()
	if err != nil {
		<-p.done
		return nil, err
	}
	return p, nil
}

func (p *process) wait() {
	p.err = p.cmd.Wait()
	_ = p.warden.remove(p.cmd.Process.Pid)
	close(p.done)
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal sends a signal to the whole group.
func (p *process) signal(sig syscall.Signal) error {
	return p.send(-p.cmd.Process.Pid, sig)
}

// signalLeader sends a signal to the process alone.
func (p *process) signalLeader(sig syscall.Signal) error {
	return p.send(p.cmd.Process.Pid, sig)
}

func (p *process) send(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); err != nil && p.running() {
		return fmt.Errorf("send %v to process %d: %w", sig, p.cmd.Process.Pid, err)
	}
	return nil
}

// kill ends the group and waits until it is gone. Killing a process that has ended is fine.
func (p *process) kill() error {
	if !p.running() {
		return nil
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}
