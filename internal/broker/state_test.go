package broker

import (
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

func TestState_HasAName(t *testing.T) {
	for state, want := range map[State]string{Idle: "idle", Connecting: "connecting", Up: "up", Blocked: "blocked", Waiting: "waiting", GaveUp: "gave up", GaveUp + 1: "unknown"} {
		if got := state.String(); got != want {
			t.Errorf("%d: %q", state, got)
		}
	}
	if len(stats.States) != int(GaveUp)+1 {
		t.Errorf("%q", stats.States)
	}
}
