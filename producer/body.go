package producer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"

	"github.com/bdf0fecc/lura-amqp/internal/status"
)

// keptBody is the largest buffer that is kept for another request.
const keptBody = 2 << 20

// bodies are buffers for the bodies of requests. A message needs its body until it is
// answered: the broker may send it back.
var bodies = sync.Pool{New: func() any { return new(body) }}

type body struct {
	bytes.Buffer
	limited io.LimitedReader
}

// newBody returns an empty body, for release to take back.
func newBody() *body { return bodies.Get().(*body) }

func (b *body) release() {
	b.limited.R = nil
	if b.Cap() <= keptBody {
		b.Reset()
		bodies.Put(b)
	}
}

// read reads a request's body, of most bytes; 0 is no limit.
func (b *body) read(r io.Reader, most int64) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	if most > 0 && most < math.MaxInt64 {
		b.limited = io.LimitedReader{R: r, N: most + 1}
		r = &b.limited
	}
	_, err := b.ReadFrom(r)
	switch {
	case err != nil:
		return nil, unreadable(err)
	case most > 0 && int64(b.Len()) > most:
		return nil, tooLarge(most)
	}
	return b.Bytes(), nil
}

func unreadable(err error) error {
	var limited *http.MaxBytesError // by something in front of us
	if errors.As(err, &limited) {
		return tooLarge(limited.Limit)
	}
	return status.New(http.StatusBadRequest, fmt.Errorf("body: %w", err))
}

func tooLarge(most int64) error {
	return status.New(http.StatusRequestEntityTooLarge, fmt.Errorf("body: more than %d bytes", most))
}
