package agent_test

import (
	"context"
	"fmt"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/agent"
)

// A gateway starts its agents with the drivers that it has. They end with the
// context, after they have settled the messages in hand.
func ExampleStartAgent() {
	ctx, cancel := context.WithCancel(context.Background())
	agents := []*config.AsyncAgent{{
		Name:     "orders",
		Consumer: config.Consumer{Topic: "order.*", Workers: 2},
		ExtraConfig: config.ExtraConfig{
			"async/amqp": map[string]any{"host": "amqp://guest:guest@127.0.0.1:5672/", "name": "orders", "exchange": "shop"},
		},
		Backend: []*config.Backend{{Method: "POST", Host: []string{"http://127.0.0.1:8081"}, URLPattern: "/orders"}},
	}}
	pings := make(chan string, len(agents))
	wait := async.AgentStarter{agent.StartAgent}.Start(ctx, agents, logging.NoOp, pings, proxy.DefaultFactory(logging.NoOp))

	cancel()
	fmt.Println(wait())
	// Output: <nil>
}
