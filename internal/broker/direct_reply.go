package broker

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// ForgedReplyError says that the broker broke on the address that a direct reply was for:
// it is none.
type ForgedReplyError struct{ Err error }

func (e *ForgedReplyError) Error() string {
	return fmt.Sprintf("the broker breaks on this direct reply-to address: %v", e.Err)
}
func (e *ForgedReplyError) Unwrap() error { return e.Err }

// everybody is the weight of who replies alone.
const everybody = 1 << 30

// directReplies tells who it is that the broker breaks on: of all who reply over a
// connection it may have been anyone, of one who replies alone it is that one.
type directReplies struct {
	turns *semaphore.Weighted
	// unsettled is the last session on which a direct reply was left without the broker's
	// answer: it may still break on that one.
	unsettled atomic.Pointer[session]
}

func newDirectReplies() *directReplies {
	return &directReplies{turns: semaphore.NewWeighted(everybody)}
}

// PublishDirectReply publishes a message to the address of a direct reply-to consumer, next
// to others or alone. Who was under way when the broker closed the connection ([Crashed])
// should try alone: the error is a ForgedReplyError if it was this message for certain.
func (p *Publisher) PublishDirectReply(ctx context.Context, m Message, alone bool) error {
	replies := p.connection.replies
	weight := int64(1)
	if alone {
		weight = everybody
	}
	if err := replies.turns.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("%w: waiting for other direct replies: %w", ErrUnconfirmed, err)
	}
	defer replies.turns.Release(weight)
	before := p.connection.session.Load()
	doubtful := before != nil && before == replies.unsettled.Load() && !before.lostConnection()
	err := p.Publish(ctx, m)
	switch {
	case errors.Is(err, ErrUnconfirmed), errors.Is(err, ErrBlocked):
		replies.unsettled.Store(p.connection.session.Load())
	case alone && !doubtful && Crashed(err):
		return &ForgedReplyError{Err: err}
	}
	return err
}
