package rabbit

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestMain(m *testing.M) { Main(m) }

func TestKilledNodeKeepsAPersistentMessage(t *testing.T) {
	started := time.Now()
	n := Private(t)
	t.Logf("ready after %v", time.Since(started))
	url := n.URL()
	conn, ch := dial(t, n, "keeper")
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	declare(t, ch, "kept", true)
	publish(t, ch, "kept", amqp.Persistent)
	publish(t, ch, "kept", amqp.Transient)
	if err := n.SyncDefinitions(t.Context()); err != nil {
		t.Fatal(err)
	}

	killed := time.Now()
	if err := n.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Logf("gone after %v", time.Since(killed))
	wait(t, closed)
	if err := n.Kill(); err != nil {
		t.Errorf("killing it twice: %v", err)
	}
	if err := n.Pause(); !errors.Is(err, ErrDown) {
		t.Errorf("Pause of a killed node = %v, want %v", err, ErrDown)
	}
	restarted := time.Now()
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("ready again after %v", time.Since(restarted))
	if n.URL() != url {
		t.Errorf("URL is %s after Restart, was %s", n.URL(), url)
	}
	info, err := n.Queue(t.Context(), "kept")
	want := QueueInfo{Exists: true, Durable: true, Messages: 1, Ready: 1, Persistent: 1}
	if err != nil || info != want {
		t.Errorf("Queue = %+v, %v; want %+v", info, err, want)
	}
	if err := n.Restart(t.Context()); !errors.Is(err, ErrRunning) {
		t.Errorf("Restart of a running node = %v, want %v", err, ErrRunning)
	}
}

func TestStoppedNodeStartsAgain(t *testing.T) {
	n := Private(t)
	_, ch := dial(t, n, "keeper")
	declare(t, ch, "kept", true)
	if err := n.Pause(); err != nil { // Stop has to cope with that
		t.Fatal(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Errorf("stopping it twice: %v", err)
	}
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := n.Queue(t.Context(), "kept"); err != nil || !info.Exists {
		t.Errorf("Queue = %+v, %v; want it to exist", info, err)
	}
}

func TestTwoNodesSideBySide(t *testing.T) {
	one, other := Shared(t), Private(t)
	if one.Port() == other.Port() || one.Name() == other.Name() {
		t.Fatalf("%s and %s share a name or port", one.URL(), other.URL())
	}
	_, ch := dial(t, one, "one")
	queue := unique("side by side")
	declare(t, ch, queue, false)
	for n, want := range map[*Node]bool{one: true, other: false} {
		if info, err := n.Queue(t.Context(), queue); err != nil || info.Exists != want {
			t.Errorf("%s: Queue = %+v, %v; want exists %v", n.Name(), info, err, want)
		}
	}
	if err := other.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Connections(t.Context()); err != nil {
		t.Errorf("the other node does not survive: %v", err)
	}
}

func TestPausedNodeAnswersAfterResume(t *testing.T) {
	n := Private(t)
	if err := n.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := handshake(ctx, n.URL()); err == nil {
		t.Error("a paused node answers")
	}
	if _, err := n.Eval(ctx, "node()"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Eval on a paused node = %v, want %v", err, context.DeadlineExceeded)
	}
	if err := n.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := handshake(t.Context(), n.URL()); err != nil {
		t.Errorf("after Resume: %v", err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	n, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(processesOf(t, n.dir)) == 0 {
		t.Error("found no process of the running node")
	}
	if err := n.Pause(); err != nil { // the hardest to end
		t.Error(err)
	}
	n.Close()
	n.Close()
	if left := processesOf(t, n.dir); len(left) > 0 {
		t.Errorf("processes left: %q", left)
	}
	if _, err := os.Stat(n.dir); !os.IsNotExist(err) {
		t.Errorf("directory left: %v", err)
	}
	if err := n.Restart(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Restart = %v, want %v", err, ErrClosed)
	}
}

func TestConfigurationReachesTheBroker(t *testing.T) {
	n := Private(t, WithConfig("channel_max = 7", "heartbeat = 3"))
	conn, _ := dial(t, n, "limited")
	if conn.Config.ChannelMax != 7 || conn.Config.Heartbeat != 3*time.Second {
		t.Errorf("channel_max %d, heartbeat %v; want 7, 3s", conn.Config.ChannelMax, conn.Config.Heartbeat)
	}
}

func TestFailedStartShowsTheOutput(t *testing.T) {
	n, err := Start(t.Context(), WithConfig("channel_max = many"))
	if err == nil {
		n.Close()
		t.Fatal("started with a wrong configuration")
	}
	if !strings.Contains(err.Error(), "channel_max") {
		t.Errorf("error does not name the key: %v", err)
	}
}

func TestRestartSaysThatItsPortIsTaken(t *testing.T) {
	n := Private(t)
	if err := n.Kill(); err != nil {
		t.Fatal(err)
	}
	thief, err := net.Listen("tcp4", "127.0.0.1:"+n.amqp.String())
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	go func() {
		for {
			conn, err := thief.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	if err := n.Restart(t.Context()); !errors.Is(err, errPortTaken) {
		t.Errorf("Restart = %v, want %v", err, errPortTaken)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	Shared(t) // keeps the host's directory
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	before := nodeDirs(t)
	n, err := Start(ctx)
	if err == nil {
		n.Close()
		t.Fatal("started within 300 ms")
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start = %v, want %v", err, context.DeadlineExceeded)
	}
	if after := nodeDirs(t); !slices.Equal(before, after) {
		t.Errorf("directories %q, were %q", after, before)
	}
}

func nodeDirs(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(Shared(t).host.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// processesOf lists the processes with a directory in their environment, which all that a node
// starts inherit. A zombie has none.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range environs {
		environ, err := os.ReadFile(path)
		if err == nil && bytes.Contains(environ, []byte("="+dir)) {
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "comm"))
			found = append(found, strings.TrimSpace(string(command)))
		}
	}
	return found
}

// dial opens a named connection and a channel in confirm mode for the length of a test.
func dial(t *testing.T, n *Node, name string) (*amqp.Connection, *amqp.Channel) {
	t.Helper()
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	conn, err := amqp.DialConfig(n.URL(), amqp.Config{Properties: properties})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	return conn, ch
}

// unique makes a name that no other test on the shared node uses, nor this one when repeated.
func unique(name string) string { return name + " " + rand.Text()[:8] }

func declare(t *testing.T, ch *amqp.Channel, queue string, durable bool) {
	t.Helper()
	if _, err := ch.QueueDeclare(queue, durable, false, !durable, false, nil); err != nil {
		t.Fatal(err)
	}
}

// publish publishes one message to a queue and waits for its confirm.
func publish(t *testing.T, ch *amqp.Channel, queue string, mode uint8) {
	t.Helper()
	message := amqp.Publishing{DeliveryMode: mode, Body: []byte("hello")}
	confirm, err := ch.PublishWithDeferredConfirmWithContext(t.Context(), "", queue, true, false, message)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := confirm.WaitContext(t.Context()); err != nil || !ok {
		t.Fatalf("confirm: %v, %v", ok, err)
	}
}

// wait receives from a channel of notifications.
func wait[T any](t *testing.T, events <-chan T) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var event T
	select {
	case event = <-events:
	case <-ctx.Done():
		t.Fatal("nothing happened in 10 s")
	}
	return event
}
