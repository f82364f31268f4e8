package extra

import (
	"reflect"
	"slices"
	"strings"
)

// fields are the JSON keys of a struct, those of embedded structs included, and
// the names of those embedded structs.
type fields struct{ keys, embedded map[string]bool }

func fieldsOf(into any) fields {
	f := fields{map[string]bool{}, map[string]bool{}}
	f.collect(reflect.TypeOf(into).Elem())
	return f
}

func (f fields) collect(t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
			f.embedded[field.Name] = true
			f.collect(field.Type)
		case name != "" && name != "-":
			f.keys[name] = true
		}
	}
}

// key takes the embedded structs out of encoding/json's path to a field.
func (f fields) key(path string) string {
	parts := strings.Split(path, ".")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return f.embedded[part] }), ".")
}

// goType names a Go type in JSON's words.
func goType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "a boolean"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Pointer:
		return goType(t.Elem())
	default:
		return "an object"
	}
}

// aJSON puts an article before encoding/json's description of a value, such as
// "bool", "array" or "number 1.5".
func aJSON(value string) string {
	kind, rest, _ := strings.Cut(value, " ")
	switch kind {
	case "bool":
		return "a boolean"
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	return strings.TrimSpace("a " + kind + " " + rest)
}

func jsonType(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a number"
}
