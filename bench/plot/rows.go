package plot

// Row is a name with the values of several rounds, 1 being what is looked at.
type Row struct {
	Name   string
	Values []float64
	Median float64
}

const (
	rowWidth, rowHeight = 900, 26
	rowLeft             = 370
)

// Rows draws a row of dots for each name on a logarithmic axis, with a line at 1.
func Rows(title, label string, rows []Row) []byte {
	values := []float64{0.5, 2}
	for _, r := range rows {
		values = append(values, r.Values...)
	}
	bottom := float64(top + rowHeight*len(rows))
	x := newScale(Axis{Log: true}, values, rowLeft, rowWidth-right)
	d := newDrawing(rowWidth, bottom+foot, title)
	for _, tick := range x.ticks() {
		d.line(x.at(tick), top-8, x.at(tick), bottom, grid)
		d.text(x.at(tick), bottom+18, "middle", number(tick))
	}
	d.line(x.at(1), top-8, x.at(1), bottom, ink)
	for i, r := range rows {
		y := float64(top + rowHeight*i + rowHeight/2)
		shade := colour(0)
		if r.Median < 1 {
			shade = colour(1)
		}
		d.text(rowLeft-12, y+4, "end", r.Name)
		for _, v := range r.Values {
			d.dot(x.at(v), y, shade)
		}
		d.line(x.at(r.Median), y-9, x.at(r.Median), y+9, shade)
	}
	d.text((rowLeft+rowWidth-right)/2, bottom+foot-14, "middle", label)
	return d.end()
}
