package dialect

import "strings"

// DuckDB calls a function of one column once for each entry of the column's dictionary,
// if it cannot fail, and keeps the results for the next rows of that dictionary. Of
// functions of others it believes that they cannot. So it called them for entries of
// rows that a filter had left out, whose errors failed the query; and after an error that
// TRY caught it went on with the results that it had not got, which were whatever was in
// memory. (Volatile functions are not called so, but TRY refuses them.)
//
// DuckDB does not do this where an argument may fail. Arguments of functions that may
// fail are therefore written as what DuckDB takes for an expression that may, and
// which gives the argument itself.

// checked are such expressions, by the letters of parameters. Lists have none; their
// vectors have no dictionaries but behind some joins.
var checked = map[byte][2]string{
	's': {"decode(encode(", "))"}, // looks at the bytes and copies none
	'i': {"CAST(CAST(", " AS HUGEINT) AS BIGINT)"},
	'd': {"CAST(CAST(CAST(", " AS DOUBLE) AS VARCHAR) AS DOUBLE)"},
	'f': {"CAST(CAST(CAST(", " AS FLOAT) AS VARCHAR) AS FLOAT)"},
	'b': {"CAST(CAST(", " AS VARCHAR) AS BOOLEAN)"},
	'x': {"unhex(hex(", "))"},
	'h': {"CAST(CAST(CAST(", " AS HUGEINT) AS VARCHAR) AS HUGEINT)"},
	'u': {"CAST(CAST(", " AS VARCHAR) AS UUID)"},
}

// checkArguments writes the arguments of functions in Go that may fail as checked.
func checkArguments(sql string) string {
	if !fallible(sql) {
		return sql
	}
	var b strings.Builder
	for i := 0; i < len(sql); {
		if end := quoted(sql, i); end > i {
			b.WriteString(sql[i:end])
			i = end
			continue
		}
		name, open := called(sql, i)
		f := scalars[name]
		if f == nil || !fallible(sql[i:open+1]) {
			b.WriteByte(sql[i])
			i++
			continue
		}
		b.WriteString(sql[i : open+1])
		args, end := arguments(sql, open)
		for n, arg := range args {
			if n > 0 {
				b.WriteString(",")
			}
			space := arg[:len(arg)-len(strings.TrimLeft(arg, " "))]
			arg = checkArguments(arg[len(space):])
			w, ok := [2]string{}, false
			if n < len(f.params) && !constant(arg) {
				w, ok = checked[f.params[n]]
			}
			if ok && !strings.HasPrefix(arg, w[0]) {
				arg = w[0] + arg + w[1]
			}
			b.WriteString(space + arg)
		}
		i = end
	}
	return b.String()
}

// quoted returns where the string or quoted name that begins at i ends; i if there is none.
// A quote within is written twice, and so begins another one.
func quoted(sql string, i int) int {
	if c := sql[i]; c == '\'' || c == '"' {
		if n := strings.IndexByte(sql[i+1:], c); n >= 0 {
			return i + 1 + n + 1
		}
		return len(sql)
	}
	return i
}

// called returns the name of the function in Go whose call begins at i, without its
// prefix, and where its parenthesis is; "" if none does.
func called(sql string, i int) (name string, open int) {
	if !strings.HasPrefix(sql[i:], prefix) || i > 0 && isWord(sql[i-1]) {
		return "", 0
	}
	end := i + len(prefix)
	for end < len(sql) && isWord(sql[end]) {
		end++
	}
	if end == len(sql) || sql[end] != '(' {
		return "", 0
	}
	return sql[i+len(prefix) : end], end
}

// arguments splits what stands in the parentheses that open there, and returns where
// they are closed.
func arguments(sql string, open int) (args []string, closed int) {
	depth, from := 0, open+1
	for i := open; i < len(sql); {
		if end := quoted(sql, i); end > i {
			i = end
			continue
		}
		switch sql[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				if arg := sql[from:i]; len(args) > 0 || arg != "" {
					args = append(args, arg)
				}
				return args, i
			}
		case ',':
			if depth == 1 {
				args = append(args, sql[from:i])
				from = i + 1
			}
		}
		i++
	}
	return nil, open + 1 // not what this package writes
}
