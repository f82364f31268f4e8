package main

import (
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) {
	runChild()
	rabbit.Main(m)
}

// newTestLab is a lab whose trials are over in a moment.
func newTestLab(t *testing.T) *lab {
	t.Helper()
	l, err := newLab(t.Context(), 40*time.Millisecond, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}
