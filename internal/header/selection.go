package header

import (
	"net/http"
	"slices"
	"strings"
)

// all is every header but the sensitive ones.
const all = "*"

// sensitive headers say who asks. They are passed on only where they are named.
var sensitive = []string{"Authorization", "Cookie", "Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip"}

// IsSensitive says that "*" does not mean this header.
func IsSensitive(name string) bool {
	return slices.Contains(sensitive, name) || strings.HasPrefix(name, "X-Forwarded-")
}

// Selection is the headers that lists of names select. The zero value selects none.
type Selection struct {
	all             bool
	named, excluded map[string]bool
}

// Select makes a selection of names, among them "*", and of those that are left out of it.
func Select(include, exclude []string) Selection {
	s := Selection{all: slices.Contains(include, all), named: map[string]bool{}, excluded: map[string]bool{}}
	for _, name := range include {
		s.named[http.CanonicalHeaderKey(name)] = true
	}
	for _, name := range exclude {
		s.excluded[http.CanonicalHeaderKey(name)] = true
	}
	return s
}

// Has says whether a header, by its canonical name, is selected.
func (s Selection) Has(name string) bool {
	return !s.excluded[name] && (s.named[name] || s.all && !IsSensitive(name))
}
