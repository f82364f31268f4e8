package broker

import (
	"context"
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
)

func TestErrorType_OfWhatMayBecomeOfAPublish(t *testing.T) {
	late := context.DeadlineExceeded
	gone := &amqp.Error{Code: amqp.NotFound}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{&ReturnedError{}, "returned"},
		{ErrNacked, "nacked"},
		{ErrBlocked, "blocked"},
		{fmt.Errorf("%w: %w", ErrUnconfirmed, late), "timeout"},
		{fmt.Errorf("%w: %w", ErrUnconfirmed, context.Canceled), "canceled"},
		{&LostError{Err: gone}, "lost"},
		{&LostError{Err: late}, "lost"},
		{&UnavailableError{State: Waiting, Err: late}, "unavailable"},
		{fmt.Errorf("%w: %w", errUnsent, gone), "unavailable"},
		{&DeclareError{Err: fmt.Errorf("declare exchange: %w", &amqp.Error{Code: amqp.PreconditionFailed})}, "amqp:406"},
		{ErrHeadersTooLarge, "too_large"},
	} {
		if got := telemetry.ErrorType(tc.err); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.err, got, tc.want)
		}
	}
}
