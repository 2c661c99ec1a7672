package database

import (
	"errors"
	"strconv"
	"strings"
)

// name is a table's, with the schema that it is in: what MySQL calls a database.
type name struct{ schema, table string }

func (n name) String() string { return n.schema + "." + n.table }

var errName = errors.New(`must be a table's name as schema.table; a part with dots or quotes stands in double quotes, as "my schema"."a.b"`)

// parseName reads a table's name; the schema is "" if it is not in it.
func parseName(text string) (n name, err error) {
	var parts []string
	for rest := text; ; {
		var part string
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			rest = rest[1:]
			for {
				i := strings.IndexByte(rest, '"')
				if i < 0 {
					return n, errName
				}
				b.WriteString(rest[:i])
				rest = rest[i+1:]
				if !strings.HasPrefix(rest, `"`) {
					break
				}
				b.WriteByte('"')
				rest = rest[1:]
			}
			part = b.String()
		} else {
			i := strings.IndexByte(rest, '.')
			if i < 0 {
				i = len(rest)
			}
			part, rest = rest[:i], rest[i:]
			if strings.Contains(part, `"`) {
				return n, errName
			}
		}
		if part == "" || strings.Contains(part, "\x00") {
			return n, errName
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		if rest[0] != '.' {
			return n, errName
		}
		rest = rest[1:]
	}
	switch len(parts) {
	case 1:
		return name{"", parts[0]}, nil
	case 2:
		return name{parts[0], parts[1]}, nil
	}
	return n, errName
}

func itoa(n int) string { return strconv.Itoa(n) }
