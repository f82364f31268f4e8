package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// parts has the form in which KrakenD publishes its schema: one file, with the parts
// in $defs under their URLs.
const parts = `{
  "$schema": "https://json-schema.org/draft/2019-09/schema",
  "type": "object",
  "properties": {
    "backend": {"$ref": "#/$defs/https:~1~1www.krakend.io~1schema~1v2.13~1backend_extra_config.json"},
    "agent": {"$ref": "#/$defs/https:~1~1www.krakend.io~1schema~1v2.13~1async~1amqp.json"}
  },
  "$defs": {
    "https://www.krakend.io/schema/v2.13/async/amqp.json": {"type": "null", "additionalProperties": false},
    "https://www.krakend.io/schema/v2.13/backend_extra_config.json": {
      "properties": {
        "backend/amqp/consumer": {"$ref": "#/$defs/https:~1~1www.krakend.io~1schema~1v2.13~1backend~1amqp~1consumer.json"},
        "backend/amqp/producer": {"$ref": "#/$defs/https:~1~1www.krakend.io~1schema~1v2.13~1backend~1amqp~1producer.json"}
      },
      "additionalProperties": false
    },
    "https://www.krakend.io/schema/v2.13/backend/amqp/consumer.json": {"type": "null"},
    "https://www.krakend.io/schema/v2.13/backend/amqp/producer.json": {"$comment": "KrakenD's own", "additionalProperties": false}
  }
}`

func krakend(t *testing.T, text string) (document map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestExtend_MakesKrakenDsSchemaTakeOurKeys(t *testing.T) {
	document := krakend(t, parts)
	if err := schema.Extend(document); err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("krakend:///krakend.json", document); err != nil {
		t.Fatal(err)
	}
	extended, err := compiler.Compile("krakend:///krakend.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, valid := range map[string]bool{
		`{"backend": {"backend/amqp/producer": {"name": "", "exchange": "", "routing_key": "r", "confirm": true, "tls": {"min_version": "TLS12"}}}}`: true,
		`{"backend": {"backend/amqp/producer": {"name": "", "exchange": "", "routing_key": "r", "confirm": 1}}}`:                                     false,
		`{"backend": {"backend/amqp/consumer": {"name": "q", "exchange": "", "routing_key": [], "prefetch_size": 1}}}`:                               true,
		`{"agent": {"name": "q", "exchange": "", "host": "amqp://h", "tls": {"ca_certs": [1]}}}`:                                                     false,
		`{"backend": {"backend/amqp/stats": {"@comment": 1}}}`:                                                                                       true,
		`{"backend": {"backend/amqp/stats": {"colour": 1}}}`:                                                                                         false,
		`{"agent": {"name": "q", "exchange": "", "host": "amqp://h", "@comment": 1}}`:                                                                true,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := extended.Validate(value); (err == nil) != valid {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestExtend_NamesWhatIsMissing(t *testing.T) {
	for want, text := range map[string]string{
		"has no definition of backend/amqp/producer": `{}`,
		"has no definition of backend_extra_config":  strings.ReplaceAll(parts, "/backend_extra_config.json", "/other.json"),
		"has no definition of async/amqp":            strings.ReplaceAll(parts, "async/amqp.json", "async/kafka.json"),
	} {
		if err := schema.Extend(krakend(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
