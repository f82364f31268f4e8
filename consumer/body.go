package consumer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// body is a message's body on its way to the client of a no-op endpoint. The
// message is handed over when all of it was copied while the request was alive;
// otherwise it goes back to its queue, when the request ends at the latest.
type body struct {
	ctx    context.Context
	rest   *bytes.Reader
	settle func(handedOver bool)
	once   sync.Once
	unused func() bool // stops the watch for the request's end
}

func newBody(ctx context.Context, message []byte, settle func(handedOver bool)) *body {
	b := &body{ctx: ctx, rest: bytes.NewReader(message), settle: settle}
	b.unused = context.AfterFunc(ctx, func() { b.end(false) })
	return b
}

// Read serves those who do not know WriterTo. The copy is complete at io.EOF.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.rest.Read(p)
	if errors.Is(err, io.EOF) {
		b.end(b.ctx.Err() == nil)
	}
	return n, err
}

// WriteTo is what Lura's router uses: unlike Read it learns of a client that has
// gone. The last byte waits for a look at the request, because a client that has
// everything may close its connection at once, which ends the request too.
func (b *body) WriteTo(w io.Writer) (written int64, err error) {
	if !b.unused() {
		return 0, b.ctx.Err()
	}
	defer func() { b.end(err == nil) }()
	if most := int64(b.rest.Len()) - 1; most > 0 {
		if written, err = io.CopyN(w, b.rest, most); err != nil {
			return written, err
		}
	}
	if err := b.ctx.Err(); err != nil {
		return written, err
	}
	last, err := io.Copy(w, b.rest)
	if err == nil {
		err = flush(w)
	}
	return written + last, err
}

// flush sends what net/http has buffered, where w can do so.
func flush(w io.Writer) error {
	response, ok := w.(http.ResponseWriter)
	if !ok {
		return nil
	}
	if err := http.NewResponseController(response).Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func (b *body) end(handedOver bool) {
	b.once.Do(func() { b.settle(handedOver) })
}
