package broker

import "github.com/bdf0fecc/lura-amqp/internal/stats"

// State is where a connection is in its life; doc.go has the diagram.
type State byte

// The states of a connection.
const (
	Idle       State = iota // nobody needs it
	Connecting              // dialling the hosts, one after the other
	Up                      // usable
	Blocked                 // up, but the broker takes no publishings (connection.blocked)
	Waiting                 // no host answered; the back-off runs
	GaveUp                  // max_retries is spent; the next request starts again
)

func (s State) String() string {
	if int(s) < len(stats.States) {
		return stats.States[s]
	}
	return "unknown"
}
