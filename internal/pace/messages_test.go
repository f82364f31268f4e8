package pace

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
)

func TestMessages_TheFirstOfAKindIsSeenAndTheOthersAreCounted(t *testing.T) {
	log := logtest.New(t)
	m := Messages{Logger: log, Prefix: "[TEST]"}
	for i := range 3 {
		m.Error("500", fmt.Sprint("failed ", i))
	}
	m.Warning("404", "waits")
	m.kinds["500"].pace.next = time.Now()
	m.Error("500", "failed 3")
	want := []string{
		"ERROR [TEST] failed 0", "DEBUG [TEST] failed 1", "DEBUG [TEST] failed 2", "WARNING [TEST] waits",
		"ERROR [TEST] failed 3 (and 2 more like it since the last such line)",
	}
	if got := log.Lines(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for i := range 2 * mostKinds {
		m.Error(fmt.Sprint(i), "x")
	}
	if len(m.kinds) > mostKinds+1 {
		t.Errorf("%d kinds are kept", len(m.kinds))
	}
}
