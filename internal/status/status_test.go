package status

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
)

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{&broker.ReturnedError{}, http.StatusNotFound},
		{broker.ErrHeadersTooLarge, http.StatusBadRequest},
		{broker.ErrBlocked, http.StatusServiceUnavailable},
		{broker.ErrNacked, http.StatusServiceUnavailable},
		{broker.ErrStopped, http.StatusServiceUnavailable},
		{&broker.UnavailableError{Err: context.DeadlineExceeded}, http.StatusServiceUnavailable},
		{&broker.UnavailableError{Err: errors.New("connection refused")}, http.StatusServiceUnavailable},
		{&broker.LostError{Err: amqp.ErrClosed}, http.StatusServiceUnavailable},
		{fmt.Errorf("%w: %w", broker.ErrUnconfirmed, context.Canceled), http.StatusGatewayTimeout},
		{&broker.DeclareError{Err: &amqp.Error{Code: amqp.PreconditionFailed}}, http.StatusInternalServerError},
		{&broker.DeclareError{Err: &amqp.Error{Code: amqp.ConnectionForced}}, http.StatusServiceUnavailable},
		{fmt.Errorf("publish: %w", New(http.StatusRequestEntityTooLarge, errors.New("too large"))), http.StatusRequestEntityTooLarge},
	} {
		var got *Error
		if err := Of(tc.err); !errors.As(err, &got) || got.StatusCode() != tc.want || !errors.Is(err, got.Err) {
			t.Errorf("%T %v: got %v, want %d", tc.err, tc.err, err, tc.want)
		}
		_, retry := got.Headers()["Retry-After"]
		if retry != (tc.want == http.StatusServiceUnavailable) {
			t.Errorf("%v: Retry-After is there: %t", tc.err, retry)
		}
	}
	if Of(nil) != nil {
		t.Error("no error was given a status")
	}
}

func TestWithHeader_IsBesideRetryAfter(t *testing.T) {
	lost := WithHeader(&broker.LostError{Err: amqp.ErrClosed}, "X-Id", "1")
	if h := WithHeader(lost, "X-More", "2").Headers(); len(h) != 3 || h["Retry-After"][0] != "1" || h["X-Id"][0] != "1" || h["X-More"][0] != "2" {
		t.Errorf("%v", h)
	}
	if h := lost.Headers(); len(h) != 2 || lost.Code != http.StatusServiceUnavailable {
		t.Errorf("%v", h)
	}
	if h := WithHeader(New(http.StatusNotFound, amqp.ErrClosed), "X-Id", "1").Headers(); len(h) != 1 {
		t.Errorf("%v", h)
	}
}
