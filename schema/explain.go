package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/bdf0fecc/lura-amqp/internal/spelling"
)

// explain puts the validator's findings into words. Values are not shown unless they
// are numbers or names: others may hold a password.
func explain(schema *jsonschema.Schema, value any, invalid *jsonschema.ValidationError) (problems Problems) {
	for _, cause := range invalid.Causes {
		problems = append(problems, explain(schema, value, cause)...)
	}
	if len(invalid.Causes) > 0 {
		return problems
	}
	path := invalid.InstanceLocation
	wrong := func(message, fix string) Problems { return Problems{{Path: path, Message: message, Fix: fix}} }
	switch k := invalid.ErrorKind.(type) {
	case *kind.Type:
		return wrong(fmt.Sprintf("must be %s, not %s", article(k.Want[0]), got(k, at(value, path))), example(schema, path))
	case *kind.Required:
		for _, key := range k.Missing {
			missing := append(slices.Clone(path), key)
			problems = append(problems, Problem{Path: missing, Message: "required, and missing", Fix: "add it, " + example(schema, missing)})
		}
		return problems
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			problems = append(problems, unknown(append(slices.Clone(path), key), part(schema, path)))
		}
		return problems
	case *kind.Enum:
		return wrong(fmt.Sprintf("%s is not one of %s", asJSON(k.Got), list(k.Want)), nearest(k))
	case *kind.Minimum:
		return wrong(fmt.Sprintf("%s is less than %s", k.Got.RatString(), k.Want.RatString()), example(schema, path))
	case *kind.Maximum:
		return wrong(fmt.Sprintf("%s is more than %s", k.Got.RatString(), k.Want.RatString()), example(schema, path))
	case *kind.Pattern:
		return wrong(asJSON(k.Got)+" has another form", example(schema, path))
	case *kind.MinLength:
		return wrong("must not be empty", example(schema, path))
	case *kind.MaxLength:
		return wrong(fmt.Sprintf("%d characters, longer than %d", k.Got, k.Want), "use a shorter one")
	}
	return wrong(fmt.Sprintf("does not fit %q of its schema", strings.Join(invalid.ErrorKind.KeywordPath(), "/")), example(schema, path))
}

func unknown(path []string, schema *jsonschema.Schema) Problem {
	key := path[len(path)-1]
	fix := spelling.DidYouMean(spelling.Nearest(key, maps.Keys(schema.Properties)))
	if fix == "" {
		fix = "remove it, or begin it with @ to make it a comment"
	}
	return Problem{Path: path, Message: "unknown key, ignored", Fix: fix, Warning: true, Unknown: true}
}

func nearest(k *kind.Enum) string {
	word, isString := k.Got.(string)
	if !isString {
		return ""
	}
	return spelling.DidYouMean(spelling.Nearest(word, func(yield func(string) bool) {
		for _, want := range k.Want {
			if name, isString := want.(string); isString && !yield(name) {
				return
			}
		}
	}))
}

// part is the schema of the value that a path leads to; an empty one if there is none.
func part(schema *jsonschema.Schema, path []string) *jsonschema.Schema {
	for schema.Ref != nil {
		schema = schema.Ref
	}
	if len(path) == 0 {
		return schema
	}
	if property, found := schema.Properties[path[0]]; found {
		return part(property, path[1:])
	}
	if item, isSchema := schema.Items.(*jsonschema.Schema); isSchema {
		return part(item, path[1:])
	}
	return &jsonschema.Schema{}
}

// at is the value that a path leads to.
func at(value any, path []string) any {
	for _, key := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			if i, err := strconv.Atoi(key); err == nil && i < len(v) {
				value = v[i]
			}
		}
	}
	return value
}

// example shows how the value, or what it is part of, could look.
func example(schema *jsonschema.Schema, path []string) string {
	for ; len(path) > 0; path = path[:len(path)-1] {
		if examples := part(schema, path).Examples; len(examples) > 0 {
			return fmt.Sprintf("for example %q: %s", path[len(path)-1], asJSON(examples[0]))
		}
	}
	return ""
}

func got(k *kind.Type, value any) string {
	if k.Got == "number" {
		return asJSON(value)
	}
	return article(k.Got)
}

// article names a JSON type as a sentence has it.
func article(jsonType string) string {
	switch jsonType {
	case "null":
		return "null"
	case "array":
		return "a list"
	case "integer":
		return "a whole number"
	case "object":
		return "an object"
	}
	return "a " + jsonType
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = asJSON(value)
	}
	return strings.Join(words, ", ")
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
