package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
)

// drawTimeline draws a bar for each series, coloured by the state that its value means.
func (p picture) drawTimeline(d *drawing, b box, panel dashboard.Panel) {
	states := panel.FieldConfig.Defaults.Mappings[0].Options
	all := p.series[panel.ID]
	var legend []named
	for _, value := range slices.Sorted(maps.Keys(states)) {
		legend = append(legend, named{states[value].Text, states[value].Color})
	}
	plot := drawLegend(d, b, legend)
	plot.left, plot.right, plot.bottom = b.left+10, b.right-14, plot.bottom-axisHeight
	p.drawTimes(d, plot)
	height := (plot.bottom - plot.top) / float64(len(all))
	for i, s := range all {
		y := plot.top + float64(i)*height
		d.text(plot.left+2, y+13, "start", `font-size="11"`, s.name)
		for _, stay := range stays(s.points) {
			state := states[fmt.Sprint(stay.value)]
			from, to := p.x(plot, stay.from), p.x(plot, stay.to)
			d.rect(from, y+19, to-from, height-25, state.Color)
			if textWidth(state.Text) < to-from {
				d.text((from+to)/2, y+height/2+11, "middle", `font-size="11" fill="white"`, state.Text)
			}
		}
	}
}

// stay is a time with one value.
type stay struct{ value, from, to float64 }

func stays(points []point) (found []stay) {
	for i, p := range points {
		if i == 0 || p.value != points[i-1].value {
			found = append(found, stay{p.value, p.at, p.at})
		}
		found[len(found)-1].to = p.at + 1
	}
	return found
}
