package broker

import (
	"context"
	"math"
	"strconv"
	"time"
)

// An answer needs time to be written: waiting ends this long before the
// request's deadline, or a tenth of what is left if that is less.
const answerTime = 100 * time.Millisecond

// BeforeDeadline returns a context that ends shortly before ctx, so that the one
// who waits on it can still answer within the request's deadline. Without a
// deadline it is ctx itself.
func BeforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Until(deadline)/10, answerTime)))
}

// timeLeft is the expiration of a message that nobody wants when ctx is over; empty
// without a deadline.
func timeLeft(ctx context.Context) string {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return ""
	}
	left := max(time.Until(deadline).Milliseconds(), 0)
	return strconv.FormatInt(min(left, math.MaxUint32), 10)
}
