package plot

import (
	"math"
	"strconv"
)

// Axis is one direction of a chart.
type Axis struct {
	Label string
	Log   bool
}

// scale puts values between two ends on a line of pixels.
type scale struct {
	log        bool
	low, high  float64
	from, upTo float64
}

// newScale covers the values: a logarithmic one from the first to the last of them, a
// linear one from 0 to a round number.
func newScale(axis Axis, values []float64, from, upTo float64) scale {
	s := scale{log: axis.Log, low: math.Inf(1), high: math.Inf(-1), from: from, upTo: upTo}
	for _, v := range values {
		s.low, s.high = min(s.low, v), max(s.high, v)
	}
	if axis.Log {
		if s.low == s.high {
			s.high = s.low * 10
		}
		return s
	}
	step := niceStep(s.high)
	s.low, s.high = 0, math.Ceil(s.high/step)*step
	return s
}

func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return s.from + (v-low)/(high-low)*(s.upTo-s.from)
}

// ticks are where the grid's lines are.
func (s scale) ticks() (ticks []float64) {
	if !s.log {
		for v, step := 0.0, niceStep(s.high); v <= s.high*1.0001; v += step {
			ticks = append(ticks, v)
		}
		return ticks
	}
	for decade := math.Pow(10, math.Floor(math.Log10(s.low))); decade <= s.high; decade *= 10 {
		for _, m := range s.marks() {
			if v := decade * m; v >= s.low*0.999 && v <= s.high*1.001 {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

// marks are the lines within a decade: fewer where there are many decades.
func (s scale) marks() []float64 {
	switch decades := math.Log10(s.high / s.low); {
	case decades > 4:
		return []float64{1}
	case decades > 1.5:
		return []float64{1, 3}
	}
	return []float64{1, 1.5, 2, 3, 5, 7}
}

// niceStep divides 0 to high into four to eight steps of 1, 2 or 5 times a power of ten.
func niceStep(high float64) float64 {
	if high <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(high/4)))
	for _, m := range []float64{1, 2, 5} {
		if high/(m*power) <= 8 {
			return m * power
		}
	}
	return 10 * power
}

// number is how a tick is written: 20k, 1.5M.
func number(v float64) string {
	unit := ""
	switch {
	case v >= 1e6:
		v, unit = v/1e6, "M"
	case v >= 1e4:
		v, unit = v/1e3, "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + unit
}
