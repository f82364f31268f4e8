package rabbit

import "context"

// Connection is a client's connection as the broker sees it.
type Connection struct {
	Name     string `json:"name"`  // connection_name of the client properties; may be empty
	Peer     string `json:"peer"`  // "client address -> broker address"
	User     string `json:"user"`  // "none" during the handshake
	VHost    string `json:"vhost"` // "none" during the handshake
	State    string `json:"state"` // "running", "blocking", "blocked", "flow", "closing", …
	Channels int    `json:"channels"`
}

// listConnections asks the process of each connection, so the answer is exact. A connection
// that ends meanwhile is left out, and one whose handshake begins has no properties yet.
const listConnections = `
Text = fun(Value) when is_binary(Value) -> Value;
          (Value) when is_atom(Value) -> atom_to_binary(Value)
       end,
Name = fun(Properties) when is_list(Properties) ->
               case lists:keyfind(<<"connection_name">>, 1, Properties) of
                   {_, longstr, Value} -> Value;
                   _ -> <<>>
               end;
          (_) -> <<>>
       end,
[#{name => Name(Properties), peer => Text(Peer), user => Text(User), vhost => Text(VHost),
   state => Text(State), channels => Channels}
 || [{client_properties, Properties}, {name, Peer}, {user, User}, {vhost, VHost},
     {state, State}, {channels, Channels}]
    <- rabbit_networking:connection_info_all(
           [client_properties, name, user, vhost, state, channels])]`

// Connections lists the AMQP connections to the node, in no particular order.
func (n *Node) Connections(ctx context.Context) ([]Connection, error) {
	var found []Connection
	err := n.evalJSON(ctx, listConnections, &found)
	return found, err
}

// AwaitConnections returns when ok accepts the list of connections.
func (n *Node) AwaitConnections(ctx context.Context, ok func([]Connection) bool) ([]Connection, error) {
	return await(ctx, n.Connections, ok)
}

// CloseConnections makes the broker close all connections, as rabbitmqctl
// close_all_connections does: clients see CONNECTION_FORCED with the reason.
func (n *Node) CloseConnections(ctx context.Context, reason string) error {
	return n.evalOK(ctx, `[catch rabbit_networking:close_connection(Pid, `+erlang(reason)+`)
		|| Pid <- rabbit_networking:local_connections()], ok`)
}
