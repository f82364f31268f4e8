package broker

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/luraproject/lura/v2/logging"
)

// pool is the process's connections. The backend factory and the agents are
// built apart from each other, with nothing to hand a pool through.
var pool = struct {
	mu          sync.Mutex
	connections map[poolKey]*Connection
}{connections: map[poolKey]*Connection{}}

type poolKey struct {
	hosts     string
	direction Direction
}

// Acquire returns the connection to these hosts in that direction, the same one
// for everybody who names the same hosts. It does not wait for the broker: the
// connection is made in the background and kept until ctx has ended and nothing
// is under way on it any more.
func Acquire(ctx context.Context, hosts Hosts, direction Direction, p Policy, logger logging.Logger) *Connection {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	key := poolKey{hosts.Identity(), direction}
	c := pool.connections[key]
	if c == nil {
		c = newConnection(hosts, direction)
		pool.connections[key] = c
	}
	c.adopt(ctx, p, logger)
	return c
}

// AwaitClosed waits until the connections are closed whose users' contexts have all ended:
// what was handed out is settled by then, and the broker knows.
func AwaitClosed(ctx context.Context) error {
	pool.mu.Lock()
	all := slices.Collect(maps.Values(pool.connections))
	pool.mu.Unlock()
	for _, c := range all {
		if err := c.awaitClosed(ctx); err != nil {
			return err
		}
	}
	return nil
}
