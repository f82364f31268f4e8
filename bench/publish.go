package main

import (
	"context"
	"strings"
	"time"
)

// bodySize of all messages, but where the size is what is looked at.
const bodySize = 1 << 10

// body is a JSON object of so many bytes.
func body(size int) []byte {
	const frame = `{"data":""}`
	return []byte(frame[:9] + strings.Repeat("x", size-len(frame)) + frame[9:])
}

// confirmedPublish publishes persistent messages, each operation ending with its
// confirm.
func confirmedPublish(callers int) func(context.Context, *lab, contender) (result, error) {
	return func(ctx context.Context, l *lab, c contender) (result, error) {
		return l.at(ctx, true, func(ctx context.Context, p place) (result, error) {
			publish, err := c.publisher(ctx, publishing{place: p, confirm: true, body: body(bodySize)})
			if err != nil {
				return result{}, err
			}
			return l.afterWarmUp(ctx, callers, publish)
		})
	}
}

// afterWarmUp measures an operation that is under way already: channels are open, and
// the broker has granted its credit.
func (l *lab) afterWarmUp(ctx context.Context, callers int, do operation) (result, error) {
	if _, err := repeat(ctx, callers, l.warmUp(), do); err != nil {
		return result{}, err
	}
	return l.measure(func() (done, error) { return repeat(ctx, callers, l.duration, do) })
}

func (l *lab) warmUp() time.Duration { return l.duration / 4 }

// unconfirmedPublish publishes transient messages without confirms. An operation ends
// when the message is on its way, so the time ends when all of them are in the queue.
func unconfirmedPublish(callers int) func(context.Context, *lab, contender) (result, error) {
	return func(ctx context.Context, l *lab, c contender) (result, error) {
		return l.at(ctx, false, func(ctx context.Context, p place) (result, error) {
			publish, err := c.publisher(ctx, publishing{place: p, body: body(bodySize)})
			if err != nil {
				return result{}, err
			}
			warm, err := repeat(ctx, callers, l.warmUp(), publish)
			if err == nil {
				err = p.await(ctx, l.ch, warm.count)
			}
			if err != nil {
				return result{}, err
			}
			return l.measure(func() (done, error) {
				d, err := repeat(ctx, callers, l.duration, publish)
				if err == nil {
					err = p.await(ctx, l.ch, warm.count+d.count)
				}
				return d, err
			})
		})
	}
}
