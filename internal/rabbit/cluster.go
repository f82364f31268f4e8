package rabbit

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"
)

// tickTime is after how many seconds of silence the nodes of a cluster take one of them, which
// is paused, for down; a killed one they miss at once. RabbitMQ's default is 60.
const tickTime = 8

// Cluster starts private nodes and makes one cluster of them, in which each is a disc node. It
// returns when AMQP answers on each and each sees all of them running; three nodes take three
// times as long as one. If that does not happen, everything is removed again and the error ends
// with what a node printed last. Every node must be closed.
//
// The others live on while a node is down, and Restart brings it back into the cluster. When
// all are down, the one that went down last has to be up before the others answer: they wait
// for its data. Partitions are left alone (cluster_partition_handling = ignore): nodes that
// lost each other through a long Pause stay apart after Resume until one of them restarts,
// except for their quorum queues.
func Cluster(ctx context.Context, size int, opts ...Option) ([]*Node, error) {
	if size < 1 {
		return nil, fmt.Errorf("start RabbitMQ cluster: size is %d, want at least 1", size)
	}
	nodes, err := withFreshPorts(func() ([]*Node, error) { return startCluster(ctx, size, choose(opts)) })
	if err != nil {
		return nil, fmt.Errorf("start RabbitMQ cluster: %w", err)
	}
	return nodes, nil
}

func startCluster(ctx context.Context, size int, set settings) ([]*Node, error) {
	var nodes []*Node
	for range size {
		n, err := newNode(ctx, set)
		if err != nil {
			closeAll(nodes)
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if err := form(ctx, nodes); err != nil {
		closeAll(nodes)
		return nil, err
	}
	return nodes, nil
}

// form starts all nodes at once and lets them join one after the other. All that takes long and
// can be done on one's own, loading the code, they do at the same time. Left to themselves,
// they would wait for each other's lock in random steps of up to seconds, and join a founder
// that is still filling its tables.
func form(ctx context.Context, nodes []*Node) error {
	for _, n := range nodes {
		n.settings.founder = nodes[0].name
		if err := n.prepare(); err != nil {
			return err
		}
	}
	group, running := errgroup.WithContext(ctx)
	for i, n := range nodes {
		group.Go(func() error {
			if err := n.run(running); err != nil || i+1 == len(nodes) {
				return err
			}
			return nodes[i+1].letJoin()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, n := range nodes {
		all := func(running []string) bool { return len(running) == len(nodes) }
		if _, err := n.AwaitRunning(ctx, all); err != nil {
			return fmt.Errorf("running nodes in the view of %s: %w", n.name, err)
		}
	}
	return nil
}

func closeAll(nodes []*Node) {
	for _, n := range nodes {
		n.Close()
	}
}

// joins tells the nodes that join a cluster from the one that founds it.
func (n *Node) joins() bool { return n.settings.founder != "" && n.settings.founder != n.name }

// joinFile is what preload.erl waits for. It stays: the node does not wait when it restarts.
func (n *Node) joinFile() string { return n.path("join") }

func (n *Node) letJoin() error { return os.WriteFile(n.joinFile(), nil, 0o600) }

// clusterFlags is what the emulator of a node is told of its cluster, on the command line because
// a file would take longer. A node that joins also has to be among the cluster_nodes itself. A
// restarted node goes by its data.
func (n *Node) clusterFlags() string {
	if n.settings.founder == "" {
		return ""
	}
	flags := fmt.Sprintf(" -kernel net_ticktime %d", tickTime)
	if n.joins() {
		flags += fmt.Sprintf(` -rabbit cluster_nodes {[\'%s\',\'%s\'],disc}`, n.settings.founder, n.name)
	}
	return flags
}

// Running lists the names of the cluster's nodes that run, in this node's view.
func (n *Node) Running(ctx context.Context) ([]string, error) {
	var names []string
	err := n.evalJSON(ctx, "[atom_to_binary(Name) || Name <- rabbit_mnesia:cluster_nodes(running)]", &names)
	return names, err
}

// AwaitRunning returns when ok accepts the list of running nodes.
func (n *Node) AwaitRunning(ctx context.Context, ok func([]string) bool) ([]string, error) {
	return await(ctx, n.Running, ok)
}
