package producer

import (
	"bytes"
	"io"
	"testing"

	"github.com/luraproject/lura/v2/proxy"
)

var kibibyte = bytes.Repeat([]byte("x"), 1024)

func measured(tb testing.TB) (Config, *proxy.Request, *bytes.Reader) {
	reader := bytes.NewReader(kibibyte)
	return configOf(tb, "", map[string]any{"durable": true}), &proxy.Request{Body: io.NopCloser(reader)}, reader
}

func BenchmarkMessage(b *testing.B) {
	cfg, r, reader := measured(b)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(kibibyte)
		into := newBody()
		if _, err := cfg.message(r, into, now); err != nil {
			b.Fatal(err)
		}
		into.release()
	}
}

// A request without headers becomes a message without an allocation.
func TestMessage_Allocations(t *testing.T) {
	cfg, r, reader := measured(t)
	into := &body{} // what the pool has; the race detector empties it at random
	if n := testing.AllocsPerRun(100, func() {
		reader.Reset(kibibyte)
		into.Reset()
		if _, err := cfg.message(r, into, now); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
