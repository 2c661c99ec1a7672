package dash

import "strings"

// shapes are what the letters of a format stand for in texts that it reads.
var shapes = map[string]string{
	"yyyy": "[0-9]{4}", "yy": "[0-9]{2}", "M": "(0?[1-9]|1[0-2])", "MM": "(0?[1-9]|1[0-2])", "d": "(0?[1-9]|[12][0-9]|3[01])", "dd": "(0?[1-9]|[12][0-9]|3[01])",
	"H": "([01]?[0-9]|2[0-3])", "HH": "([01]?[0-9]|2[0-3])", "m": "[0-5]?[0-9]", "mm": "[0-5]?[0-9]", "s": "[0-5]?[0-9]", "ss": "[0-5]?[0-9]",
	"S": "[0-9]", "SS": "[0-9]{1,2}", "SSS": "[0-9]{1,3}",
}

// shapeOf returns a pattern that all texts match which a format in Joda's letters reads,
// years having four digits, or "" if the format has letters that it does not know. What
// does not match need not be tried: an error costs a hundred times what the pattern does,
// and whoever looks for the right format makes an error of each row.
func shapeOf(format string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(format); {
		c := format[i]
		n := i + 1
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			for n < len(format) && format[n] == c {
				n++
			}
			shape := shapes[format[i:n]]
			if shape == "" {
				return ""
			}
			b.WriteString(shape)
		case strings.IndexByte(" ,-./:_", c) >= 0:
			b.WriteString("[" + string(c) + "]")
		case strings.HasPrefix(format[i:], "'T'"):
			b.WriteByte('T')
			n = i + 3
		default:
			return ""
		}
		i = n
	}
	return b.String() + "$"
}
