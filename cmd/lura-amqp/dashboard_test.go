package main

import (
	"regexp"
	"slices"
	"testing"

	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
)

const dashboardFile = "../../docs/grafana/lura-amqp.json"

// Every query of the dashboard names metrics, labels and values that Prometheus is given.
func TestDashboard_ReadsWhatThereIs(t *testing.T) {
	d, err := dashboard.Load(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t)
	r.work()
	s := r.scrape()
	queries := 0
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			queries++
			s.wantSelectors(v.Name, v.Definition)
		}
	}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			queries++
			s.wantSelectors(panel.Title, target.Expr)
			s.wantLabels(panel.Title, target)
			if bare := dashboard.Bare(target.Expr); len(bare) > 0 {
				t.Errorf("%s: %q have no braces, so nobody looks whether they exist", panel.Title, bare)
			}
		}
	}
	if queries < 20 {
		t.Errorf("only %d queries", queries)
	}
}

// byPrometheus are the labels that it adds to each scrape.
var byPrometheus = []string{"instance", "job"}

func (s scraped) wantSelectors(where, query string) {
	s.t.Helper()
	for _, one := range dashboard.Selectors(query) {
		if !slices.Contains(s.names(), one.Metric) {
			s.t.Errorf("%s: there is no metric %s, only %q", where, one.Metric, s.names())
		}
		for _, m := range one.Matchers {
			s.wantLabel(where, one.Metric, m.Label)
			if m.Operator == "=" && !slices.ContainsFunc(s.samples, func(x sample) bool { return x.name == one.Metric && x.labels[m.Label] == m.Value }) {
				s.t.Errorf("%s: no %s has %s=%q", where, one.Metric, m.Label, m.Value)
			}
		}
	}
}

func (s scraped) wantLabel(where, metric, label string) {
	s.t.Helper()
	if slices.Contains(byPrometheus, label) {
		return
	}
	if !slices.ContainsFunc(s.samples, func(x sample) bool { return x.name == metric && x.labels[label] != "" }) {
		s.t.Errorf("%s: %s has no label %s", where, metric, label)
	}
}

// wantLabels checks what a query groups by, and that the legend shows nothing else.
func (s scraped) wantLabels(where string, target dashboard.Target) {
	s.t.Helper()
	grouped := dashboard.Grouped(target.Expr)
	for _, label := range grouped {
		for _, one := range dashboard.Selectors(target.Expr) {
			s.wantLabel(where, one.Metric, label)
		}
	}
	for _, label := range target.Labels() {
		if !slices.Contains(grouped, label) {
			s.t.Errorf("%s: the query drops the legend's %s", where, label)
		}
	}
}

var variable = regexp.MustCompile(`\$(\w+)`)

// Every panel explains itself, has a unit and a place of its own, and uses variables that
// exist.
func TestDashboard_IsOneThatGrafana11Shows(t *testing.T) {
	d, err := dashboard.Load(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	if d.Title == "" || d.SchemaVersion != 39 {
		t.Errorf("%q has schema version %d", d.Title, d.SchemaVersion)
	}
	variables := []string{"__rate_interval"}
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	for i, panel := range d.Panels {
		if panel.Title == "" || len(panel.Description) < 40 || panel.FieldConfig.Defaults.Unit == "" || len(panel.Targets) == 0 {
			t.Errorf("panel %d, %q, lacks a description, unit or query", panel.ID, panel.Title)
		}
		for _, other := range d.Panels[:i] {
			if panel.ID == other.ID || panel.GridPos.Overlaps(other.GridPos) {
				t.Errorf("%q and %q are in one place", panel.Title, other.Title)
			}
		}
		for _, target := range panel.Targets {
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("%s: the data source is %q, not the one that is chosen", panel.Title, target.Datasource.UID)
			}
			for _, match := range variable.FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(variables, match[1]) {
					t.Errorf("%s: there is no variable %s", panel.Title, match[1])
				}
			}
		}
	}
}
