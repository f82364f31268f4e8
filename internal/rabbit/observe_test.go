package rabbit

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestEval(t *testing.T) {
	n := Shared(t)
	slow := &Node{host: &host{installation: &installation{ctl: n.host.installation.ctl},
		dir: n.host.dir, epmdPort: n.host.epmdPort}, name: n.name}
	for name, node := range map[string]*Node{"erl_call": n, "rabbitmqctl": slow} {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			got, err := node.Eval(t.Context(), "X = 20, Y = 1, {node(), X + Y}.")
			t.Logf("took %v", time.Since(started))
			if want := "{'" + n.Name() + "',21}"; err != nil || got != want {
				t.Errorf("Eval = %s, %v; want %s", got, err, want)
			}
			for _, wrong := range []string{"error(because)", "1 + ", "exit(because)"} {
				if got, err := node.Eval(t.Context(), wrong); err == nil {
					t.Errorf("Eval of %s = %s, want an error", wrong, got)
				}
			}
			var long []string
			err = node.evalJSON(t.Context(), "[<<I>> || I <- lists:seq($a, $z), _ <- lists:seq(1, 9)]", &long)
			if err != nil || len(long) != 26*9 || long[26*9-1] != "z" {
				t.Errorf("evalJSON = %q, %v", long, err)
			}
		})
	}
}

func TestCtl(t *testing.T) {
	n := Shared(t)
	out, err := n.Ctl(t.Context(), "--quiet", "list_vhosts")
	if err != nil || !strings.Contains(out, "/") {
		t.Errorf("Ctl = %q, %v; want the default virtual host", out, err)
	}
	if _, err := n.Ctl(t.Context(), "dance"); err == nil || !strings.Contains(err.Error(), "dance") {
		t.Errorf("Ctl = %v, want an error with what rabbitmqctl printed", err)
	}
}

func TestConnectionsHaveNamesAndStates(t *testing.T) {
	n := Shared(t)
	name := unique("observed, “quoted” \"é\"")
	conn, _ := dial(t, n, name)
	if _, err := conn.Channel(); err != nil {
		t.Fatal(err)
	}
	named := func(c Connection) bool { return c.Name == name }
	found, err := n.Connections(t.Context())
	i := slices.IndexFunc(found, named)
	if err != nil || i < 0 {
		t.Fatalf("Connections = %+v, %v; want one with our name", found, err)
	}
	peer := conn.LocalAddr().String() + " -> " + conn.RemoteAddr().String()
	want := Connection{Name: name, Peer: peer, User: "guest", VHost: "/", State: "running", Channels: 2}
	if found[i] != want {
		t.Errorf("connection %+v, want %+v", found[i], want)
	}
	conn.Close()
	gone := func(found []Connection) bool { return !slices.ContainsFunc(found, named) }
	if _, err := n.AwaitConnections(timeout(t), gone); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

func TestQueueCountsAreExact(t *testing.T) {
	n := Shared(t)
	_, ch := dial(t, n, "counter")
	name := unique("counted, “quoted”")
	if info, err := n.Queue(t.Context(), name); err != nil || info != (QueueInfo{}) {
		t.Errorf("Queue = %+v, %v; want all zero", info, err)
	}
	declare(t, ch, name, false)
	for range 3 {
		publish(t, ch, name, amqp.Persistent)
	}
	expect := func(want QueueInfo) {
		t.Helper()
		info, err := n.AwaitQueue(timeout(t), name, func(info QueueInfo) bool { return info == want })
		if err != nil {
			t.Errorf("Queue = %+v, %v; want %+v", info, err, want)
		}
	}
	// A transient queue keeps no message beyond its own life, so none counts as persistent.
	info, err := n.Queue(t.Context(), name)
	if err != nil || info.Ready != 3 || info.Messages != 3 || info.Durable {
		t.Errorf("Queue = %+v, %v; want 3 ready in a transient queue", info, err)
	}
	if err := ch.Qos(2, 0, false); err != nil {
		t.Fatal(err)
	}
	deliveries, err := ch.ConsumeWithContext(t.Context(), name, "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := wait(t, deliveries)
	info.Ready, info.Unacked, info.Consumers = 1, 2, 1
	expect(info)
	if err := first.Reject(false); err != nil {
		t.Fatal(err)
	}
	info.Messages, info.Ready = 2, 0
	info.Persistent -= min(1, info.Persistent)
	expect(info)
}

func TestCloseConnectionsTellsClientsWhy(t *testing.T) {
	n := Private(t)
	conn, _ := dial(t, n, "victim")
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	if err := n.CloseConnections(t.Context(), "out you go"); err != nil {
		t.Fatal(err)
	}
	reason := wait(t, closed)
	if reason == nil || reason.Code != amqp.ConnectionForced || !strings.Contains(reason.Reason, "out you go") {
		t.Errorf("closed with %v, want code %d and the reason", reason, amqp.ConnectionForced)
	}
}

func TestMemoryAlarmBlocksPublishers(t *testing.T) {
	n := Private(t)
	conn, ch := dial(t, n, "publisher")
	declare(t, ch, "blocked", false)
	blockings := conn.NotifyBlocked(make(chan amqp.Blocking, 2))
	if err := n.SetMemoryAlarm(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	// The broker blocks a connection when it publishes.
	if err := ch.PublishWithContext(t.Context(), "", "blocked", false, false, amqp.Publishing{}); err != nil {
		t.Fatal(err)
	}
	if b := wait(t, blockings); !b.Active {
		t.Errorf("first notification is %+v, want connection.blocked", b)
	}
	is := func(state string) func([]Connection) bool {
		return func(found []Connection) bool { return len(found) == 1 && found[0].State == state }
	}
	if _, err := n.AwaitConnections(timeout(t), is("blocked")); err != nil {
		t.Error(err)
	}
	if err := n.SetMemoryAlarm(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if b := wait(t, blockings); b.Active {
		t.Errorf("second notification is %+v, want connection.unblocked", b)
	}
	if _, err := n.AwaitConnections(timeout(t), is("running")); err != nil {
		t.Error(err)
	}
}

func TestVhostsAndUsers(t *testing.T) {
	n := Shared(t)
	user, vhost := unique("someone"), unique("elsewhere")
	if err := n.AddVhost(t.Context(), vhost); err != nil {
		t.Fatal(err)
	}
	if err := n.AddUser(t.Context(), user, "pass:word", vhost); err != nil {
		t.Fatal(err)
	}
	uri, err := amqp.ParseURI(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	uri.Username, uri.Password, uri.Vhost = user, "pass:word", vhost
	if err := handshake(t.Context(), uri.String()); err != nil {
		t.Errorf("%s in %s: %v", user, vhost, err)
	}
	uri.Vhost = "/"
	if err := handshake(t.Context(), uri.String()); err == nil {
		t.Errorf("%s may enter the default virtual host", user)
	}
	if info, err := n.QueueIn(t.Context(), vhost, "none"); err != nil || info.Exists {
		t.Errorf("QueueIn = %+v, %v; want none", info, err)
	}
}

// timeout is for awaiting what the broker does on its own.
func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
