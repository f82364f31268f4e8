package agent

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
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
// interrupt it; the message's own timeout does.
func (a *agent) process(ctx context.Context, d *broker.Delivery) {
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.timeout)
	defer cancel()
	err := a.push(timed, d)
	a.counters.Request(err)
	if err != nil {
		a.fail(ctx, d, err)
		return
	}
	a.failures.reset()
	a.report(d.Ack())
}

// push calls the backends. A panic in them is a failure of the message: nobody
// else would recover it, and the gateway would end.
func (a *agent) push(ctx context.Context, d *broker.Delivery) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a backend: %v\n%s", r, debug.Stack())
		}
	}()
	response, err := a.backends(ctx, request(&d.Delivery))
	return failure(response, err)
}

func (a *agent) report(err error) {
	if err != nil {
		a.logger.Debug(a.prefix, fmt.Sprintf("the broker did not get the ack, so it delivers the message again: %v", err))
	}
}
