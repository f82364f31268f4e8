// Package schema holds the JSON Schemas (2019-09, as KrakenD's) of the blocks that
// this module reads, and says what is wrong about a block.
package schema

import (
	"embed"
	"encoding/json"
	"strings"
)

// The blocks, by their names in krakend.json.
const (
	Producer = "backend/amqp/producer"
	Consumer = "backend/amqp/consumer"
	Agent    = "async/amqp"
	Stats    = "backend/amqp/stats"
)

// Names lists the blocks.
var Names = []string{Producer, Consumer, Agent, Stats}

//go:embed *.json
var files embed.FS

// file of a block's schema. tls.json and topology.json are parts of the others.
func file(name string) string {
	return name[strings.LastIndex(name, "/")+1:] + ".json"
}

// Definitions returns the schemas of all blocks in one, which takes an extra_config.
func Definitions() map[string]any {
	properties := map[string]any{}
	for _, name := range Names {
		definition := Definition(name)
		delete(definition, "$schema")
		properties[name] = definition
	}
	return map[string]any{
		"$schema":     "https://json-schema.org/draft/2019-09/schema",
		"title":       "AMQP blocks",
		"description": "The blocks of lura-amqp in an extra_config.",
		"type":        "object",
		"properties":  properties,
	}
}

// Definition returns the schema of one of the Names as a JSON object that refers to
// no other file.
func Definition(name string) map[string]any {
	return inline(read(file(name))).(map[string]any)
}

// read panics about an embedded file that is missing or not JSON.
func read(name string) (object map[string]any) {
	text, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		panic(err)
	}
	return object
}

// refer returns what a reference to a file leads to: all of it, or the part after the #.
func refer(reference string) map[string]any {
	name, path, _ := strings.Cut(reference, "#/")
	object := read(name)
	delete(object, "$schema")
	for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		object = object[key].(map[string]any)
	}
	return object
}

// inline puts files in the place of the references to them.
func inline(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = inline(v[i])
		}
	case map[string]any:
		if reference, isFile := v["$ref"].(string); isFile && !strings.HasPrefix(reference, "#") {
			return inline(refer(reference))
		}
		for key := range v {
			v[key] = inline(v[key])
		}
	}
	return value
}
