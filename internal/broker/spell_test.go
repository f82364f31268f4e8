package broker

import (
	"fmt"
	"io"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestSpell_ShortLivesAreToldLessAndLessAndALongOneEndsIt(t *testing.T) {
	var s spell
	network := func(port int) error {
		return &amqp.Error{Code: amqp.FrameError, Reason: fmt.Sprint("read tcp 127.0.0.1:", port, ": connection reset")}
	}
	for i, want := range []bool{true, false, false} {
		if tell := s.lost(0, network(i)); tell != want || s.short != i+1 || s.quiet == want {
			t.Errorf("loss %d: told %t, %+v", i, tell, s)
		}
	}
	if s.String() != " (number 3 in a row that lasted less than 1s)" {
		t.Error(s.String())
	}
	if !s.lost(0, &amqp.Error{Code: amqp.ConnectionForced, Reason: "maintenance", Server: true}) {
		t.Error("another reason is not told")
	}
	if !s.refused("dial") || s.refused("dial") {
		t.Error("a refusal is not told once")
	}
	if s.lost(0, &amqp.Error{Code: amqp.ConnectionForced, Reason: "maintenance", Server: true}); !s.quiet {
		t.Error("the next connection is told, and its loss was not")
	}
	if s.refused("dial"); !s.quiet {
		t.Error("the next connection is told, and neither loss nor refusal was")
	}
	if s.refused("login"); s.quiet {
		t.Error("a refusal is told, and not that it is over")
	}
	if !s.lost(shortLife, io.EOF) || s.short != 0 || s.String() != "" || !s.refused("dial") {
		t.Errorf("a session that lived has not ended it: %+v", s)
	}
}

func TestConnection_ThatFlapsIsMadeMoreAndMoreSlowlyAndLoggedOnce(t *testing.T) {
	node := rabbit.Private(t)
	log := logtest.New(t)
	c := Acquire(t.Context(), hostsOf(t, node), Publishing, Policy{Strategy: backoff.Linear}, log)
	ctx := soon(t)
	for flap := range 3 {
		s, err := c.current(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := node.AwaitConnections(ctx, func(all []rabbit.Connection) bool { return len(all) == 1 }); err != nil {
			t.Fatal(err)
		}
		if err := node.CloseConnections(ctx, "test"); err != nil {
			t.Fatal(err)
		}
		<-s.done
		if lived := time.Since(s.started); lived > shortLife {
			t.Skipf("the machine is too slow to close a connection within %s", lived)
		}
		for {
			_, state, changed, _ := c.look()
			if state == Waiting {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				t.Fatal("it does not wait, but is ", state)
			}
		}
		if status := c.Status(); status.BackOff != float64(1000*(flap+1)) {
			t.Errorf("after flap %d it waits for %g ms", flap, status.BackOff)
		}
	}
	if connected, lost := log.Matching("connected to"), log.Matching("lost the connection"); len(connected) != 2 || len(lost) != 1 {
		t.Errorf("%q", log.Lines())
	}
}
