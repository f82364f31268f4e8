package schema

import (
	"fmt"
	"maps"
	"strings"
)

// Extend puts the definitions of this module in the place of KrakenD's own in its
// schema for a whole krakend.json, as it is published for each version: one file, whose
// $defs have the URLs of the parts as names. An error names a definition that the
// schema lacks.
func Extend(krakend map[string]any) error {
	for _, name := range Names {
		if !replace(krakend, name, Definition(name)) {
			return fmt.Errorf("has no definition of %s: is it KrakenD's schema, in one file?", name)
		}
	}
	return nil
}

// replace finds the definition by the end of its URL. It keeps its $id.
func replace(krakend map[string]any, name string, definition map[string]any) (found bool) {
	for _, keyword := range []string{"$defs", "definitions"} {
		definitions, _ := krakend[keyword].(map[string]any)
		for url, before := range definitions {
			if !strings.HasSuffix(url, "/"+name+".json") {
				continue
			}
			own := maps.Clone(definition)
			if old, isObject := before.(map[string]any); isObject && old["$id"] != nil {
				own["$id"] = old["$id"]
			}
			definitions[url], found = own, true
		}
	}
	return found
}
