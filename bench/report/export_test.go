package report

// Plot draws lines by name, as SVG.
func Plot(title string, lines map[string][][2]float64) string {
	p := plot{title: title, x: "x", y: "y"}
	for name, points := range lines {
		p.series = append(p.series, series{name: name, points: points})
	}
	return p.svg()
}

// Wrapped breaks a text into lines.
var Wrapped = wrapped
