package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// meter reads from Linux what processes have used, and what was left over.
type meter struct {
	broker []string // process ids
	own    []string
}

// usage is what was used in a time: cores, and bytes a second. Idle and disk are cores
// that nobody used.
type usage struct{ own, broker, idle, disk, written float64 }

// clockTick is the unit of times in /proc, which is the same on all of Linux's machines
// that Go runs on.
const clockTick = 10 * time.Millisecond

// newMeter watches this process and the nodes.
func newMeter(ctx context.Context, nodes []*rabbit.Node) (meter, error) {
	m := meter{own: []string{"self"}}
	for _, n := range nodes {
		pid, err := n.Eval(ctx, "list_to_integer(os:getpid())")
		if err != nil {
			return m, fmt.Errorf("process id of the broker: %w", err)
		}
		m.broker = append(m.broker, pid)
	}
	return m, nil
}

// read is what was used since the start of the processes.
func (m meter) read() (u usage) {
	for _, pid := range m.own {
		u.own += processTime(pid).Seconds()
	}
	for _, pid := range m.broker {
		u.broker += processTime(pid).Seconds()
		u.written += written(pid)
	}
	idle, disk := unusedTime()
	u.idle, u.disk = idle.Seconds(), disk.Seconds()
	return u
}

// during is what was used between two readings.
func (u usage) during(earlier usage, d time.Duration) usage {
	s := d.Seconds()
	return usage{
		own:     (u.own - earlier.own) / s,
		broker:  (u.broker - earlier.broker) / s,
		idle:    (u.idle - earlier.idle) / s,
		disk:    (u.disk - earlier.disk) / s,
		written: (u.written - earlier.written) / s,
	}
}

// processTime is fields 14 and 15 of proc_pid_stat(5), counted behind the name, which
// may have spaces.
func processTime(pid string) time.Duration {
	text, _ := os.ReadFile("/proc/" + pid + "/stat")
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	return ticks(fields[11]) + ticks(fields[12])
}

// unusedTime is that of all cores together: with nothing to do, and with nothing to do
// but to wait for the disk.
func unusedTime() (idle, disk time.Duration) {
	text, _ := os.ReadFile("/proc/stat")
	fields := strings.Fields(string(text))
	if len(fields) < 6 {
		return 0, 0
	}
	return ticks(fields[4]), ticks(fields[5])
}

func ticks(field string) time.Duration {
	n, _ := strconv.ParseInt(field, 10, 64)
	return time.Duration(n) * clockTick
}

// written is how many bytes a process has sent to the disk, the ones still in the page
// cache included.
func written(pid string) float64 {
	text, _ := os.ReadFile("/proc/" + pid + "/io")
	_, rest, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseFloat(line, 64)
	return n
}
