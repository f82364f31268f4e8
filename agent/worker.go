package agent

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
)

// work processes one message after the other until ctx ends.
func (a *agent) work(ctx context.Context) {
	for {
		d, err := a.subscription.Receive(ctx, broker.Wait{})
		if err != nil {
			return // only the end of ctx makes Receive return without a message
		}
		if a.limiter != nil && a.limiter.Wait(ctx) != nil {
			a.report(d.Requeue())
			return
		}
		a.process(ctx, d)
	}
}

// process hands a message to the backends and settles it. The end of ctx does not
// interrupt it; the message's own timeout does. Its span is that of the backends, and has
// those of what is published to settle the message below it.
func (a *agent) process(ctx context.Context, d *broker.Delivery) {
	ctx, span := telemetry.StartProcess(ctx, a.cfg.Name, &d.Delivery)
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.timeout)
	defer cancel()
	began := time.Now()
	answer, err := a.push(timed, d)
	ended := time.Now()
	seen := show(err)
	a.duration.Record(timed, ended.Sub(began), seen)
	defer span.EndAt(ended, seen)
	a.counters.Request(err)
	if a.repliesTo(d) {
		a.settleCall(ctx, d, answer, err)
		return
	}
	if err != nil {
		a.fail(ctx, d, err)
		return
	}
	a.succeed(d)
}

func (a *agent) succeed(d *broker.Delivery) {
	a.failures.reset()
	a.report(d.Ack())
}

// push calls the backends and reads what they answer, which only a caller wants to know.
// A panic in them is a failure of the message: nobody else would recover it, and the
// gateway would end.
func (a *agent) push(ctx context.Context, d *broker.Delivery) (given answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a backend: %v\n%s", r, debug.Stack())
		}
	}()
	request, err := a.cfg.mapping.request(ctx, &d.Delivery)
	if err != nil {
		return given, err
	}
	response, err := a.backends(ctx, request)
	err = failure(response, err)
	if !a.repliesTo(d) {
		return given, cmp.Or(err, drain(response, io.Discard))
	}
	given, unread := read(response)
	return given, cmp.Or(err, unread)
}

func (a *agent) report(err error) {
	if err != nil {
		a.messages.Logger.Debug(a.messages.Prefix, fmt.Sprintf("the broker did not get the ack, so it delivers the message again: %v", err))
	}
}
