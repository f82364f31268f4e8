package main

import (
	"errors"
	"testing"
)

func TestGoal_IsMissedByMoreThanTheNoise(t *testing.T) {
	for _, tc := range []struct {
		goal         goal
		value, noise float64
		want         verdict
	}{
		{atLeast(1.5), 1.5, 0, met},
		{atLeast(1.5), 1.45, 0.1, withinNoise},
		{atLeast(1.5), 1.3, 0.1, missed},
		{atMost(4), 2, 0, met},
		{atMost(1.1), 1.2, 0.2, withinNoise},
		{atMost(1.1), 1.2, 0.05, missed},
	} {
		if got := tc.goal.verdict(tc.value, tc.noise); got != tc.want {
			t.Errorf("%s, %g, noise %g: %s, want %s", tc.goal, tc.value, tc.noise, got, tc.want)
		}
	}
}

func TestSpread_NoiseIsHalfOfTheQuartilesDistance(t *testing.T) {
	s := newSpread([]float64{5, 1, 3, 2, 4})
	if s.median() != 3 || s.noise() != 1 {
		t.Errorf("median %g, noise %g", s.median(), s.noise())
	}
	if one := newSpread([]float64{7}); one.median() != 7 || one.noise() != 0 {
		t.Errorf("%+v", one)
	}
}

func TestCheck_NamesWhatMisses(t *testing.T) {
	reached := outcome{figure: figure{name: "reached", goal: atLeast(1)}, spread: newSpread([]float64{1.2})}
	short := outcome{figure: figure{name: "short", goal: atLeast(1)}, spread: newSpread([]float64{0.8})}
	if err := check([]outcome{reached}, 1); err != nil {
		t.Error(err)
	}
	if err := check([]outcome{reached, short}, 2); !errors.Is(err, errMissed) {
		t.Errorf("%v", err)
	}
	if err := check([]outcome{reached}, 2); !errors.Is(err, errIncomplete) {
		t.Errorf("one of two figures: %v", err)
	}
	short.goal.reached = 0.75
	if err := check([]outcome{reached, short}, 2); err != nil || short.verdict() != missed {
		t.Errorf("what is known to be out of reach: %v, %s", err, short.verdict())
	}
}
