package agent

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
)

func TestShow_IsTheBackendsStatusWhereThereIsOne(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{statusError(503), "503"},
		{fmt.Errorf("wrapped: %w", statusError(409)), "409"},
		{statusError(999), "_OTHER"},
		{merged{errors.New("x"), statusError(404), statusError(500)}, "404"},
		{merged{errors.New("x"), context.DeadlineExceeded}, "timeout"},
		{&invalidError{errors.New("x")}, "invalid"},
		{errors.New("invalid status code 502"), "_OTHER"},
	} {
		if got := telemetry.ErrorType(show(tc.err)); got != tc.want || show(tc.err).Error() != tc.err.Error() {
			t.Errorf("%v: %s, want %s", tc.err, got, tc.want)
		}
	}
	if show(nil) != nil {
		t.Error("a success is a failure")
	}
}
