package dialect

import (
	"slices"
	"strings"
)

// DuckDB calls a function of one column once for each entry of the column's dictionary,
// if it cannot fail, and keeps the results for the next rows of that dictionary. Of
// functions of others it believes that they cannot. So it called them for entries of
// rows that a filter had left out, whose errors failed the query; and after an error that
// TRY caught it went on with the results that it had not got, which were whatever was in
// memory. (Volatile functions are not called so, but TRY refuses them.)
//
// DuckDB does not do this where an argument may fail. Arguments of functions that may
// fail are therefore written as what DuckDB takes for an expression that may, and
// which gives the argument itself; so are lists whose elements such a function is called for.

// checked writes x as an expression that DuckDB takes for one that may fail: list_extract
// is, and the same in brackets is not.
func checked(x string) string {
	if constant(x) || strings.HasPrefix(x, "list_extract([") {
		return x
	}
	return "list_extract([" + x + "], 1)"
}

// checkArguments writes the arguments of calls that may fail as checked.
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
		if name == "" {
			b.WriteByte(sql[i])
			i++
			continue
		}
		b.WriteString(sql[i : open+1])
		args, end := arguments(sql, open)
		over := strings.HasPrefix(name, "list_") && slices.ContainsFunc(args, func(arg string) bool {
			return strings.HasPrefix(strings.TrimLeft(arg, " "), "lambda ") && fallible(arg)
		})
		for n, arg := range args {
			if n > 0 {
				b.WriteString(",")
			}
			text := strings.TrimLeft(arg, " ")
			b.WriteString(arg[:len(arg)-len(text)])
			text = checkArguments(text)
			if over && n == 0 || scalars[strings.TrimPrefix(name, prefix)] != nil && fallible(name+"(") {
				text = checked(text)
			}
			b.WriteString(text)
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

// called returns the name of the function in Go, or over lists, whose call begins at i,
// and where its parenthesis is; "" if none does.
func called(sql string, i int) (name string, open int) {
	if !strings.HasPrefix(sql[i:], prefix) && !strings.HasPrefix(sql[i:], "list_") || i > 0 && isWord(sql[i-1]) {
		return "", 0
	}
	end := i
	for end < len(sql) && isWord(sql[end]) {
		end++
	}
	if end == len(sql) || sql[end] != '(' {
		return "", 0
	}
	return sql[i:end], end
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
