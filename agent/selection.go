package agent

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/header"
	"github.com/bdf0fecc/lura-amqp/internal/spelling"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// parameter is one that a url_pattern takes from the message, in what looks like it: Lura
// replaces {{.Name}} and nothing else.
var parameter = regexp.MustCompile(`\{\{\s*\.([^}\s]*)\s*\}\}|\{(\w+)\}`)

// added is a parameter that Lura's sequential proxy adds.
var added = regexp.MustCompile(`^Resp\d+`)

// patterns finds the parameters of the backends' url_patterns.
func (c *Config) patterns(backends []*config.Backend) (problems schema.Problems) {
	for i, remote := range backends {
		path := fmt.Sprintf("backend.%d.url_pattern", i)
		found := len(c.mapping.parameters)
		for _, match := range parameter.FindAllStringSubmatch(remote.URLPattern, -1) {
			name := match[1] + match[2]
			switch exact := "{{." + name + "}}"; {
			case added.MatchString(name):
			case properties[name] == nil:
				problems = append(problems, schema.Notice(path, fmt.Sprintf("messages have no parameter %q", name),
					cmp.Or(spelling.DidYouMean(spelling.Nearest(name, maps.Keys(properties))), "use one of Routing_key, Exchange, Message_id, Correlation_id and Delivery_count")))
			case match[0] != exact:
				problems = append(problems, schema.Notice(path, fmt.Sprintf("%s is not replaced", match[0]), fmt.Sprintf("write %s", exact)))
			default:
				c.mapping.parameters = append(c.mapping.parameters, name)
			}
		}
		if len(c.mapping.parameters) > found && !strings.HasPrefix(remote.URLPattern, "/") {
			problems = append(problems, schema.Wrong(path, `must begin with "/", or a message could choose the host`, fmt.Sprintf("write %q", "/"+remote.URLPattern)))
		}
	}
	slices.Sort(c.mapping.parameters)
	c.mapping.parameters = slices.Compact(c.mapping.parameters)
	return problems
}

// selected checks the headers that are asked for.
func (c *Config) selected() (problems schema.Problems) {
	for i, name := range c.Headers {
		if canonical := http.CanonicalHeaderKey(name); name != "*" && canonical != "Content-Type" && canonical != "Content-Encoding" && !settable(canonical) {
			problems = append(problems, schema.Wrong(fmt.Sprintf("headers.%d", i), fmt.Sprintf("%s cannot be set by a message", canonical), "remove it"))
		}
	}
	c.mapping.queue, c.mapping.headers = c.Name, header.Select(c.Headers, nil)
	return problems
}
