// Package rabbit starts real RabbitMQ nodes for tests, which may kill them.
//
// A node is private to the process: it has its own name, ports, cookie, port mapper (epmd),
// data and log, listens on the loopback interface only, and leaves the machine's broker alone.
// Several test binaries may have nodes at the same time.
//
//	func TestMain(m *testing.M) { rabbit.Main(m) }
//
//	func TestPublish(t *testing.T) {
//		node := rabbit.Shared(t) // or Private, to break it
//		conn, err := amqp.Dial(node.URL())
//		…
//	}
//
// # States
//
//	  Start                 Kill, Stop
//	─────────▶  running  ─────────────────▶  down
//	            │  ▲  ▲         Restart       │
//	      Pause │  │  └───────────────────────┘
//	            ▼  │ Resume
//	           paused ──── Kill, Stop ──▶ down
//
// Close ends a node in any state.
//
// # Clusters
//
// Cluster and PrivateCluster join several nodes, each with its states as above: one may be
// killed, paused and restarted while the others run. Quorum queues (x-queue-type: quorum) then
// have replicas on three of the nodes, and Leader names the one that leads, to kill it.
//
//	nodes := rabbit.PrivateCluster(t, 3)
//	…
//	name, err := nodes[0].Leader(ctx, "orders")
//
// # TLS
//
// WithTLS gives a node a TLS port, TLSURL, with a certificate of an Authority, which signs those
// of the clients too.
//
// # What is left behind
//
// Nothing. Close kills the node and removes its files; the last node to close ends epmd. If the
// test binary dies before (a panic, -timeout, SIGKILL), a shell that waits on a pipe from it, the
// warden, does the same. The broker's own children end with the broker.
//
// A running node accounts for goroutines of this process. A test that looks for its own leaks
// takes the node first, and then goleak.IgnoreCurrent.
//
// # What is needed
//
// RabbitMQ and Erlang, as Debian's package rabbitmq-server installs them, or RabbitMQ's generic
// archive with its sbin directory on PATH or below $RABBITMQ_HOME. Without them Start fails, and
// so do the tests: they do not skip. scripts/need.sh installs the package.
package rabbit
