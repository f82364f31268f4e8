package main

import (
	"bufio"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// sample is a line of a scrape.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)\{(.*)\} (\S+)$`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// scrape is what Prometheus sees.
func (r *running) scrape() scraped {
	r.t.Helper()
	response, err := r.client.Get("http://" + r.metrics + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	return parsed(r.t, response)
}

func parsed(t *testing.T, response *http.Response) scraped {
	t.Helper()
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	var all []sample
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		match := sampleLine.FindStringSubmatch(lines.Text())
		if match == nil {
			continue // a comment
		}
		s := sample{name: match[1], labels: map[string]string{}}
		for _, pair := range labelPair.FindAllStringSubmatch(match[2], -1) {
			s.labels[pair[1]] = pair[2]
		}
		var err error
		if s.value, err = strconv.ParseFloat(match[3], 64); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return scraped{t, all}
}

type scraped struct {
	t       *testing.T
	samples []sample
}

// noLabel is the value of a label that a sample must not have.
const noLabel = ""

// want checks the one sample of that name with those labels: "name", "value", ….
func (s scraped) want(value float64, name string, labels ...string) {
	s.t.Helper()
	found := slices.DeleteFunc(slices.Clone(s.samples), func(one sample) bool {
		for pair := range slices.Chunk(labels, 2) {
			if one.labels[pair[0]] != pair[1] {
				return true
			}
		}
		return one.name != name
	})
	if len(found) != 1 || found[0].value != value {
		s.t.Errorf("%s%q is %v, want %v", name, labels, found, value)
	}
}

// names are the metrics.
func (s scraped) names() []string {
	names := map[string]struct{}{}
	for _, one := range s.samples {
		names[one.name] = struct{}{}
	}
	return slices.Sorted(maps.Keys(names))
}
