package stats

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/luraproject/lura/v2/config"
)

// Kind is what Counters are of.
type Kind byte

// An endpoint's backends are counted together.
const (
	Endpoint Kind = iota
	Agent
)

type key struct {
	kind Kind
	name string
}

// Entry is the counters of one name, and the connections of those who share them. The
// zero value counts, and nobody sees it.
type Entry struct {
	Counters

	users       int                             // guarded by the registry's mutex
	connections map[*func() Connection]struct{} // guarded by it too
}

// registry is of the process: the backend factory and the agents are built apart from
// each other, with nothing to hand it through.
var registry = struct {
	mu      sync.Mutex // guards entries
	entries map[key]*Entry
}{entries: map[key]*Entry{}}

// Register returns the entry of a name, the same one for everybody who names it, and
// keeps it until ctx has ended for all of them.
func Register(ctx context.Context, kind Kind, name string) *Entry {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	k := key{kind, name}
	e := registry.entries[k]
	if e == nil {
		e = &Entry{}
		registry.entries[k] = e
	}
	e.users++
	context.AfterFunc(ctx, func() {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		if e.users--; e.users == 0 {
			delete(registry.entries, k)
		}
	})
	return e
}

// RegisterBackend registers a backend under its endpoint, as "POST /orders".
func RegisterBackend(ctx context.Context, remote *config.Backend) *Entry {
	return Register(ctx, Endpoint, NameOf(remote))
}

// NameOf is the name that a backend is registered under.
func NameOf(remote *config.Backend) string {
	if remote.ParentEndpoint == "" {
		return "an agent's backend " + remote.URLPattern
	}
	return remote.ParentEndpointMethod + " " + remote.ParentEndpoint
}

// Show adds a connection to the entry until ctx ends.
func (e *Entry) Show(ctx context.Context, look func() Connection) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if e.connections == nil {
		e.connections = map[*func() Connection]struct{}{}
	}
	e.connections[&look] = struct{}{}
	context.AfterFunc(ctx, func() {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		delete(e.connections, &look)
	})
}

// Read returns the statistics of everything that is registered.
func Read() Statistics {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	all := Statistics{Endpoints: map[string]Statistic{}, Agents: map[string]Statistic{}}
	for k, e := range registry.entries {
		named := all.Endpoints
		if k.kind == Agent {
			named = all.Agents
		}
		named[k.name] = e.statistic(e.looked())
	}
	return all
}

// looked are the different connections, sorted.
func (e *Entry) looked() []Connection {
	connections := make([]Connection, 0, len(e.connections))
	for look := range e.connections {
		connections = append(connections, (*look)())
	}
	slices.SortFunc(connections, func(a, b Connection) int {
		return cmp.Or(cmp.Compare(a.URL, b.URL), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(connections, func(a, b Connection) bool { return a.ID == b.ID })
}
