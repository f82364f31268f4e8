package broker

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	// outboxRoom is how many bytes may wait for the socket before publishers
	// wait for room.
	outboxRoom = 1 << 20
	// outboxKept is the largest buffer that is kept for the next batch: making it again
	// and again took two thirds of the CPU time of bodies of 1 MiB.
	outboxKept = 4 * outboxRoom
	// outboxCloseTime is how long what was written may take to leave after Close.
	outboxCloseTime = 250 * time.Millisecond
)

// outbox is a network connection whose Write never blocks: bytes are put in a
// buffer, and one goroutine hands them to the socket in batches.
//
// amqp091-go writes with a channel's and the connection's mutexes held and cannot
// be interrupted. Were the socket jammed, every request that publishes or acks
// would hang in it, past its deadline. With an outbox they cannot; publishers ask
// for room first and wait for it with their own context.
type outbox struct {
	net.Conn
	wake chan struct{} // capacity 1: there is something to do
	done chan struct{} // closed when the goroutine has ended and the socket is closed

	mu      sync.Mutex // guards below; never held while writing to the socket
	pending []byte
	spare   []byte
	room    chan struct{} // closed when the pending bytes fit again; nil while they do
	err     error         // of the socket; nothing is taken after it
	closing bool
}

func newOutbox(conn net.Conn) *outbox {
	o := &outbox{Conn: conn, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go o.send()
	return o
}

// Write takes a copy of b. It fails when the socket has failed or was closed.
func (o *outbox) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	if o.closing {
		return 0, net.ErrClosed
	}
	o.pending = append(o.pending, b...)
	if o.room == nil && len(o.pending) > outboxRoom {
		o.room = make(chan struct{})
	}
	o.signal()
	return len(b), nil
}

// SetDeadline bounds reading only; writing is bounded by the outbox.
func (o *outbox) SetDeadline(t time.Time) error { return o.Conn.SetReadDeadline(t) }

// SetWriteDeadline does nothing; writing is bounded by the outbox.
func (o *outbox) SetWriteDeadline(time.Time) error { return nil }

// Close lets what is pending leave for a moment, then closes the socket. It does
// not wait for that; done tells.
func (o *outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.closing = true
		_ = o.Conn.SetWriteDeadline(time.Now().Add(outboxCloseTime))
		o.signal()
	}
	return nil
}

// awaitRoom waits until less than outboxRoom is pending, or the socket is closed.
func (o *outbox) awaitRoom(ctx context.Context) error {
	o.mu.Lock()
	room := o.room
	o.mu.Unlock()
	if room == nil {
		return nil
	}
	select {
	case <-room:
		return nil
	case <-o.done:
		return nil // writing will say what happened
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// send is the goroutine that writes to the socket.
func (o *outbox) send() {
	defer close(o.done)
	defer o.Conn.Close()
	for range o.wake {
		batch, last := o.take()
		if len(batch) > 0 {
			if _, err := o.Conn.Write(batch); err != nil {
				o.fail(err)
				return
			}
		}
		if last {
			return
		}
		o.giveBack(batch)
	}
}

func (o *outbox) take() (batch []byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.pending, o.spare = o.pending, o.spare[:0], nil
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	return batch, o.closing
}

func (o *outbox) giveBack(batch []byte) {
	if cap(batch) > outboxKept {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spare == nil {
		o.spare = batch
	}
}

func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}
