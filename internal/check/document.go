package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/bdf0fecc/lura-amqp/internal/extra"
)

// document is a krakend.json as it stands in its file.
type document map[string]any

// read returns the document, or what keeps it from being one.
func read(file string) (document, *Finding) {
	wrong := func(message, fix string) (document, *Finding) {
		return nil, &Finding{File: file, Severity: Error, Message: message, Fix: fix}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return wrong(fmt.Sprintf("cannot be read: %v", errors.Unwrap(err)), "check the path")
	}
	var d document
	err = json.Unmarshal(text, &d)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		before := text[:min(int(syntax.Offset), len(text))]
		line, column := 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n')-1
		return wrong(fmt.Sprintf("is not JSON: line %d, column %d: %v", line, column, err), "correct it there, or just before")
	case err != nil:
		return wrong("is not a JSON object", "begin with { and end with }")
	}
	return d, nil
}

// owner is a backend or an agent in a document.
type owner struct {
	at     pointer
	object map[string]any
}

// endpointBackends are the backends of the i-th endpoint, agents the async agents,
// and backendsOf their backends. What is not in the form that Lura wants is left out;
// its parser complains.
func (d document) endpointBackends(i int) []owner {
	endpoints := owners(d, pointer{}, "endpoints")
	if i >= len(endpoints) {
		return nil
	}
	return backendsOf(endpoints[i])
}

func (d document) agents() []owner { return owners(d, pointer{}, "async_agent") }

func backendsOf(o owner) []owner { return owners(o.object, o.at, "backend") }

func (d document) allBackends() (all []owner) {
	for i := range owners(d, pointer{}, "endpoints") {
		all = append(all, d.endpointBackends(i)...)
	}
	for _, agent := range d.agents() {
		all = append(all, backendsOf(agent)...)
	}
	return all
}

func owners(object map[string]any, at pointer, key string) (all []owner) {
	list, _ := object[key].([]any)
	for i, item := range list {
		value, _ := item.(map[string]any) // nil keeps the index
		all = append(all, owner{at.to(key, strconv.Itoa(i)), value})
	}
	return all
}

// place of a problem in an owner. The path names a block by its short name, and the
// file may have the long one.
func (o owner) place(path []string) pointer {
	extraConfig, _ := o.object["extra_config"].(map[string]any)
	if len(path) < 2 || path[0] != "extra_config" {
		return o.at.to(path...)
	}
	for _, n := range []extra.Namespace{extra.Producer, extra.Consumer, extra.Agent} {
		if _, found := extraConfig[n.Long]; found && path[1] == n.Short {
			return o.at.to("extra_config", n.Long).to(path[2:]...)
		}
	}
	return o.at.to(path...)
}
