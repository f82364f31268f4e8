package amqp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/consumer"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/producer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// Whatever stands in a block is taken, or an error that does not show the hosts.
func FuzzBlocks(f *testing.F) {
	for _, text := range []string{
		`{"name": "q", "exchange": "e", "routing_key": "#"}`,
		`{"name": "q", "exchange": "e", "routing_key": ["#"], "prefetch_count": 1e9}`,
		`{"name": "q", "exchange": "e", "host": "amqp://u:secret@h,amqp://"}`,
		`{"name": {}, "durable": null, "@x": 1, "": 1}`, `[]`, `null`,
		`{"name": "q", "exchange": "e", "host": "amqps://h", "tls": {"client_certs": [{"certificate": ""}], "CA_CERTS": 1}}`,
	} {
		f.Add(text, "/a/{b}/:c")
	}
	f.Fuzz(func(t *testing.T, text, endpoint string) {
		var block any
		if json.Unmarshal([]byte(text), &block) != nil {
			return
		}
		remote := func(n extra.Namespace) *config.Backend {
			return &config.Backend{ParentEndpoint: endpoint, Host: []string{"amqp://localhost"}, ExtraConfig: config.ExtraConfig{n.Short: block}}
		}
		_, ofProducer := producer.NewConfig(remote(extra.Producer))
		_, ofConsumer := consumer.NewConfig(remote(extra.Consumer))
		_, ofAgent := agent.NewConfig(&config.AsyncAgent{ExtraConfig: config.ExtraConfig{extra.Agent.Short: block}})
		for _, problems := range []schema.Problems{ofProducer, ofConsumer, ofAgent} {
			err := problems.Err()
			if err != nil && strings.Contains(err.Error(), "secret") && !strings.Contains(strings.ReplaceAll(text, "u:secret@h", ""), "secret") {
				t.Error(err)
			}
		}
	})
}
