package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every figure of every contender, for a moment. The numbers mean nothing.
func TestTrials_GiveEveryFigure(t *testing.T) {
	l := newTestLab(t)
	r, err := l.runRound(t.Context(), 0, selection{trials: regexp.MustCompile("")})
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]outcome{}
	for _, o := range outcomes([]round{r}) {
		given[o.name] = o
		if o.median() < 0 || o.metric.of(r[o.trial][ours]) == 0 && o.goal != idleGoroutinesGoal {
			t.Errorf("%s: %+v", o.name, o.values)
		}
	}
	for _, f := range figures() {
		if _, found := given[f.name]; !found && find(peer) != nil {
			t.Errorf("%s: no figure", f.name)
		}
	}
	if text := table(outcomes([]round{r}), []round{r}, time.Second); !strings.Contains(text, "| HTTP, 64 clients, confirmed | ") {
		t.Error(text)
	}
}

func TestSelection_LeavesFiguresOut(t *testing.T) {
	l := newTestLab(t)
	r, err := l.runRound(t.Context(), 1, selection{regexp.MustCompile("^confirmed-32$"), []string{ours}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r) != 1 || len(r[confirmed32]) != 1 || r[confirmed32][ours].rate == 0 {
		t.Errorf("%+v", r)
	}
	if all := outcomes([]round{r}); len(all) > 0 {
		t.Errorf("%+v", all)
	}
}
