package consumer

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// settlements collects what a body was settled with.
type settlements chan bool

func (s settlements) body(ctx context.Context) *body {
	return newBody(ctx, []byte("message"), func(handedOver bool) { s <- handedOver })
}

func (s settlements) want(t *testing.T, handedOver bool) {
	t.Helper()
	if got := <-s; got != handedOver {
		t.Errorf("handed over: %t, want %t", got, handedOver)
	}
	if len(s) > 0 {
		t.Error("settled twice")
	}
}

func TestBody_HandedOverOnceCopied(t *testing.T) {
	s := make(settlements, 2)
	ctx, cancel := context.WithCancel(context.Background())
	var out strings.Builder
	if _, err := io.Copy(&out, s.body(ctx)); err != nil || out.String() != "message" {
		t.Fatal(out.String(), err)
	}
	cancel()
	s.want(t, true)
}

func TestBody_HandedOverOnceReadToTheEnd(t *testing.T) {
	s := make(settlements, 2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := io.ReadAll(struct{ io.Reader }{s.body(ctx)}); err != nil {
		t.Fatal(err)
	}
	s.want(t, true)
}

func TestBody_GoesBackWhenTheClientIsGone(t *testing.T) {
	s := make(settlements, 2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := s.body(ctx).WriteTo(gone{}); err == nil {
		t.Fatal("the client's end was not reported")
	}
	s.want(t, false)
}

func TestBody_GoesBackWhenTheRequestEndsUnread(t *testing.T) {
	s := make(settlements, 2)
	ctx, cancel := context.WithCancel(context.Background())
	b := s.body(ctx)
	cancel()
	s.want(t, false)
	if _, err := io.ReadAll(struct{ io.Reader }{b}); err != nil {
		t.Fatal(err)
	}
	if len(s) > 0 {
		t.Error("settled twice")
	}
}

func TestBody_GoesBackWhenTheRequestEndsBeforeTheLastByte(t *testing.T) {
	s := make(settlements, 2)
	ctx, cancel := context.WithCancel(context.Background())
	out := &hangUp{after: len("messag"), hangUp: cancel}
	if n, err := s.body(ctx).WriteTo(out); err == nil || n != int64(len("messag")) {
		t.Error(n, err)
	}
	s.want(t, false)
}

func TestBody_HandedOverThoughTheClientClosesAfterTheLastByte(t *testing.T) {
	s := make(settlements, 2)
	ctx, cancel := context.WithCancel(context.Background())
	out := &hangUp{after: len("message"), hangUp: cancel}
	if _, err := s.body(ctx).WriteTo(out); err != nil {
		t.Error(err)
	}
	s.want(t, true)
}

func TestBody_OfAnEmptyMessageIsHandedOver(t *testing.T) {
	s := make(settlements, 2)
	b := newBody(t.Context(), nil, func(handedOver bool) { s <- handedOver })
	if n, err := b.WriteTo(io.Discard); n != 0 || err != nil {
		t.Error(n, err)
	}
	s.want(t, true)
}

// hangUp is a client that ends the request once it has so many bytes.
type hangUp struct {
	after  int
	hangUp func()
}

func (h *hangUp) Write(p []byte) (int, error) {
	if h.after -= len(p); h.after <= 0 {
		h.hangUp()
	}
	return len(p), nil
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
