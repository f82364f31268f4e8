package main

import (
	"math"
	"slices"
)

// spread is what several rounds gave for one thing.
type spread struct{ values []float64 } // in order

func newSpread(values []float64) spread { return spread{slices.Sorted(slices.Values(values))} }

// quantile is linear between two values.
func (s spread) quantile(q float64) float64 {
	at := q * float64(len(s.values)-1)
	low := int(at)
	high := min(low+1, len(s.values)-1)
	return s.values[low] + (at-float64(low))*(s.values[high]-s.values[low])
}

func (s spread) median() float64 { return s.quantile(0.5) }

// noise is half of the distance between the quartiles: half of the rounds are closer
// to each other than twice that.
func (s spread) noise() float64 { return math.Abs(s.quantile(0.75)-s.quantile(0.25)) / 2 }
