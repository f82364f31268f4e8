package schema_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/consumer"
	"github.com/bdf0fecc/lura-amqp/producer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// The keys of a block's schema are the keys that its Config reads.
func TestSchemas_HaveTheKeysOfTheConfigs(t *testing.T) {
	for name, tc := range map[string]struct {
		schema []byte
		config any
	}{
		"producer": {schema.Producer, producer.Config{}},
		"consumer": {schema.Consumer, consumer.Config{}},
		"agent":    {schema.Agent, agent.Config{}},
	} {
		var s struct {
			Properties map[string]struct {
				Description string
				Examples    []any
			}
		}
		if err := json.Unmarshal(tc.schema, &s); err != nil {
			t.Fatal(name, err)
		}
		got := slices.Sorted(maps.Keys(s.Properties))
		if want := keysOf(reflect.TypeOf(tc.config)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %q, the Config %q", name, got, want)
		}
		for key, p := range s.Properties {
			if p.Description == "" || len(p.Examples) == 0 {
				t.Errorf("%s.%s has no description or example", name, key)
			}
		}
	}
}

func keysOf(t reflect.Type) (keys []string) {
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}
