package rabbit

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// startTimeout is how long Shared, Private and PrivateCluster wait: a node takes two seconds on
// an idle machine with two cores, a cluster of three takes five.
const startTimeout = 90 * time.Second

// sharing holds the outcome of the one start of the shared node.
var sharing struct {
	sync.Mutex
	node *Node
	err  error
}

// Shared returns the node of the test binary, which it starts on first use and which Main
// closes. Tests use names of their own on it, do not stop it and do not raise its alarms.
func Shared(t testing.TB) *Node {
	t.Helper()
	sharing.Lock()
	defer sharing.Unlock()
	if sharing.node == nil && sharing.err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		sharing.node, sharing.err = Start(ctx)
	}
	if sharing.err != nil {
		t.Fatal(sharing.err)
	}
	return sharing.node
}

// Private returns a node of the test's own, closed when the test ends. The end of its log is
// printed if the test has failed.
func Private(t testing.TB, opts ...Option) *Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	n, err := Start(ctx, opts...)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, n)
	return n
}

// PrivateCluster returns the nodes of a cluster of the test's own, closed when the test ends.
// The end of their logs is printed if the test has failed.
func PrivateCluster(t testing.TB, size int) []*Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	nodes, err := Cluster(ctx, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		closeAfter(t, n)
	}
	return nodes
}

func closeAfter(t testing.TB, n *Node) {
	t.Cleanup(func() {
		n.Close()
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", n.Name(), n.Log())
		}
	})
}

// Main is for TestMain: it runs the tests, closes the shared node, fails if a goroutine is
// left that no option excuses, and exits.
func Main(m interface{ Run() int }, options ...goleak.Option) {
	code := m.Run()
	closeShared()
	if code == 0 {
		if err := goleak.Find(options...); err != nil {
			fmt.Fprintf(os.Stderr, "rabbit: goroutines left after the tests: %v\n", err)
			code = 1
		}
	}
	os.Exit(code)
}

func closeShared() {
	sharing.Lock()
	defer sharing.Unlock()
	if sharing.node != nil {
		sharing.node.Close()
		sharing.node = nil
	}
}
