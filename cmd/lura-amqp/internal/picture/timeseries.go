package main

import (
	"fmt"
	"math"

	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
)

// scale goes from 0 to a round number.
type scale struct{ high, step float64 }

func newScale(all []series, most *float64) scale {
	high := 0.0
	for _, s := range all {
		for _, p := range s.points {
			if !math.IsNaN(p.value) && !math.IsInf(p.value, 0) {
				high = max(high, p.value)
			}
		}
	}
	if most != nil {
		high = *most
	}
	if high == 0 {
		high = 1
	}
	step := niceStep(high)
	return scale{math.Ceil(high/step-1e-9) * step, step}
}

// niceStep divides 0 to high into up to five steps of 1, 2, 2.5 or 5 times a power of ten.
func niceStep(high float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(high/5)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if high/(m*power) <= 5 {
			return m * power
		}
	}
	return 10 * power
}

// drawSeries draws lines over time.
func (p picture) drawSeries(d *drawing, b box, panel dashboard.Panel) {
	all, field := p.series[panel.ID], panel.FieldConfig.Defaults
	var legend []named
	for i, s := range all {
		legend = append(legend, named{s.name, colour(panel, s.name, i)})
	}
	plot := drawLegend(d, b, legend)
	plot.left, plot.right, plot.bottom = b.left+68, b.right-14, plot.bottom-axisHeight
	scale := newScale(all, field.Max)
	y := func(v float64) float64 { return plot.bottom - v/scale.high*(plot.bottom-plot.top) }
	p.drawTimes(d, plot)
	for v := 0.0; v <= scale.high*1.0001; v += scale.step {
		d.line(plot.left, y(v), plot.right, y(v), grid)
		d.text(plot.left-6, y(v)+4, "end", `font-size="11" fill="`+faint+`"`, written(v, field.Unit))
	}
	for i, s := range all {
		for _, stretch := range stretches(s.points) {
			var steps []string
			for _, point := range stretch {
				steps = append(steps, fmt.Sprintf("%.1f,%.1f", p.x(plot, point.at), y(point.value)))
			}
			d.path(steps, legend[i].colour)
		}
	}
}

// colour is what the dashboard says, or the next one.
func colour(panel dashboard.Panel, name string, i int) string {
	for _, override := range panel.FieldConfig.Overrides {
		if override.Matcher.Options == name {
			return override.Properties[0].Value.FixedColor
		}
	}
	return palette[i%len(palette)]
}

// stretches are the points without gaps between them: Prometheus leaves out what has no
// value, and a share of nothing is NaN.
func stretches(points []point) (found [][]point) {
	last := math.Inf(-1)
	for _, p := range points {
		if math.IsNaN(p.value) || math.IsInf(p.value, 0) {
			continue
		}
		if p.at > last+1.5 {
			found = append(found, nil)
		}
		found[len(found)-1] = append(found[len(found)-1], p)
		last = p.at
	}
	return found
}

// written is a value in Grafana's unit.
func written(v float64, unit string) string {
	switch {
	case unit == "s" && v > 0 && v < 1:
		return fmt.Sprintf("%.4g ms", v*1000)
	case unit == "percentunit":
		return fmt.Sprintf("%.4g%%", v*100)
	}
	return fmt.Sprintf("%.4g", v) + map[string]string{"s": " s", "mps": " msg/s", "cps": " c/s"}[unit]
}
