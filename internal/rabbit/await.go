package rabbit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pollInterval is how often a condition outside this process is looked at.
const pollInterval = 20 * time.Millisecond

// errNotYet ends an await whose condition never became true.
var errNotYet = errors.New("condition not met")

// await looks at the broker until ok says so. What was seen last is returned in any case.
func await[T any](ctx context.Context, look func(context.Context) (T, error), ok func(T) bool) (T, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var last T
	for {
		seen, err := look(ctx)
		if err == nil {
			last = seen
			if ok(seen) {
				return seen, nil
			}
			err = errNotYet
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return last, fmt.Errorf("%w: %w; last seen: %+v", context.Cause(ctx), err, last)
		}
	}
}
