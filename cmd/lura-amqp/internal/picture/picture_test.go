package main

import (
	"math"
	"reflect"
	"testing"
)

func TestStretches_EndWhereThereIsNoValue(t *testing.T) {
	points := []point{{1, 5}, {2, 6}, {3, math.NaN()}, {4, 7}, {6, 8}}
	want := [][]point{{{1, 5}, {2, 6}}, {{4, 7}}, {{6, 8}}}
	if got := stretches(points); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestStays_JoinWhatIsTheSame(t *testing.T) {
	want := []stay{{2, 1, 3}, {4, 3, 4}}
	if got := stays([]point{{1, 2}, {2, 2}, {3, 4}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestScale_IsRound(t *testing.T) {
	for high, want := range map[float64]scale{0: {1, 0.2}, 0.0789: {0.08, 0.02}, 8: {8, 2}, 196: {200, 50}} {
		got := newScale([]series{{points: []point{{0, high}, {1, math.NaN()}}}}, nil)
		if math.Abs(got.high-want.high) > 1e-9 || math.Abs(got.step-want.step) > 1e-9 {
			t.Errorf("up to %v: %v, want %v", high, got, want)
		}
	}
}
