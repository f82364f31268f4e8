package broker

import (
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/pace"
)

// shortLife is a session that ended too soon to dial again at once.
const shortLife = time.Second

// flapping is how many short lives in a row the log says the number of.
const flapping = 3

// spell is what the supervisor remembers over sessions of short life: they are tried again
// more and more slowly, and logged less and less often. A session that lived longer ends it.
type spell struct {
	short    int       // sessions in a row
	refusals pace.Pace // of what is logged of attempts to connect
	losses   pace.Pace // and of lost sessions
	quiet    bool      // the last loss was not logged, nor anything since
}

// lost counts a session that was lost, and says whether to log it.
func (s *spell) lost(lived time.Duration, cause error) (tell bool) {
	if lived >= shortLife {
		*s = spell{}
	} else {
		s.short++
	}
	s.quiet = !s.losses.Allow(lossOf(cause), time.Now())
	return !s.quiet
}

// refused says whether to log an attempt that failed.
func (s *spell) refused(kind string) (tell bool) {
	tell = s.refusals.Allow(kind, time.Now())
	s.quiet = s.quiet && !tell
	return tell
}

// String is what the log adds about sessions that keep ending.
func (s *spell) String() string {
	if s.short < flapping {
		return ""
	}
	return fmt.Sprintf(" (number %d in a row that lasted less than %s)", s.short, shortLife)
}

// lossOf is equal for two sessions that were lost for the same reason. The broker's own
// words are part of it; those of the network name ports.
func lossOf(cause error) string {
	var refused *amqp.Error
	if errors.As(cause, &refused) && refused.Server {
		return refused.Error()
	}
	return kind(cause)
}
