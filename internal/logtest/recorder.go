// Package logtest records log lines for tests.
package logtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/logging"
)

// awaitTime bounds waiting for a line.
const awaitTime = 30 * time.Second

// Recorder is a Lura logger that keeps its lines, of every level.
type Recorder struct {
	mu      sync.Mutex // guards below
	lines   []string
	changed chan struct{} // closed and replaced with every line
}

var _ logging.Logger = (*Recorder)(nil)

// New returns an empty recorder. What it has is printed if the test fails.
func New(t testing.TB) *Recorder {
	r := &Recorder{changed: make(chan struct{})}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", strings.Join(r.Lines(), "\n"))
		}
	})
	return r
}

func (r *Recorder) Debug(v ...any)    { r.add("DEBUG", v) }
func (r *Recorder) Info(v ...any)     { r.add("INFO", v) }
func (r *Recorder) Warning(v ...any)  { r.add("WARNING", v) }
func (r *Recorder) Error(v ...any)    { r.add("ERROR", v) }
func (r *Recorder) Critical(v ...any) { r.add("CRITICAL", v) }
func (r *Recorder) Fatal(v ...any)    { r.add("FATAL", v) }

func (r *Recorder) add(level string, v []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, level+" "+strings.TrimSuffix(fmt.Sprintln(v...), "\n"))
	close(r.changed)
	r.changed = make(chan struct{})
}

// Lines returns what was logged so far, each line with its level before it.
func (r *Recorder) Lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.lines...)
}

// Matching returns the lines that have all the parts.
func (r *Recorder) Matching(parts ...string) (found []string) {
	for _, line := range r.Lines() {
		if hasAll(line, parts) {
			found = append(found, line)
		}
	}
	return found
}

// Await returns the first line that has all the parts, once it is there.
func (r *Recorder) Await(t testing.TB, parts ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitTime)
	defer cancel()
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if found := r.Matching(parts...); len(found) > 0 {
			return found[0]
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("no log line has %q", parts)
		}
	}
}

func hasAll(line string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(line, part) {
			return false
		}
	}
	return true
}
