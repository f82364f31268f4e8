package dashboard

import (
	"reflect"
	"testing"
)

func TestSelectors_SayWhatAQueryReads(t *testing.T) {
	query := `histogram_quantile(0.5, sum by (le, x) (rate(a_bucket{l="v", m=~"$n"}[$__rate_interval]))) or 2 * b{}`
	want := []Selector{{"a_bucket", []Matcher{{"l", "=", "v"}, {"m", "=~", "$n"}}}, {Metric: "b"}}
	if got := Selectors(query); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := Grouped(query); !reflect.DeepEqual(got, []string{"le", "x"}) {
		t.Errorf("%q", got)
	}
	if got := Bare(query); len(got) > 0 {
		t.Errorf("%q", got)
	}
	if got := Bare("sum(rate(c[5m])) / d"); !reflect.DeepEqual(got, []string{"c", "d"}) {
		t.Errorf("%q", got)
	}
}

func TestLegend_HasTheLabels(t *testing.T) {
	target := Target{LegendFormat: "{{a}} and {{ b }}"}
	if got := target.Legend(map[string]string{"a": "1"}); got != "1 and " {
		t.Errorf("%q", got)
	}
	if got := target.Labels(); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
}
