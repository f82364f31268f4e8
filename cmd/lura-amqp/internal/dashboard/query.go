package dashboard

import (
	"regexp"
	"slices"
	"strings"
)

// Selector is what a query reads: a metric, and matchers of its labels.
type Selector struct {
	Metric   string
	Matchers []Matcher
}

// Matcher is label = "value", or another operator in the place of =.
type Matcher struct{ Label, Operator, Value string }

var (
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring)\s*\(([^)]*)\)`)
	word     = regexp.MustCompile(`[a-zA-Z_]\w*(\s*\()?`)
	interval = regexp.MustCompile(`\[[^\]]*\]`)
	label    = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
)

// Selectors are those of a query in PromQL. A metric has to have braces, even empty ones:
// Bare tells which have none.
func Selectors(query string) (selectors []Selector) {
	for _, match := range selector.FindAllStringSubmatch(query, -1) {
		s := Selector{Metric: match[1]}
		for _, m := range matcher.FindAllStringSubmatch(match[2], -1) {
			s.Matchers = append(s.Matchers, Matcher{m[1], m[2], m[3]})
		}
		selectors = append(selectors, s)
	}
	return selectors
}

// Grouped are the labels that a query names in by, without, on and ignoring.
func Grouped(query string) (labels []string) {
	for _, match := range grouping.FindAllStringSubmatch(query, -1) {
		for name := range strings.SplitSeq(match[1], ",") {
			labels = append(labels, strings.TrimSpace(name))
		}
	}
	return labels
}

// Bare are the words of a query that are neither in a selector nor PromQL's.
func Bare(query string) []string {
	for _, known := range []*regexp.Regexp{selector, grouping, interval} {
		query = known.ReplaceAllString(query, " ")
	}
	return slices.DeleteFunc(word.FindAllString(query, -1), func(w string) bool {
		return strings.HasSuffix(w, "(") || slices.Contains([]string{"sum", "max", "min", "or", "and", "unless"}, w)
	})
}

// Labels are those that the legend shows.
func (t Target) Labels() (labels []string) {
	for _, match := range label.FindAllStringSubmatch(t.LegendFormat, -1) {
		labels = append(labels, match[1])
	}
	return labels
}

// Legend is the name of a series with these labels.
func (t Target) Legend(labels map[string]string) string {
	return label.ReplaceAllStringFunc(t.LegendFormat, func(braced string) string {
		return labels[label.FindStringSubmatch(braced)[1]]
	})
}
