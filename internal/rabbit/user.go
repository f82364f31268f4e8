package rabbit

import (
	"context"
	"fmt"
)

// AddVhost adds a virtual host in which the user guest may do everything.
func (n *Node) AddVhost(ctx context.Context, name string) error {
	add := fmt.Sprintf("rabbit_vhost:add(%s, <<>>, [], <<\"test\">>)", erlang(name))
	if err := n.evalOK(ctx, add); err != nil {
		return err
	}
	return n.permit(ctx, "guest", name)
}

// AddUser adds a user who may do everything in the given virtual hosts.
func (n *Node) AddUser(ctx context.Context, name, password string, vhosts ...string) error {
	add := fmt.Sprintf("rabbit_auth_backend_internal:add_user(%s, %s, <<\"test\">>)",
		erlang(name), erlang(password))
	if err := n.evalOK(ctx, add); err != nil {
		return err
	}
	for _, vhost := range vhosts {
		if err := n.permit(ctx, name, vhost); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) permit(ctx context.Context, user, vhost string) error {
	all := erlang(".*")
	return n.evalOK(ctx, fmt.Sprintf(
		"rabbit_auth_backend_internal:set_permissions(%s, %s, %s, %s, %s, <<\"test\">>)",
		erlang(user), erlang(vhost), all, all, all))
}
