package main

import (
	"fmt"
	"time"

	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
)

// Sizes in pixels; Grafana's grid has 24 columns.
const (
	columnWidth, rowHeight = 60, 34
	gap                    = 8
	header                 = 58
	titleHeight            = 38
	axisHeight             = 20
	legendHeight           = 18
)

// picture is a dashboard with the answers to its queries, by panel.
type picture struct {
	dashboard dashboard.Dashboard
	series    map[int][]series
	from, to  time.Time
}

func (p picture) svg() []byte {
	bottom := 0
	for _, panel := range p.dashboard.Panels {
		bottom = max(bottom, panel.GridPos.Y+panel.GridPos.H)
	}
	d := newDrawing(24*columnWidth+gap, header+float64(bottom*rowHeight)+gap)
	d.text(gap+4, 26, "start", `font-size="18" font-weight="600"`, p.dashboard.Title)
	d.text(gap+4, 46, "start", `fill="`+faint+`"`,
		"Drawn from the dashboard's queries, not by Grafana. The broker is killed and comes back after 10 s, runs short of memory for 6 s, and is killed again and comes back at once.")
	for _, panel := range p.dashboard.Panels {
		p.draw(d, panel)
	}
	return d.end()
}

// box is a part of the drawing.
type box struct{ left, top, right, bottom float64 }

func (p picture) draw(d *drawing, panel dashboard.Panel) {
	at := panel.GridPos
	b := box{
		left: float64(at.X*columnWidth) + gap, top: float64(at.Y*rowHeight) + header + gap,
		right: float64((at.X + at.W) * columnWidth), bottom: float64((at.Y+at.H)*rowHeight) + header,
	}
	d.rect(b.left, b.top, b.right-b.left, b.bottom-b.top, "white")
	d.text(b.left+10, b.top+20, "start", `font-weight="600"`, panel.Title)
	b.top += titleHeight
	if panel.Type == "state-timeline" {
		p.drawTimeline(d, b, panel)
		return
	}
	p.drawSeries(d, b, panel)
}

// x is where a moment is.
func (p picture) x(b box, at float64) float64 {
	from, to := float64(p.from.Unix()), float64(p.to.Unix())
	return b.left + (at-from)/(to-from)*(b.right-b.left)
}

// drawTimes writes the seconds since the start below a box.
func (p picture) drawTimes(d *drawing, b box) {
	step := 15
	if b.right-b.left < 350 {
		step = 30
	}
	for s := 0; s <= int(p.to.Sub(p.from).Seconds()); s += step {
		x := p.x(b, float64(p.from.Unix()+int64(s)))
		d.line(x, b.top, x, b.bottom, grid)
		d.text(x, b.bottom+15, "middle", `font-size="11" fill="`+faint+`"`, fmt.Sprintf("%d:%02d", s/60, s%60))
	}
}

// named is a line of a legend.
type named struct{ name, colour string }

// drawLegend writes names into the foot of a box, in as many rows as they take, and
// returns the box above it.
func drawLegend(d *drawing, b box, names []named) box {
	var rows [][]named
	room := 0.0
	for _, n := range names {
		if width := textWidth(n.name) + 30; room < width {
			rows, room = append(rows, nil), b.right-b.left-10
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], n)
		room -= textWidth(n.name) + 30
	}
	b.bottom -= float64(len(rows)*legendHeight) + 4
	for i, row := range rows {
		x, y := b.left+10, b.bottom+float64(i*legendHeight)+14
		for _, n := range row {
			d.rect(x, y-5, 12, 3, n.colour)
			d.text(x+17, y, "start", `font-size="11"`, n.name)
			x += textWidth(n.name) + 30
		}
	}
	return b
}
