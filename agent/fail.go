package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/transfer"
)

// retrier has the queues of an agent's retry block.
type retrier struct {
	delays []*transfer.Queue // after each attempt but the last
	dead   *transfer.Queue   // nil if there is none
}

func newRetrier(ctx context.Context, r *Retry, o transfer.Options) *retrier {
	if r == nil {
		return nil
	}
	queues := &retrier{}
	same := map[time.Duration]*transfer.Queue{}
	for _, delay := range r.delays() {
		if same[delay] == nil {
			same[delay] = transfer.Delay(ctx, delay, o)
		}
		queues.delays = append(queues.delays, same[delay])
	}
	if r.DeadLetter != "" {
		queues.dead = transfer.DeadLetter(ctx, r.DeadLetter, o)
	}
	return queues
}

// fail settles a message that was not processed.
func (a *agent) fail(ctx context.Context, d *broker.Delivery, err error) {
	f := classify(err)
	if a.retrier == nil {
		if a.discards(d, f) {
			a.discard(d, err)
			return
		}
		a.giveBack(ctx, d, err)
		return
	}
	why := transfer.Failure{Err: err, Status: f.status(), By: "agent " + a.name, Attempt: transfer.Attempts(&d.Delivery) + 1}
	if a.last(d, f) {
		a.bury(ctx, d, why)
		return
	}
	a.again(ctx, d, why)
}

// last says that a message that failed is not tried again.
func (a *agent) last(d *broker.Delivery, f failed) bool {
	return a.cfg.permanent(f) || a.retrier != nil && transfer.Attempts(&d.Delivery)+1 >= a.cfg.Retry.MaxAttempts
}

// discards says that a message that failed does not go back to its queue, without a retry
// block.
func (a *agent) discards(d *broker.Delivery, f failed) bool {
	return a.cfg.AutoAck || a.cfg.NackDiscard || a.last(d, f)
}

// settleCall replies to a message that somebody waits for, and settles it once the broker
// has the reply. A failure is a reply too, after the last attempt: without a retry block
// the caller decides whether to try again, as with HTTP. The message is then discarded where
// a failing one would be, and acked where it would go back to its queue.
func (a *agent) settleCall(ctx context.Context, d *broker.Delivery, given answer, err error) {
	final := err == nil || a.retrier == nil || a.last(d, classify(err))
	if !final {
		a.fail(ctx, d, err)
		return
	}
	if err != nil {
		given = failedAnswer(given, err)
	}
	if unreplied := a.replier.reply(ctx, &d.Delivery, given); unreplied != nil {
		a.fail(ctx, d, unreplied)
		return
	}
	switch {
	case err == nil:
		a.succeed(d)
	case a.retrier != nil || a.discards(d, classify(err)):
		a.fail(ctx, d, err)
	default:
		a.messages.Error("answered "+kind(err), fmt.Sprintf("message failed, and its caller has the status %d: %v", given.status, err))
		a.report(d.Ack())
	}
}

func (a *agent) discard(d *broker.Delivery, err error) {
	a.messages.Error("discarded "+kind(err), fmt.Sprintf("message discarded: %v", err))
	a.report(d.Discard())
}

// again lets the message wait in its delay queue.
func (a *agent) again(ctx context.Context, d *broker.Delivery, why transfer.Failure) {
	queue := a.retrier.delays[why.Attempt-1]
	if err := queue.Put(ctx, d, why, a.cfg.Retry.wait(why.Attempt)); err != nil {
		a.giveBack(ctx, d, fmt.Errorf("%w; %w", why.Err, err))
		return
	}
	a.messages.Warning(fmt.Sprintf("attempt %d %s", why.Attempt, kind(why.Err)), fmt.Sprintf("attempt %d of %d failed, message waits in queue %q: %v", why.Attempt, a.cfg.Retry.MaxAttempts, queue.Name, why.Err))
	a.report(d.Moved(false))
}

// bury moves a message that is not tried again to the dead-letter queue.
func (a *agent) bury(ctx context.Context, d *broker.Delivery, why transfer.Failure) {
	if a.retrier.dead == nil {
		a.discard(d, why.Err)
		return
	}
	if err := a.retrier.dead.Put(ctx, d, why, 0); err != nil {
		a.giveBack(ctx, d, fmt.Errorf("%w; %w", why.Err, err))
		return
	}
	a.messages.Error("moved "+kind(why.Err), fmt.Sprintf("message moved to queue %q after %d attempts: %v", a.retrier.dead.Name, why.Attempt, why.Err))
	a.report(d.Moved(true))
}

// giveBack returns a message to its queue, the later the more messages failed in a row:
// the broker delivers it again at once.
func (a *agent) giveBack(ctx context.Context, d *broker.Delivery, err error) {
	delay := a.failures.add()
	a.messages.Error("back "+kind(err), fmt.Sprintf("message goes back to the queue in %s: %v", delay, err))
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-d.Gone():
	}
	a.report(d.Reject())
}
