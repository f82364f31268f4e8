package rabbit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// freezeTime bounds waiting for a process to stop.
const freezeTime = 5 * time.Second

// awaitFrozen returns when no thread of a process runs any more: SIGSTOP has returned
// before they have.
func awaitFrozen(pid int) error {
	ctx, cancel := context.WithTimeout(context.Background(), freezeTime)
	defer cancel()
	_, err := await(ctx, func(context.Context) (running int, err error) { return runningThreads(pid) },
		func(running int) bool { return running == 0 })
	if err != nil {
		return fmt.Errorf("freeze process %d: %w", pid, err)
	}
	return nil
}

func runningThreads(pid int) (running int, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return 0, err
	}
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		// The state follows the program's name, which stands in parentheses.
		if end := bytes.LastIndexByte(text, ')'); end < 0 || len(text) < end+3 || text[end+2] != 'T' {
			running++
		}
	}
	return running, nil
}
