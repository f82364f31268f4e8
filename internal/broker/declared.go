package broker

import "github.com/bdf0fecc/lura-amqp/internal/topology"

// declared is a topology that somebody needs on a connection. It is declared on
// every new session, before anybody asks.
type declared struct {
	failureLog
	topology topology.Topology
	identity string
	policy   Policy
	users    int // guarded by the connection's mutex
}
