package rabbit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// diesHolding makes the test binary run TestWardenHelper alone.
const diesHolding = "RABBIT_TEST_DIES_HOLDING_A_NODE"

// TestWardenHelper is the victim of the test below: it holds a paused node until it is killed.
func TestWardenHelper(t *testing.T) {
	if os.Getenv(diesHolding) == "" {
		t.Skip("only for TestNothingSurvivesTheTestBinary")
	}
	n := Private(t)
	if err := n.Pause(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("dir %s\n", n.host.dir)
	<-t.Context().Done()
}

func TestNothingSurvivesTheTestBinary(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWardenHelper$")
	cmd.Env = append(os.Environ(), diesHolding+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	lines := bufio.NewScanner(out)
	for dir == "" && lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "dir "); found {
			dir = text
		}
	}
	if dir == "" {
		t.Fatalf("the victim did not start a node: %v", cmd.Wait())
	}
	if len(processesOf(t, dir)) < 2 {
		t.Error("found no node and epmd of the victim")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	left := func(context.Context) ([]string, error) {
		processes := processesOf(t, dir)
		if _, err := os.Stat(dir); err == nil {
			processes = append(processes, dir)
		}
		return processes, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := await(ctx, left, func(left []string) bool { return len(left) == 0 }); err != nil {
		t.Error(err)
	}
}
