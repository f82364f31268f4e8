// Package plot draws the few kinds of plots that the documents have, as SVG.
package plot

// Point is a measured value.
type Point struct{ X, Y float64 }

// Series is a line through points.
type Series struct {
	Name   string
	Points []Point
}

// Chart is one or more series over the same axes.
type Chart struct {
	Title  string
	X, Y   Axis
	Series []Series
}

const (
	chartWidth, chartHeight = 720, 420
	left, right, top, foot  = 70, 24, 64, 56
)

// SVG draws the chart.
func (c Chart) SVG() []byte {
	var xs, ys []float64
	for _, s := range c.Series {
		for _, p := range s.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	x := newScale(c.X, xs, left, chartWidth-right)
	y := newScale(c.Y, ys, chartHeight-foot, top)
	d := newDrawing(chartWidth, chartHeight, c.Title)
	for _, tick := range x.ticks() {
		d.line(x.at(tick), top, x.at(tick), chartHeight-foot, grid)
		d.text(x.at(tick), chartHeight-foot+18, "middle", number(tick))
	}
	for _, tick := range y.ticks() {
		d.line(left, y.at(tick), chartWidth-right, y.at(tick), grid)
		d.text(left-8, y.at(tick)+4, "end", number(tick))
	}
	d.text((left+chartWidth-right)/2, chartHeight-14, "middle", c.X.Label)
	d.upright(16, (top+chartHeight-foot)/2, c.Y.Label)
	legend := float64(left)
	for i, s := range c.Series {
		c.draw(d, s, colour(i), x, y)
		d.dot(legend+5, top-16, colour(i))
		d.text(legend+14, top-12, "start", s.Name)
		legend += 36 + 7.4*float64(len(s.Name))
	}
	return d.end()
}

func (c Chart) draw(d *drawing, s Series, colour string, x, y scale) {
	line := make([]Point, len(s.Points))
	for i, p := range s.Points {
		line[i] = Point{x.at(p.X), y.at(p.Y)}
	}
	d.path(line, colour)
	for _, p := range line {
		d.dot(p.X, p.Y, colour)
	}
}
