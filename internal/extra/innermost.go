package extra

import (
	"fmt"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/transport/http/client/graphql"
	"github.com/luraproject/lura/v2/transport/http/client/plugin"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// innermost are KrakenD's other blocks that say who answers a backend's requests. Only
// one can.
var innermost = []Namespace{
	{Short: "backend/pubsub/publisher", Long: "github.com/devopsfaith/krakend-pubsub/publisher"},
	{Short: "backend/pubsub/subscriber", Long: "github.com/devopsfaith/krakend-pubsub/subscriber"},
	{Short: "backend/pubsub/publisher/kafka"},
	{Short: "backend/pubsub/subscriber/kafka"},
	{Short: "backend/lambda", Long: "github.com/devopsfaith/krakend-lambda"},
	{Short: "backend/graphql", Long: graphql.Namespace},
	{Short: "backend/grpc"},
	{Short: "backend/soap"},
	{Short: "backend/static-filesystem"},
	{Short: "plugin/http-client", Long: plugin.Namespace},
}

// others returns the blocks of the innermost handlers that are not ours.
func others(ec config.ExtraConfig) (found []Namespace) {
	for _, n := range innermost {
		if n.In(ec) {
			found = append(found, n)
		}
	}
	return found
}

// Ours says whether one of our blocks answers a backend's requests.
func Ours(ec config.ExtraConfig) bool { return Producer.In(ec) || Consumer.In(ec) || Stats.In(ec) }

// Conflicts says which two blocks of a backend both want to answer its requests, if one
// of them is ours. A producer and a consumer share them.
func Conflicts(ec config.ExtraConfig) schema.Problems {
	var found []Namespace
	for _, n := range []Namespace{Producer, Consumer} {
		if n.In(ec) {
			found = []Namespace{n}
			break
		}
	}
	if Stats.In(ec) {
		found = append(found, Stats)
	}
	if len(found) > 0 {
		found = append(found, others(ec)...)
	}
	if len(found) < 2 {
		return nil
	}
	return schema.Problems{schema.Wrong("extra_config",
		fmt.Sprintf("has both %q and %q, and only one can answer", found[0].Short, found[1].Short), "give each a backend of its own")}
}
