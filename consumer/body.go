package consumer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// body is a message's body on its way to the client of a no-op endpoint. The
// message is handed over when all of it was copied while the request was alive;
// otherwise it goes back to its queue when the request ends.
type body struct {
	ctx    context.Context
	reader io.Reader
	settle func(handedOver bool)
	once   sync.Once
}

func newBody(ctx context.Context, reader io.Reader, settle func(handedOver bool)) *body {
	b := &body{ctx: ctx, reader: reader, settle: settle}
	context.AfterFunc(ctx, func() { b.end(false) })
	return b
}

// Read serves those who do not know WriterTo. The copy is complete at io.EOF.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if errors.Is(err, io.EOF) {
		b.end(b.ctx.Err() == nil)
	}
	return n, err
}

// WriteTo is what Lura's router uses: unlike Read it learns of a client that has
// gone.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, b.reader)
	if err == nil {
		err = flush(w)
	}
	b.end(err == nil && b.ctx.Err() == nil)
	return n, err
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
