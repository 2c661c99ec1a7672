package bench

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

// Chart draws results as an SVG: a bar of throughput for each class, and below it one of
// throughput for the price where prices are known.
func Chart(w io.Writer, engine string, all []Result) error {
	const (
		width, left, right = 720, 150, 90
		row, bar, head     = 30, 16, 54
	)
	type panel struct {
		title string
		value func(Result) float64
	}
	panels := []panel{{"Transactions a second", func(r Result) float64 { return r.TPS }}}
	for _, r := range all {
		if r.PerCost > 0 {
			panels = append(panels, panel{"Transactions for one unit of the price", func(r Result) float64 { return r.PerCost }})
			break
		}
	}
	height := len(panels)*(head+row*len(all)) + 16
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Inter, system-ui, sans-serif" font-size="12" role="img" aria-label="Instance classes of %s compared">`+"\n", width, height, width, height, html.EscapeString(engine))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	y := 0
	for _, p := range panels {
		most := 0.0
		for _, r := range all {
			most = max(most, p.value(r))
		}
		fmt.Fprintf(&b, `<text x="16" y="%d" font-weight="600" fill="#1b1d1f">%s</text>`+"\n", y+30, p.title)
		for i, r := range all {
			top := y + head - 8 + i*row
			long := 0.0
			if most > 0 {
				long = p.value(r) / most * (width - left - right)
			}
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#62676e">%s</text>`, left-10, top+bar-3, html.EscapeString(r.Class))
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="#0f6b5c"/>`, left, top, long, bar)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#1b1d1f">%s</text>`+"\n", left+long+8, top+bar-3, figure(p.value(r)))
		}
		y += head + row*len(all)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// figure writes a number in at most four places, with commas.
func figure(v float64) string {
	if v == 0 {
		return "unknown"
	}
	if v < 100 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
