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
	Persistent int  `json:"persistent"` // of Messages; in a quorum queue all are
	Consumers  int  `json:"consumers"`

	// DeadLettering are messages that have left a quorum queue, and that the target of its
	// at-least-once dead-lettering does not have yet.
	DeadLettering int `json:"dead_lettering"`
}

// describeQueue asks the queue's own process, so the counts are exact, unlike the statistics
// of the management plugin and what rabbit_amqqueue:info has of a quorum queue. A quorum queue's
// process is its leader, which first makes sure that it still is. Streams lack some counts.
const describeQueue = findQueue + `
Classic =
    fun(Queue) ->
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
          persistent => Count(messages_persistent), consumers => Count(consumers),
          dead_lettering => 0}
    end,
Quorum =
    fun(Queue) ->
        Counts = fun(State) ->
                     {rabbit_fifo:query_messages_ready(State),
                      rabbit_fifo:query_messages_checked_out(State),
                      rabbit_fifo:query_consumer_count(State),
                      element(1, rabbit_fifo:query_stat_dlx(State))}
                 end,
        Query = fun(Member, Timeout) -> ra:consistent_query(Member, Counts, Timeout) end,
        {{Ready, Unacked, Consumers, DeadLettering}, _} = Ask(Queue, Query),
        #{exists => true, durable => true,
          messages => Ready + Unacked, ready => Ready, unacked => Unacked,
          persistent => Ready + Unacked, consumers => Consumers,
          dead_lettering => DeadLettering}
    end,
case Find() of
    {ok, Found} ->
        case amqqueue:get_type(Found) of
            rabbit_quorum_queue -> Quorum(Found);
            _ -> Classic(Found)
        end;
    _ -> #{exists => false}
end`

// findQueue binds Find, which looks a queue up, and Ask, which sends a request to the leader of a
// quorum queue by way of one of its members. The one on record as leader is tried first: another
// that has just started does not know the leader for some seconds.
const findQueue = `
Find = fun() -> rabbit_amqqueue:lookup(rabbit_misc:r(%s, queue, %s)) end,
Ask =
    fun(Queue, Request) ->
        {Name, Recorded} = amqqueue:get_pid(Queue),
        #{nodes := Nodes} = amqqueue:get_type_state(Queue),
        Try = fun Next([]) -> error(no_leader);
                  Next([Node | Others]) ->
                      case Request({Name, Node}, 1000) of
                          {ok, Reply, Leader} -> {Reply, Leader};
                          _ -> Next(Others)
                      end
              end,
        Try([Node || Node <- [Recorded | lists:delete(Recorded, Nodes)],
                     lists:member(Node, [node() | nodes()])])
    end,`

// Queue describes a queue of the default virtual host. Any running node of a cluster may be
// asked. It fails while a quorum queue has no leader, after up to a second for each member.
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
