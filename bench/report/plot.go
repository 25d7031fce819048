package report

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
)

// series is a line in a plot.
type series struct {
	name   string
	points [][2]float64 // x, y; by x
}

// plot is a chart of lines: SVG, written by hand, as it is little enough. Both axes are logarithmic: what is compared here
// differs by factors. Points that are not positive cannot be shown and are left out.
type plot struct {
	title, x, y string
	series      []series
}

// The picture, in its own units.
const (
	width, height            = 720.0, 400.0
	left, right, top, bottom = 80.0, 190.0, 40.0, 50.0
)

// colours are told apart by those who confuse red and green too (Okabe and Ito's).
var colours = []string{"#0072b2", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"}

// svg draws the plot; nothing where no point can be shown.
func (p plot) svg() string {
	xs, ys := p.span(0), p.span(1)
	if xs.empty() || ys.empty() {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12">`+"\n",
		width, height)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="white"/>`+"\n", width, height)
	p.text(&b, left, 22, "start", p.title)
	p.text(&b, (left+width-right)/2, height-10, "middle", p.x)
	fmt.Fprintf(&b, `<text transform="translate(16 %g) rotate(-90)" text-anchor="middle">%s</text>`+"\n",
		(top+height-bottom)/2, escaped(p.y))
	toX := func(x float64) float64 { return left + xs.share(x)*(width-left-right) }
	toY := func(y float64) float64 { return height - bottom - ys.share(y)*(height-top-bottom) }
	for _, x := range xs.ticks() {
		line(&b, toX(x), top, toX(x), height-bottom, "#ddd")
		p.text(&b, toX(x), height-bottom+16, "middle", Short(x))
	}
	for _, y := range ys.ticks() {
		line(&b, left, toY(y), width-right, toY(y), "#ddd")
		p.text(&b, left-6, toY(y)+4, "end", Short(y))
	}
	for i, s := range p.series {
		draw(&b, s, colours[i%len(colours)], toX, toY)
		p.text(&b, width-right+28, top+12+18*float64(i), "start", s.name)
		line(&b, width-right+8, top+8+18*float64(i), width-right+22, top+8+18*float64(i), colours[i%len(colours)])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func draw(b *strings.Builder, s series, colour string, toX, toY func(float64) float64) {
	var path []string
	for _, point := range s.points {
		if !shown(point[0]) || !shown(point[1]) {
			continue
		}
		x, y := toX(point[0]), toY(point[1])
		path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", x, y, colour)
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(path, " "), colour)
}

func (p plot) text(b *strings.Builder, x, y float64, anchor, text string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, escaped(text))
}

func line(b *strings.Builder, x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

// scale is a logarithmic axis.
type scale struct{ least, most float64 }

func (s scale) empty() bool { return s.least == 0 }

// share is where a value stands between the axis' ends, from 0 to 1.
func (s scale) share(value float64) float64 {
	return math.Log(value/s.least) / math.Log(s.most/s.least)
}

// ticks are 1, 2, 5 and 10 times each power of ten on the axis; of a long axis, the powers alone.
func (s scale) ticks() []float64 {
	steps := []float64{1, 2, 5}
	if s.most/s.least > 1000 {
		steps = steps[:1]
	}
	var ticks []float64
	for power := math.Floor(math.Log10(s.least)); power <= math.Log10(s.most); power++ {
		for _, step := range steps {
			if tick := step * math.Pow(10, power); tick >= s.least && tick <= s.most {
				ticks = append(ticks, tick)
			}
		}
	}
	return ticks
}

// span is the axis that holds all points that can be shown, a little wider than they are.
func (p plot) span(axis int) scale {
	var values []float64
	for _, s := range p.series {
		for _, point := range s.points {
			if shown(point[axis]) {
				values = append(values, point[axis])
			}
		}
	}
	if len(values) == 0 {
		return scale{}
	}
	return scale{slices.Min(values) / 1.3, slices.Max(values) * 1.3}
}

func shown(value float64) bool { return value > 0 && !math.IsInf(value, 1) }

// Short writes a number for an axis: 250, 10k, 2M.
func Short(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%gG", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%gM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%gk", n/1e3)
	}
	return fmt.Sprintf("%g", n)
}
