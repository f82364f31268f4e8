package broker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// jammed is a socket that takes nothing until it is closed or its write deadline
// passes, as net.Pipe without a reader does.
func jammed(t *testing.T) (*outbox, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	o := newOutbox(ours)
	t.Cleanup(func() {
		_ = o.Close()
		_ = theirs.Close()
		<-o.done
	})
	return o, theirs
}

func TestOutbox_DeliversEverythingInOrder(t *testing.T) {
	o, peer := jammed(t)
	var want bytes.Buffer
	for i := range 1000 {
		chunk := bytes.Repeat([]byte{byte(i)}, i)
		want.Write(chunk)
		if _, err := o.Write(chunk); err != nil {
			t.Fatal(err)
		}
		clear(chunk) // the outbox has a copy
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("what arrived is not what was written (%v)", err)
	}
}

func TestOutbox_WriteNeverBlocksAndRoomIsWaitedForWithAContext(t *testing.T) {
	o, peer := jammed(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var err error
	for range 1000 { // one batch gets stuck on its way to the socket, the next is over the limit
		if _, err := o.Write(make([]byte, outboxRoom+1)); err != nil {
			t.Fatal(err)
		}
		if err = o.awaitRoom(ctx); err != nil {
			break
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("there is room in a jammed outbox: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, peer) }()
	if err := o.awaitRoom(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestOutbox_CloseSendsWhatIsPending(t *testing.T) {
	o, peer := jammed(t)
	_, _ = o.Write([]byte("last words"))
	_ = o.Close()
	if _, err := o.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed outbox takes bytes: %v", err)
	}
	if got, _ := io.ReadAll(peer); string(got) != "last words" {
		t.Errorf("arrived: %q", got)
	}
}

func TestOutbox_CloseOfAJammedSocketEnds(t *testing.T) {
	o, _ := jammed(t)
	_, _ = o.Write([]byte("nobody reads this"))
	_ = o.Close()
	_ = o.Close()
	select {
	case <-o.done:
	case <-time.After(10 * outboxCloseTime):
		t.Fatal("still open")
	}
}

func TestOutbox_WriteFailsAfterTheSocketHas(t *testing.T) {
	o, peer := jammed(t)
	_ = peer.Close()
	_, _ = o.Write([]byte("x"))
	<-o.done
	if _, err := o.Write([]byte("y")); err == nil {
		t.Error("a broken outbox takes bytes")
	}
	if err := o.awaitRoom(context.Background()); err != nil {
		t.Error(err)
	}
}
