package rabbit

import (
	"context"
	"fmt"
)

// QueueInfo is the state of a queue. All is zero when it does not exist.
type QueueInfo struct {
	Exists     bool `json:"exists"`
	Durable    bool `json:"durable"`
	Messages   int  `json:"messages"` // Ready and Unacked
	Ready      int  `json:"ready"`
	Unacked    int  `json:"unacked"`
	Persistent int  `json:"persistent"` // of Messages
	Consumers  int  `json:"consumers"`
}

// describeQueue asks the queue's own process, so the counts are exact, unlike the statistics
// of the management plugin. Other kinds of queue lack some counts.
const describeQueue = `
case rabbit_amqqueue:lookup(rabbit_misc:r(%s, queue, %s)) of
    {ok, Queue} ->
        Info = rabbit_amqqueue:info(Queue, [durable, messages, messages_ready,
            messages_unacknowledged, messages_persistent, consumers]),
        Count = fun(Key) ->
                    case proplists:get_value(Key, Info) of
                        N when is_integer(N) -> N;
                        _ -> 0
                    end
                end,
        #{exists => true, durable => proplists:get_value(durable, Info),
          messages => Count(messages), ready => Count(messages_ready),
          unacked => Count(messages_unacknowledged),
          persistent => Count(messages_persistent), consumers => Count(consumers)};
    _ -> #{exists => false}
end`

// Queue describes a queue of the default virtual host.
func (n *Node) Queue(ctx context.Context, name string) (QueueInfo, error) {
	return n.QueueIn(ctx, "/", name)
}

// QueueIn describes a queue of a virtual host.
func (n *Node) QueueIn(ctx context.Context, vhost, name string) (QueueInfo, error) {
	var info QueueInfo
	err := n.evalJSON(ctx, fmt.Sprintf(describeQueue, erlang(vhost), erlang(name)), &info)
	return info, err
}

// AwaitQueue returns when ok accepts the state of a queue of the default virtual host.
func (n *Node) AwaitQueue(ctx context.Context, name string, ok func(QueueInfo) bool) (QueueInfo, error) {
	look := func(ctx context.Context) (QueueInfo, error) { return n.Queue(ctx, name) }
	return await(ctx, look, ok)
}
