package main

import (
	"context"
	"fmt"
)

// enablePlugin enables one of RabbitMQ's own plugins on the running nodes. Enabling it
// once more is fine.
func (l *lab) enablePlugin(ctx context.Context, name string) error {
	for _, n := range l.nodes {
		value, err := n.Eval(ctx, fmt.Sprintf(`
			{ok, File} = application:get_env(rabbit, enabled_plugins_file),
			ok = file:write_file(File, <<"[%s].\n">>),
			case rabbit_plugins:ensure(File) of {ok, _, _} -> ok; Other -> Other end`, name))
		if err == nil && value != "ok" {
			err = fmt.Errorf("%s", value)
		}
		if err != nil {
			return fmt.Errorf("enable %s: %w", name, err)
		}
	}
	return nil
}
