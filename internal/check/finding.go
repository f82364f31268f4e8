package check

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// Severity of a finding.
type Severity string

// An error keeps a backend or agent from working, or is a key that nobody reads. A
// warning works, though not as its author may think.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing to change.
type Finding struct {
	File     string   `json:"file"`
	Pointer  string   `json:"pointer"` // RFC 6901; empty is the whole file
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Fix      string   `json:"fix,omitempty"`
}

// String is the finding in one line.
func (f Finding) String() string {
	place := f.File
	if f.Pointer != "" {
		place += "#" + f.Pointer
	}
	line := fmt.Sprintf("%s: %s: %s", place, f.Severity, f.Message)
	if f.Fix != "" {
		line += "; " + f.Fix
	}
	return line
}

// Findings are sorted by their pointers.
type Findings []Finding

// Count says how many findings have a severity.
func (f Findings) Count(s Severity) (n int) {
	for _, finding := range f {
		if finding.Severity == s {
			n++
		}
	}
	return n
}

// of makes a finding of a problem, whose path begins at a place in the file.
func of(file string, place pointer, p schema.Problem) Finding {
	severity := Error
	if p.Warning && !p.Unknown {
		severity = Warning
	}
	return Finding{file, place.to(p.Path...).String(), severity, p.Message, p.Fix}
}

func (f Findings) sorted() Findings {
	slices.SortFunc(f, func(a, b Finding) int {
		return cmp.Or(comparePointers(a.Pointer, b.Pointer), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(f)
}

// comparePointers has the tenth item of a list after the second.
func comparePointers(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(a, b string) int {
		i, errA := strconv.Atoi(a)
		j, errB := strconv.Atoi(b)
		if errA == nil && errB == nil {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(a, b)
	})
}

// pointer leads to a value in a document.
type pointer []string

func (p pointer) to(keys ...string) pointer { return slices.Concat(p, pointer(keys)) }

func (p pointer) String() string {
	var b strings.Builder
	for _, key := range p {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
	}
	return b.String()
}
