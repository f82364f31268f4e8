package schema

import (
	"fmt"
	"strings"
)

// backendExtraConfig is KrakenD's definition of a backend's extra_config.
const backendExtraConfig = "backend_extra_config"

// Extend puts the definitions of this module in the place of KrakenD's own in its
// schema for a whole krakend.json, as it is published for each version: one file, whose
// $defs have the URLs of the parts as names. An error names a definition that the
// schema lacks.
func Extend(krakend map[string]any) error {
	for _, name := range []string{Producer, Consumer, Agent} {
		if !edit(krakend, name, func(before map[string]any) map[string]any { return withID(Definition(name), before["$id"]) }) {
			return fmt.Errorf("has no definition of %s: is it KrakenD's schema, in one file?", name)
		}
	}
	if !edit(krakend, backendExtraConfig, withStats) {
		return fmt.Errorf("has no definition of %s: is it KrakenD's schema, in one file?", backendExtraConfig)
	}
	return nil
}

func withID(definition map[string]any, id any) map[string]any {
	if id != nil {
		definition["$id"] = id
	}
	return definition
}

// withStats adds the block that KrakenD does not know.
func withStats(extraConfig map[string]any) map[string]any {
	if properties, isObject := extraConfig["properties"].(map[string]any); isObject {
		properties[Stats] = Definition(Stats)
	}
	return extraConfig
}

// edit replaces a definition, which it finds by the end of its URL.
func edit(krakend map[string]any, name string, change func(before map[string]any) map[string]any) (found bool) {
	for _, keyword := range []string{"$defs", "definitions"} {
		definitions, _ := krakend[keyword].(map[string]any)
		for url, definition := range definitions {
			if strings.HasSuffix(url, "/"+name+".json") {
				before, _ := definition.(map[string]any)
				definitions[url], found = change(before), true
			}
		}
	}
	return found
}
