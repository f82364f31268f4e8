// Package extra finds and decodes a namespace's block in an extra_config.
package extra

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/spelling"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// Namespace is a block's name. KrakenD renames the short ones to the long ones
// before any factory sees them (config.ExtraConfigAlias and Normalize); other
// gateways may not.
type Namespace struct {
	Short string // as in krakend.json
	Long  string // after Normalize, and in old configurations
}

// The blocks that this module reads.
var (
	Producer = Namespace{Short: schema.Producer, Long: "github.com/devopsfaith/krakend-amqp/produce"}
	Consumer = Namespace{Short: schema.Consumer, Long: "github.com/devopsfaith/krakend-amqp/consume"}
	Agent    = Namespace{Short: schema.Agent, Long: "github.com/devopsfaith/krakend-amqp/agent"}
	Stats    = Namespace{Short: schema.Stats} // KrakenD has no other name for it
)

// Find returns the namespace's block, under its long name, if it has one, or its short
// one.
func (n Namespace) Find(ec config.ExtraConfig) (block any, found bool) {
	if block, found = ec[n.Long]; found && n.Long != "" {
		return block, true
	}
	block, found = ec[n.Short]
	return block, found
}

// In says whether the extra_config has the namespace's block.
func (n Namespace) In(ec config.ExtraConfig) bool {
	_, found := n.Find(ec)
	return found
}

// Decode decodes the namespace's block into a pointer to a struct that holds the
// defaults. Keys that begin with @, $, _ or # are comments. The paths of the problems
// begin with the block's keys.
func (n Namespace) Decode(ec config.ExtraConfig, into any) schema.Problems {
	block, _ := n.Find(ec)
	known, problems := schema.Validate(n.Short, block)
	if problems.Err() != nil {
		return problems
	}
	if err := json.Unmarshal(known, into); err != nil {
		return append(problems, misfit(err))
	}
	return problems
}

// misfit is a value that its schema takes and the struct does not, as a number that
// is too large for any machine.
func misfit(err error) schema.Problem {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		key := wrong.Field[strings.LastIndex(wrong.Field, ".")+1:]
		return schema.Wrong(key, "cannot be "+wrong.Value, "")
	}
	return schema.Problem{Message: err.Error()}
}

// Path is where the block stands in the backend or agent that it belongs to.
func (n Namespace) Path() []string { return []string{"extra_config", n.Short} }

// Missing is what is wrong about the extra_config of a backend on a broker that has
// no block: as an HTTP backend it would answer "unsupported protocol scheme".
func Missing(ec config.ExtraConfig) schema.Problems {
	if len(others(ec)) > 0 {
		return nil
	}
	if misspelt := Misspelt(ec); len(misspelt) > 0 {
		return misspelt
	}
	return schema.Problems{schema.Wrong("extra_config", "has no AMQP block, though host begins with amqp", fmt.Sprintf("add %q or %q", schema.Producer, schema.Consumer))}
}

// Misspelt are the names in an extra_config that may have been meant to be a block's.
func Misspelt(ec config.ExtraConfig) (problems schema.Problems) {
	for _, key := range slices.Sorted(maps.Keys(ec)) {
		if name := spelling.Nearest(key, slices.Values(schema.Names)); name != "" {
			problems = append(problems, schema.Problem{
				Path: []string{"extra_config", key}, Message: "unknown block", Fix: spelling.DidYouMean(name),
			})
		}
	}
	return problems
}
