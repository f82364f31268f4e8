package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

const (
	ink   = "#24292e"
	faint = "#6e7781"
	grid  = "#e4e7eb"
	page  = "#f4f5f5"
)

// palette is told apart by people who see fewer colours.
var palette = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5b3f8c"}

// drawing is an SVG document under way.
type drawing struct{ bytes.Buffer }

func newDrawing(width, height float64) *drawing {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%[1]g" height="%[2]g" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" fill="%[3]s">`+"\n", width, height, ink)
	d.rect(0, 0, width, height, page)
	return d
}

func (d *drawing) end() []byte {
	d.WriteString("</svg>\n")
	return d.Bytes()
}

func (d *drawing) rect(x, y, width, height float64, fill string) {
	fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" fill="%s"/>`+"\n", x, y, width, height, fill)
}

func (d *drawing) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(d, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func (d *drawing) path(steps []string, colour string) {
	if len(steps) == 1 {
		steps = append(steps, steps[0]) // a lone point is seen as a dot
	}
	fmt.Fprintf(d, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>`+"\n", strings.Join(steps, " "), colour)
}

func (d *drawing) text(x, y float64, anchor, style, text string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>`, x, y, anchor, style)
	_ = xml.EscapeText(d, []byte(text)) // a buffer takes everything
	d.WriteString("</text>\n")
}

// textWidth is about what a text at 12 pixels takes.
func textWidth(text string) float64 { return 6.4 * float64(len([]rune(text))) }
