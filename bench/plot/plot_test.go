package plot

import (
	"encoding/xml"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSVG_IsWellFormed(t *testing.T) {
	points := []Point{{1, 10}, {10, 2000}, {1000, 150}}
	for name, svg := range map[string][]byte{
		"linear": Chart{Title: "a < b & c", Series: []Series{{"one", points}, {"two", points[:2]}}}.SVG(),
		"log":    Chart{X: Axis{"x", true}, Y: Axis{"y", true}, Series: []Series{{"one", points}}}.SVG(),
		"point":  Chart{X: Axis{"x", true}, Series: []Series{{"one", points[:1]}}}.SVG(),
		"rows":   Rows("title", "label", []Row{{"row", []float64{0.3, 1.2}, 1.1}}),
	} {
		for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, svg)
			}
		}
		if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
			t.Errorf("%s: %s", name, svg)
		}
	}
}

func TestScale_TicksAreRound(t *testing.T) {
	linear := newScale(Axis{}, []float64{3, 17_300}, 0, 100)
	if want := []float64{0, 5000, 10_000, 15_000, 20_000}; !slices.Equal(linear.ticks(), want) {
		t.Errorf("%v, want %v", linear.ticks(), want)
	}
	log := newScale(Axis{Log: true}, []float64{1, 1000}, 0, 300)
	if want := []float64{1, 3, 10, 30, 100, 300, 1000}; !slices.Equal(log.ticks(), want) {
		t.Errorf("%v, want %v", log.ticks(), want)
	}
	if at := log.at(10); math.Abs(at-100) > 0.001 {
		t.Errorf("10 is at %g", at)
	}
}
