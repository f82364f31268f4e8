package telemetry

import (
	"context"
	"errors"
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// said is an error that says its class, and answered one with an HTTP status.
type (
	said     struct{ error }
	answered struct {
		error
		status int
	}
)

func (said) ErrorType() string     { return "blocked" }
func (a answered) StatusCode() int { return a.status }
func (a answered) Unwrap() error   { return a.error }

func TestErrorType_IsAClass(t *testing.T) {
	plain := errors.New("queue orders.7 is full")
	for _, tc := range []struct {
		err  error
		want string
	}{
		{plain, "_OTHER"},
		{fmt.Errorf("no confirm: %w", context.DeadlineExceeded), "timeout"},
		{context.Canceled, "canceled"},
		{&amqp.Error{Code: 404}, "amqp:404"},
		{&amqp.Error{Code: 60000}, "_OTHER"},
		{answered{plain, 502}, "502"},
		{answered{plain, 60000}, "_OTHER"},
		{answered{context.DeadlineExceeded, 504}, "timeout"},
		{answered{said{context.DeadlineExceeded}, 503}, "blocked"},
	} {
		if got := ErrorType(tc.err); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.err, got, tc.want)
		}
	}
}
