package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommand_WrongCallsExplainThemselves(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte(`{"version": 3, "endpoints": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "lura-amqp run -c krakend.json"},
		{[]string{"walk"}, 2, "lura-amqp run -c krakend.json"},
		{[]string{"run"}, 2, "lura-amqp run -c krakend.json"},
		{[]string{"run", "-x"}, 2, "-x"},
		{[]string{"run", "-c", "a", "b"}, 2, "lura-amqp run -c krakend.json"},
		{[]string{"run", "-c", filepath.Join(dir, "absent.json")}, 1, "absent.json"},
		{[]string{"run", "--config", broken}, 1, "broken.json"},
	} {
		var stdout, stderr bytes.Buffer
		if got := command(context.Background(), tc.args, &stdout, &stderr); got != tc.status || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%q: status %d, %q", tc.args, got, stderr.String())
		}
	}
}

func TestCommand_RunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr bytes.Buffer
	cancel()
	if got := command(ctx, []string{"run", "-c", "../../testdata/seeds/004-runway-amqp.json", "-d"}, &stdout, &stderr); got != 0 {
		t.Errorf("status %d: %s", got, stderr.String())
	}
	if !strings.Contains(stdout.String(), "DEBUG") {
		t.Errorf("-d does not log at DEBUG: %s", stdout.String())
	}
}
