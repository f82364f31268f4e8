package broker

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

var update = flag.Bool("update", false, "write the golden files")

// variable parts of a line, and what stands for them in a golden file.
var variables = []struct {
	part  *regexp.Regexp
	shown string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+->`), "127.0.0.1:CLIENT->"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`"[^"]*@[^"]*:\d+ (publishing|consuming)"`), `"PROGRAM@HOST:PID $1"`},
	{regexp.MustCompile(`after [0-9.]+m?s`), "after TIME"},
}

// wantLog compares a log with testdata/log/NAME.txt.
func wantLog(t *testing.T, name string, log *logtest.Recorder) {
	t.Helper()
	got := strings.Join(log.Lines(), "\n") + "\n"
	for _, v := range variables {
		got = v.part.ReplaceAllString(got, v.shown)
	}
	file := filepath.Join("testdata", "log", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%v; the log is\n%swant\n%s", err, got, want)
	}
}

// What an operator sees of a connection's life: one line for each event.
func TestLog_TheLifeOfAConnection(t *testing.T) {
	node := rabbit.Private(t)
	log := logtest.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := NewPublisher(ctx, hostsOf(t, node), PublisherOptions{Topology: durable("life"), Confirm: true, Logger: log, Prefix: "[BACKEND: /orders][AMQP]"})
	publish := func() {
		t.Helper()
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	if err := node.CloseConnections(soon(t), "maintenance"); err != nil {
		t.Fatal(err)
	}
	log.Await(t, "lost the connection")
	publish()
	if err := node.SetMemoryAlarm(soon(t), true); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		_ = p.Publish(soon(t), message("k", "")) // no line for each that is refused
	}
	log.Await(t, "blocks publishers")
	unblock(t, node, p)
	if err := node.Stop(soon(t)); err != nil {
		t.Fatal(err)
	}
	log.Await(t, "cannot connect")
	if err := node.Restart(soon(t)); err != nil {
		t.Fatal(err)
	}
	publish()
	cancel()
	log.Await(t, "nobody needs it")
	wantLog(t, "life", log)
}

func TestLog_AConnectionThatNeedsAPerson(t *testing.T) {
	node := rabbit.Shared(t)
	log := logtest.New(t)
	wrong := strings.Replace(node.URL(), "guest:guest", "guest:hush", 1)
	c := Acquire(t.Context(), parsed(t, wrong+"?connection_timeout="+unique()), Consuming, Policy{MaxRetries: 2}, log)
	log.Await(t, "gave up")
	if state := c.Status().State; state != "gave up" {
		t.Error(state)
	}
	wantLog(t, "refused", log)
}

func TestLog_ADeclarationThatNeedsAPerson(t *testing.T) {
	node := rabbit.Shared(t)
	if _, err := channelOn(t, node).QueueDeclare("log-declared", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	log := logtest.New(t)
	p := NewPublisher(t.Context(), hostsOf(t, node), PublisherOptions{Topology: durable("log-declared"), Confirm: true, Logger: log, Prefix: "[BACKEND: /orders][AMQP]"})
	for range 100 {
		if err := p.Publish(soon(t), message("k", "")); err == nil {
			t.Fatal("published to a queue with other settings")
		}
	}
	wantLog(t, "declaration", log)
}
