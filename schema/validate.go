package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// base is the URL of the files for the compiler, which would look for them in the
// working directory otherwise.
const base = "lura-amqp:///"

// compiled are the schemas by the names of their blocks.
var compiled = sync.OnceValue(func() map[string]*jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		if err := compiler.AddResource(base+entry.Name(), read(entry.Name())); err != nil {
			panic(err)
		}
	}
	all := map[string]*jsonschema.Schema{}
	for _, name := range Names {
		all[name] = compiler.MustCompile(base + file(name))
	}
	return all
})

// Validate says what is wrong about a block, given as encoding/json makes it of
// JSON, and sorted by path. It returns a copy of the block without its unknown keys,
// as JSON; nil if the block does not work.
func Validate(name string, block any) (known []byte, problems Problems) {
	text, err := json.Marshal(block)
	if err != nil {
		return nil, Problems{{Message: fmt.Sprintf("is not JSON: %v", err)}}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, Problems{{Message: fmt.Sprintf("is not JSON: %v", err)}}
	}
	schema := compiled()[name]
	var invalid *jsonschema.ValidationError
	if errors.As(schema.Validate(value), &invalid) {
		problems = explain(schema, value, invalid)
	}
	slices.SortFunc(problems, func(a, b Problem) int { return slices.Compare(a.Path, b.Path) })
	if problems.Err() != nil {
		return nil, problems
	}
	for _, problem := range problems {
		remove(value, problem.Path)
	}
	known, err = json.Marshal(value)
	if err != nil {
		return nil, append(problems, Problem{Message: fmt.Sprintf("is not JSON: %v", err)})
	}
	return known, problems
}

// remove deletes the key that a path leads to.
func remove(value any, path []string) {
	parent, key := at(value, path[:len(path)-1]), path[len(path)-1]
	if object, ok := parent.(map[string]any); ok {
		delete(object, key)
	}
}
