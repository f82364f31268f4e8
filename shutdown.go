package amqp

import (
	"context"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
)

// Wait is for the end of a program, after the contexts given to [NewBackendFactory] and to
// agents have ended. It returns nil when their connections are closed: messages that were
// handed over are acked, and prefetched ones are back in their queues. Without it, messages
// that were handed over in the last milliseconds may be delivered again. The error says which
// connection is still open when ctx ends, as one is while a message is in hand.
func Wait(ctx context.Context) error { return broker.AwaitClosed(ctx) }
