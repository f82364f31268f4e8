package gateway

import (
	"sync"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	luraplugin "github.com/luraproject/lura/v2/proxy/plugin"
	luragin "github.com/luraproject/lura/v2/router/gin"
	"github.com/luraproject/lura/v2/transport/http/client"

	"github.com/bdf0fecc/lura-amqp/internal/extra"
)

// registerAliases does what KrakenD's main does first.
var registerAliases = sync.OnceFunc(func() { config.ExtraConfigAlias = aliases })

// aliases are KrakenD's short names of the blocks that this gateway reads. Like
// KrakenD it renames them before anything else sees them.
var aliases = map[string]string{
	extra.Producer.Short:       extra.Producer.Long,
	extra.Consumer.Short:       extra.Consumer.Long,
	extra.Agent.Short:          extra.Agent.Long,
	"proxy":                    proxy.Namespace,
	"router":                   luragin.Namespace,
	"backend/http":             client.Namespace,
	"plugin/req-resp-modifier": luraplugin.Namespace,
}
