package duckdb

import (
	"errors"
	"strings"
)

// joint stands between the fields that a function hands back to DuckDB. It is the
// noncharacter that separates columns where lines are read, so no line holds it.
const joint = "\U0010FFFF"

// jointSQL is joint in SQL.
const jointSQL = "chr(1114111)"

// splitQuoted cuts a line as OpenCSVSerde does and joins the fields. The class's rules (opencsv 2.3) differ from RFC
// 4180: the escape character is dropped wherever it stands, outside quotes it
// escapes nothing, and a quote inside an unquoted field is text.
//
// A quoted field that does not end on its line is an error. The class would
// drop it: Hive gives it single lines, so it never sees the rest.
func splitQuoted(line, sep, quote, esc string) (string, error) {
	var out, field strings.Builder
	inQuotes := false
	for i := 0; i < len(line); {
		rest := line[i:]
		switch {
		case strings.HasPrefix(rest, esc) && esc != quote:
			i += len(esc)
			if next := line[i:]; inQuotes && strings.HasPrefix(next, quote) {
				field.WriteString(quote)
				i += len(quote)
			} else if inQuotes && strings.HasPrefix(next, esc) {
				field.WriteString(esc)
				i += len(esc)
			}
		case strings.HasPrefix(rest, quote):
			next := rest[len(quote):]
			if inQuotes && strings.HasPrefix(next, quote) {
				field.WriteString(quote)
				i += 2 * len(quote)
				continue
			}
			if i > 2 && !strings.HasSuffix(line[:i], sep) && next != "" && !strings.HasPrefix(next, sep) {
				if strings.TrimSpace(field.String()) == "" {
					field.Reset() // white space before an opening quote
				} else {
					field.WriteString(quote)
				}
			}
			inQuotes = !inQuotes
			i += len(quote)
		case !inQuotes && strings.HasPrefix(rest, sep):
			out.WriteString(field.String())
			out.WriteString(joint)
			field.Reset()
			i += len(sep)
		default:
			field.WriteByte(line[i])
			i++
		}
	}
	if inQuotes {
		return "", errors.New("a quoted field does not end on its line; a row of OpenCSVSerde is one line")
	}
	out.WriteString(field.String())
	return out.String(), nil
}

// splitEscaped cuts a line as LazySimpleSerDe with an escape character does and
// joins the fields. A field is the letter n if it is null, else v
// and its text. Null is recognized before escapes are undone.
func splitEscaped(line, sep, esc, null string) string {
	var out, field strings.Builder
	start := 0
	end := func(to int) {
		if line[start:to] == null {
			out.WriteByte('n')
		} else {
			out.WriteByte('v')
			out.WriteString(field.String())
		}
		field.Reset()
	}
	for i := 0; i < len(line); {
		switch {
		case strings.HasPrefix(line[i:], esc):
			if i += len(esc); i == len(line) {
				field.WriteString(esc)
				break
			}
			switch c := line[i]; c { // what Hive writes for the ends of lines
			case 'n':
				field.WriteByte('\n')
			case 'r':
				field.WriteByte('\r')
			default:
				field.WriteByte(c)
			}
			i++
		case strings.HasPrefix(line[i:], sep):
			end(i)
			out.WriteString(joint)
			i += len(sep)
			start = i
		default:
			field.WriteByte(line[i])
			i++
		}
	}
	end(len(line))
	return out.String()
}
