package amqp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// Whatever stands in a block is taken, or an error that does not show the hosts.
func FuzzBlocks(f *testing.F) {
	for _, text := range []string{
		`{"name": "q", "exchange": "e", "routing_key": "#"}`,
		`{"name": "q", "exchange": "e", "routing_key": ["#"], "prefetch_count": 1e9}`,
		`{"name": "q", "exchange": "e", "host": "amqp://u:secret@h,amqp://"}`,
		`{"name": {}, "durable": null, "@x": 1, "": 1}`, `[]`, `null`, string(schema.Producer),
	} {
		f.Add(text, "/a/{b}/:c")
	}
	f.Fuzz(func(t *testing.T, text, endpoint string) {
		var block any
		if json.Unmarshal([]byte(text), &block) != nil {
			return
		}
		for _, n := range []extra.Namespace{extra.Producer, extra.Consumer, extra.Agent} {
			_, err := check(n.Short, endpoint, block)
			if err != nil && strings.Contains(err.Error(), "secret") && !strings.Contains(strings.ReplaceAll(text, "u:secret@h", ""), "secret") {
				t.Errorf("%s: %v", n.Short, err)
			}
		}
	})
}
