package broker

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// declared is a topology that somebody needs on a connection. It is declared on
// every new session, before anybody asks.
type declared struct {
	topology topology.Topology
	identity string
	policy   Policy
	users    int // guarded by the connection's mutex
	logger   prefixed

	mu   sync.Mutex // guards pace
	pace pace
}

func (t *declared) logFailure(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.pace.allow(kind(err), time.Now()) {
		return
	}
	var lost *LostError
	if NeedsPerson(err) && !errors.As(err, &lost) {
		t.logger.Error(fmt.Sprintf("%v; %s", err, advice(err)))
		return
	}
	t.logger.Warning(fmt.Sprintf("%v; trying again", err))
}

// forgetFailure makes the next failure a new one for the log.
func (t *declared) forgetFailure() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pace.reset()
}
