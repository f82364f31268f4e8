package pace

import (
	"fmt"
	"sync"
	"time"

	"github.com/luraproject/lura/v2/logging"
)

// mostKinds is how many kinds of lines are told apart before all of them are new again.
const mostKinds = 100

// Messages logs what becomes of messages: the first of a kind at once and later ones at a
// decreasing pace, with how many there were between. All others are seen at DEBUG only.
type Messages struct {
	Logger logging.Logger
	Prefix string // of the lines

	mu    sync.Mutex // guards kinds
	kinds map[string]*repeated
}

type repeated struct {
	pace Pace
	held int
}

// Warning logs a line at WARNING when one of its kind is due.
func (m *Messages) Warning(kind, line string) { m.log(m.Logger.Warning, kind, line) }

// Error logs a line at ERROR when one of its kind is due.
func (m *Messages) Error(kind, line string) { m.log(m.Logger.Error, kind, line) }

func (m *Messages) log(write func(...any), kind, line string) {
	held, due := m.due(kind)
	switch {
	case !due:
		m.Logger.Debug(m.Prefix, line)
	case held > 0:
		write(m.Prefix, fmt.Sprintf("%s (and %d more like it since the last such line)", line, held))
	default:
		write(m.Prefix, line)
	}
}

func (m *Messages) due(kind string) (held int, due bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kinds == nil || len(m.kinds) > mostKinds {
		m.kinds = map[string]*repeated{}
	}
	r := m.kinds[kind]
	if r == nil {
		r = &repeated{}
		m.kinds[kind] = r
	}
	if !r.pace.Allow(kind, time.Now()) {
		r.held++
		return 0, false
	}
	held, r.held = r.held, 0
	return held, true
}
