package spelling

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	keys := []string{"durable", "delete", "name", "no_wait", "no_local", "routing_key", "prefetch_count", "exp_key"}
	for word, want := range map[string]string{
		"durabel":       "durable",
		"Durable":       "durable",
		"prefetchcount": "prefetch_count",
		"routingkey":    "routing_key",
		"no_wiat":       "no_wait",
		"exclusively":   "",
		"x":             "",
		"":              "",
	} {
		if got := Nearest(word, slices.Values(keys)); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abcd", "abd", 1}, {"kitten", "sitting", 3},
	} {
		if got, back := distance(tc.a, tc.b), distance(tc.b, tc.a); got != tc.want || back != tc.want {
			t.Errorf("%q and %q: %d and %d, want %d", tc.a, tc.b, got, back, tc.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got := DidYouMean("durable"); got != `did you mean "durable"?` {
		t.Error(got)
	}
	if got := DidYouMean(""); got != "" {
		t.Error(got)
	}
}
