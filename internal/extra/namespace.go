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
	Producer = Namespace{Short: "backend/amqp/producer", Long: "github.com/devopsfaith/krakend-amqp/produce"}
	Consumer = Namespace{Short: "backend/amqp/consumer", Long: "github.com/devopsfaith/krakend-amqp/consume"}
	Agent    = Namespace{Short: "async/amqp", Long: "github.com/devopsfaith/krakend-amqp/agent"}
)

// Find returns the namespace's block, under its long name or its short one.
func (n Namespace) Find(ec config.ExtraConfig) (block any, found bool) {
	if block, found = ec[n.Long]; found {
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

// Decode decodes a block into a pointer to a struct that holds the defaults. Keys
// that begin with @, $, _ or # are comments; the other keys that the struct does
// not have are returned, sorted. An error names the key, as in "durable: must be
// a boolean, not a string".
func Decode(block any, required []string, into any) (unknown []Unknown, err error) {
	object, ok := block.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("must be an object, not %s", jsonType(block))
	}
	for _, key := range required {
		if _, found := object[key]; !found {
			return nil, fmt.Errorf("%s: required, and missing", key)
		}
	}
	known, fields := make(map[string]any, len(object)), fieldsOf(into)
	for key, value := range object {
		switch {
		case fields.keys[key]:
			known[key] = value
		case !isComment(key):
			unknown = append(unknown, Unknown{key, Nearest(key, maps.Keys(fields.keys))})
		}
	}
	slices.SortFunc(unknown, func(a, b Unknown) int { return strings.Compare(a.Key, b.Key) })
	return unknown, fields.unmarshal(known, into)
}

func isComment(key string) bool {
	return key == "" || strings.ContainsRune("@$_#", rune(key[0]))
}

func (f fields) unmarshal(known map[string]any, into any) error {
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	err = json.Unmarshal(text, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: must be %s, not %s", f.key(wrong.Field), goType(wrong.Type), aJSON(wrong.Value))
	}
	return err
}
