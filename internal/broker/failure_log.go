package broker

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/pace"
)

// failureLog logs what keeps going wrong, at a decreasing pace.
type failureLog struct {
	logger prefixed

	mu   sync.Mutex // guards pace
	pace pace.Pace
}

func (l *failureLog) logFailure(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.pace.Allow(kind(err), time.Now()) {
		return
	}
	var lost *LostError
	if NeedsPerson(err) && !errors.As(err, &lost) {
		l.logger.Error(fmt.Sprintf("%v; %s", err, advice(err)))
		return
	}
	l.logger.Warning(fmt.Sprintf("%v; trying again", err))
}

// forgetFailure makes the next failure a new one for the log.
func (l *failureLog) forgetFailure() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.Reset()
}
