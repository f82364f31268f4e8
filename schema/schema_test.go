package schema_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/consumer"
	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/producer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// defaults returns what the code makes of a block with the required keys alone.
func defaults(t *testing.T, name string) any {
	t.Helper()
	var cfg any
	var problems schema.Problems
	remote := func(block map[string]any) *config.Backend {
		return &config.Backend{Host: []string{"amqp://localhost"}, ExtraConfig: config.ExtraConfig{name: block}}
	}
	switch name {
	case schema.Producer:
		cfg, problems = producer.NewConfig(remote(map[string]any{"name": "q", "exchange": "e", "routing_key": "#"}))
	case schema.Consumer:
		cfg, problems = consumer.NewConfig(remote(map[string]any{"name": "q", "exchange": "e", "routing_key": []any{"#"}}))
	case schema.Agent:
		cfg, problems = agent.NewConfig(&config.AsyncAgent{ExtraConfig: config.ExtraConfig{
			name: map[string]any{"name": "q", "exchange": "e", "host": "amqp://localhost"},
		}})
	}
	if len(problems) > 0 {
		t.Fatal(name, problems)
	}
	return cfg
}

type property struct {
	Description string
	Default     any
	Examples    []any
	Type        any
	Properties  map[string]property
	Required    []string
	Items       *property
}

func definition(t *testing.T, name string) (p property) {
	t.Helper()
	text, err := json.Marshal(schema.Definition(name))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A block's schema and the struct that reads it have the same keys and defaults, and
// every key is explained.
func TestDefinitions_AreTheConfigs(t *testing.T) {
	for _, name := range []string{schema.Producer, schema.Consumer, schema.Agent} {
		d := definition(t, name)
		cfg := defaults(t, name)
		text, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var coded map[string]any
		if err := json.Unmarshal(text, &coded); err != nil {
			t.Fatal(err)
		}
		same(t, name, d, reflect.TypeOf(cfg))
		for key, p := range d.Properties {
			if !slices.Contains(d.Required, key) && !equivalent(p.Default, coded[key]) {
				t.Errorf("%s.%s: the schema's default is %v, the code's %v", name, key, p.Default, coded[key])
			}
		}
	}
}

// equivalent also takes nothing for an empty value, except where it must be named.
func equivalent(inSchema, inCode any) bool {
	if list, isList := inSchema.([]any); isList && len(list) == 0 {
		return inCode == nil
	}
	if object, isObject := inSchema.(map[string]any); isObject && len(object) == 0 {
		return inCode == nil
	}
	if inSchema == "fallback" { // backoff.Parse has it in the place of no name
		return inCode == ""
	}
	return reflect.DeepEqual(inSchema, inCode)
}

func same(t *testing.T, name string, d property, of reflect.Type) {
	t.Helper()
	if got, want := slices.Sorted(maps.Keys(d.Properties)), slices.Sorted(maps.Keys(fields(of))); !slices.Equal(got, want) {
		t.Errorf("%s: the schema has %q, the struct %q", name, got, want)
	}
	for key, p := range d.Properties {
		if p.Description == "" || len(p.Examples) == 0 {
			t.Errorf("%s.%s has no description or example", name, key)
		}
		if p.Default == nil && !slices.Contains(d.Required, key) && p.Properties == nil {
			t.Errorf("%s.%s has no default", name, key)
		}
	}
}

func TestDefinitions_OfInnerBlocksAreTheirStructs(t *testing.T) {
	same(t, "retry", definition(t, schema.Agent).Properties["retry"], reflect.TypeFor[agent.Retry]())
	same(t, "reply", definition(t, schema.Producer).Properties["reply"], reflect.TypeFor[producer.Reply]())
	same(t, "headers", definition(t, schema.Producer).Properties["headers"], reflect.TypeFor[producer.Headers]())
	tls := definition(t, schema.Agent).Properties["tls"]
	same(t, "tls", tls, reflect.TypeFor[broker.TLS]())
	same(t, "tls.client_certs", *tls.Properties["client_certs"].Items, reflect.TypeFor[broker.ClientCert]())
}

// fields are the JSON keys of a struct and of those that it embeds.
func fields(t reflect.Type) map[string]bool {
	keys := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			keys[name] = true
		}
	}
	return keys
}

// KrakenD's official keys (schema v2.13) keep their types and defaults. The one
// exception is how many messages a consumer holds: KrakenD has no limit there.
func TestDefinitions_HaveKrakenDsKeys(t *testing.T) {
	const none = "none"
	booleans := map[string]any{"delete": false, "durable": false, "exclusive": false, "no_local": none, "no_wait": none}
	official := map[string]map[string]map[string]any{
		schema.Producer: {
			"boolean": merged(booleans, map[string]any{"immediate": false, "mandatory": false, "static_routing_key": false}),
			"string": {
				"exchange": none, "exp_key": "", "msg_id_key": "", "name": none, "priority_key": "", "reply_to_key": "", "routing_key": "#",
			},
			"integer": {"max_retries": 0.0},
			"":        {"backoff_strategy": "fallback"},
		},
		schema.Consumer: {
			"boolean": merged(booleans, map[string]any{"auto_ack": false, "nack_discard": false}),
			"string":  {"exchange": none, "name": none},
			"array":   {"routing_key": none},
			"integer": {"max_retries": 0.0, "prefetch_count": 10.0},
			"":        {"backoff_strategy": "fallback"},
		},
		schema.Agent: {
			"boolean": merged(booleans, map[string]any{"auto_ack": false, "nack_discard": false}),
			"string":  {"exchange": none, "host": none, "name": none},
			"integer": {"prefetch_count": 10.0, "prefetch_size": 0.0},
		},
	}
	required := map[string][]string{
		schema.Producer: {"name", "exchange", "routing_key"},
		schema.Consumer: {"name", "exchange", "routing_key"},
		schema.Agent:    {"name", "host", "exchange"},
	}
	for name, types := range official {
		d := definition(t, name)
		if !slices.Equal(d.Required, required[name]) {
			t.Errorf("%s requires %q", name, d.Required)
		}
		for want, keys := range types {
			for key, byDefault := range keys {
				p, found := d.Properties[key]
				if typeName, _ := p.Type.(string); !found || typeName != want {
					t.Errorf("%s.%s is of type %v, not %s", name, key, p.Type, want)
				}
				if byDefault != none && !reflect.DeepEqual(p.Default, byDefault) {
					t.Errorf("%s.%s is %v by default, not %v", name, key, p.Default, byDefault)
				}
			}
		}
	}
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
