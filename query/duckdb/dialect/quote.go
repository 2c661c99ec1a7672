package dialect

import (
	"strconv"
	"strings"
)

// ident writes an identifier. It is the only place where a name that a user
// chose enters the output.
func ident(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), `"`, `""`) + `"`
}

// text writes a string literal. It is the only place where a string that a user
// chose enters the output.
func text(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	// DuckDB's lexer ends at a NUL.
	parts := strings.Split(s, "\x00")
	for i, p := range parts {
		parts[i] = text(p)
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// number writes an integer literal with its type.
func number(n int64, typ string) string {
	if typ == "INTEGER" && n > -1<<31 && n < 1<<31 {
		if n < 0 {
			return "(" + strconv.FormatInt(n, 10) + ")"
		}
		return strconv.FormatInt(n, 10)
	}
	return "CAST(" + strconv.FormatInt(n, 10) + " AS " + typ + ")"
}

// blob writes a binary literal.
func blob(b []byte) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(b)*4+8)
	for _, c := range b {
		out = append(out, '\\', 'x', hex[c>>4], hex[c&15])
	}
	return "CAST('" + string(out) + "' AS BLOB)"
}
