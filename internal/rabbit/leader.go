package rabbit

import (
	"context"
	"errors"
	"fmt"
)

// errNoQueue means that a queue does not exist.
var errNoQueue = errors.New("no such queue")

// findLeader asks the leader itself, for the queue's record and the other members may still
// name one that is gone.
const findLeader = findQueue + `
case Find() of
    {ok, Queue} ->
        {_, {_, Leader}} = Ask(Queue, fun ra:members/2),
        [atom_to_binary(Leader)];
    _ -> []
end`

// Leader returns the name of the node that leads a quorum queue of the default virtual host. It
// fails while there is none.
func (n *Node) Leader(ctx context.Context, queue string) (nodeName string, err error) {
	var leader []string
	err = n.evalJSON(ctx, fmt.Sprintf(findLeader, erlang("/"), erlang(queue)), &leader)
	if err == nil && len(leader) == 0 {
		err = errNoQueue
	}
	if err != nil {
		return "", fmt.Errorf("leader of queue %q: %w", queue, err)
	}
	return leader[0], nil
}

// AwaitLeader returns when ok accepts the name of the node that leads a quorum queue.
func (n *Node) AwaitLeader(ctx context.Context, queue string, ok func(nodeName string) bool) (string, error) {
	look := func(ctx context.Context) (string, error) { return n.Leader(ctx, queue) }
	return await(ctx, look, ok)
}
