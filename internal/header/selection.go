package header

import (
	"net/http"
	"slices"
	"strings"
)

// all is every header but the sensitive ones.
const all = "*"

// sensitive headers say who asks, or what for in place of the request's method and path.
// They are passed on only where they are named.
var sensitive = []string{
	"Authorization", "Proxy-Authorization", "Cookie", "Cookie2", "Forwarded", "X-Forwarded", "Via",
	"X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip",
	"X-Original-Url", "X-Original-Host", "X-Rewrite-Url", "X-Host", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
}

// IsSensitive says that "*" does not mean this header.
func IsSensitive(name string) bool {
	folded := Folded(name)
	return slices.Contains(sensitive, folded) || strings.HasPrefix(folded, "X-Forwarded-")
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
