// Package broker keeps one supervised connection for publishing and one for
// consuming to each broker, shared by every backend and agent that names the
// same hosts (a blocked publisher must not stop consumers, as RabbitMQ's
// documentation of connections advises).
//
// A [Connection] is owned by one goroutine, its supervisor, which dials, watches
// and dials again. It runs while there is demand: a backend or agent that
// acquired the connection, or a request under way. Everybody else asks for the
// [session] that is up and waits for it with a context of its own.
//
//	          demand                 dialled
//	Idle ──────────────▶ Connecting ─────────▶ Up ◀─────────▶ Blocked
//	 ▲                    ▲  │                  │  connection.blocked
//	 │                    │  │ no host answers  │  connection.unblocked
//	 │ no demand,         │  ▼                  │
//	 │ from any state     └─ Waiting ◀──────────┘ lost
//	 │             back-off  │
//	 │             is over   │ max_retries spent
//	 │                       ▼
//	 └──────────────────── GaveUp ── the next request ──▶ Connecting
//
// A session ends with its connection. What it has declared, its channels and its
// consumers end with it, and are made again on the next one.
package broker
