package schema

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Problem is something about a block that its author should know.
type Problem struct {
	// Path leads to the value: keys, and indexes of lists, from the block or from
	// the backend or agent that it belongs to. Empty is the block itself.
	Path []string
	// Message says what is wrong.
	Message string
	// Fix says what to change. It may be empty.
	Fix string
	// Warning: the block works all the same, though not as its author may think.
	Warning bool
	// Unknown: the block has no such key. It is a Warning too.
	Unknown bool
}

// Wrong is a problem that keeps a block from working; path is as in [Problem], its
// elements separated by dots.
func Wrong(path, message, fix string) Problem {
	return Problem{Path: strings.Split(path, "."), Message: message, Fix: fix}
}

// Notice is a problem that does not.
func Notice(path, message, fix string) Problem {
	p := Wrong(path, message, fix)
	p.Warning = true
	return p
}

// String is the path as JSONPath has it, the message and the fix:
// extra_config["backend/amqp/producer"].durable: must be a boolean, not a string; for example "durable": true
func (p Problem) String() string {
	path := jsonPath(p.Path)
	if path != "" {
		path += ": "
	}
	if p.Fix == "" {
		return path + p.Message
	}
	return path + p.Message + "; " + p.Fix
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func jsonPath(path []string) string {
	var b strings.Builder
	for _, part := range path {
		_, notIndex := strconv.Atoi(part)
		switch {
		case notIndex == nil:
			b.WriteString("[" + part + "]")
		case !identifier.MatchString(part):
			b.WriteString("[" + strconv.Quote(part) + "]")
		case b.Len() > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

// Problems is what a block's author should know, in no particular order.
type Problems []Problem

// Err is all that keeps the block from working, in one line; nil if it works.
func (p Problems) Err() error {
	var lines []string
	for _, problem := range p {
		if !problem.Warning {
			lines = append(lines, problem.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "; and "))
}

// Warnings is the rest of it.
func (p Problems) Warnings() (warnings Problems) {
	for _, problem := range p {
		if problem.Warning {
			warnings = append(warnings, problem)
		}
	}
	return warnings
}

// Under returns the problems with their paths below another one.
func (p Problems) Under(path ...string) Problems {
	below := slices.Clone(p)
	for i := range below {
		below[i].Path = slices.Concat(path, below[i].Path)
	}
	return below
}
