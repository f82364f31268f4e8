package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// The colours are told apart by people who see fewer of them, on the white that the
// drawing brings along for dark pages.
const (
	ink  = "#333333"
	grid = "#dddddd"
)

func colour(i int) string {
	colours := []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7"}
	return colours[i%len(colours)]
}

// drawing is an SVG document under way.
type drawing struct{ bytes.Buffer }

func newDrawing(width, height float64, title string) *drawing {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%[1]g" height="%[2]g" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13" fill="%[3]s">`+"\n", width, height, ink)
	fmt.Fprintf(d, `<rect width="%.0f" height="%.0f" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(d, `<text x="16" y="26" font-size="16" font-weight="600">%s</text>`+"\n", escape(title))
	return d
}

func (d *drawing) end() []byte {
	d.WriteString("</svg>\n")
	return d.Bytes()
}

func (d *drawing) line(x1, y1, x2, y2 float64, colour string) {
	width := 1
	if colour != grid {
		width = 2
	}
	fmt.Fprintf(d, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%d"/>`+"\n", x1, y1, x2, y2, colour, width)
}

func (d *drawing) path(points []Point, colour string) {
	var steps []string
	for _, p := range points {
		steps = append(steps, fmt.Sprintf("%.1f,%.1f", p.X, p.Y))
	}
	fmt.Fprintf(d, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(steps, " "), colour)
}

func (d *drawing) dot(x, y float64, colour string) {
	fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s" fill-opacity="0.8"/>`+"\n", x, y, colour)
}

func (d *drawing) text(x, y float64, anchor, text string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, escape(text))
}

func (d *drawing) upright(x, y float64, text string) {
	fmt.Fprintf(d, `<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", x, y, escape(text))
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
