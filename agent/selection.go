package agent

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/header"
	"github.com/bdf0fecc/lura-amqp/internal/spelling"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// parameter is one that a url_pattern takes from the message.
var parameter = regexp.MustCompile(`\{\{\s*\.([^}\s]*)\s*\}\}`)

// patterns finds the parameters of the backends' url_patterns.
func (c *Config) patterns(backends []*config.Backend) (problems schema.Problems) {
	for i, remote := range backends {
		for _, match := range parameter.FindAllStringSubmatch(remote.URLPattern, -1) {
			if properties[match[1]] == nil {
				problems = append(problems, schema.Notice(fmt.Sprintf("backend.%d.url_pattern", i), fmt.Sprintf("messages have no parameter %q", match[1]),
					cmp.Or(spelling.DidYouMean(spelling.Nearest(match[1], maps.Keys(properties))), "use one of Routing_key, Exchange, Message_id, Correlation_id and Delivery_count")))
				continue
			}
			c.mapping.parameters = append(c.mapping.parameters, match[1])
		}
	}
	slices.Sort(c.mapping.parameters)
	c.mapping.parameters = slices.Compact(c.mapping.parameters)
	return problems
}

// selected checks the headers that are asked for.
func (c *Config) selected() (problems schema.Problems) {
	for i, name := range c.Headers {
		if canonical := http.CanonicalHeaderKey(name); name != "*" && canonical != "Content-Type" && !settable(canonical) {
			problems = append(problems, schema.Wrong(fmt.Sprintf("headers.%d", i), fmt.Sprintf("%s cannot be set by a message", canonical), "remove it"))
		}
	}
	c.mapping.headers = header.Select(c.Headers, nil)
	return problems
}
