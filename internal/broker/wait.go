package broker

import "time"

// Wait bounds how long an empty queue is waited for. The zero value is no bound but the
// request's own end.
type Wait struct {
	Bounded bool
	Limit   time.Duration // may be 0: take what is there at once
}

// timer runs from the first time that somebody starts it: the time until a queue is
// consumed at all is not part of the wait.
func (w Wait) timer() *waitTimer { return &waitTimer{wait: w} }

type waitTimer struct {
	wait  Wait
	timer *time.Timer
}

func (t *waitTimer) start() <-chan time.Time {
	if !t.wait.Bounded {
		return nil
	}
	if t.timer == nil {
		t.timer = time.NewTimer(t.wait.Limit)
	}
	return t.timer.C
}

func (t *waitTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
}
