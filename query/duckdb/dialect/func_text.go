package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// javaWhitespace are the characters that trim() removes: Java's isWhitespace.
const javaWhitespace = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"

// spaceEdge is the same set as a class of a regular expression.
const spaceEdge = `[\t-\r\x1c-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}]`

func init() {
	ws := text(javaWhitespace)
	templates(map[string]string{
		"upper":                  "CASE WHEN contains($1, 'ß') THEN trino_upper($1) ELSE upper($1) END",
		"lower":                  "lower($1)",
		"starts_with":            "starts_with($1, $2)",
		"ends_with":              "ends_with($1, $2)",
		"chr":                    "trino_chr($1)",
		"codepoint":              "CAST(trino_codepoint($1) AS INTEGER)",
		"hamming_distance":       "trino_hamming_distance($1, $2)",
		"levenshtein_distance":   "trino_levenshtein_distance($1, $2)",
		"soundex":                "trino_soundex($1)",
		"luhn_check":             "trino_luhn_check($1)",
		"normalize":              "trino_normalize($1, $2)",
		"translate":              "trino_translate($1, $2, $3)",
		"human_readable_seconds": "trino_human_readable_seconds($1)",
		"parse_data_size":        "CAST(trino_parse_data_size($1) AS DECIMAL(38,0))",
		"url_decode":             "trino_url_decode($1)",
		"url_encode":             "trino_url_encode($1)",
		"url_extract_fragment":   "trino_url_part($1, 'fragment')",
		"url_extract_host":       "trino_url_part($1, 'host')",
		"url_extract_path":       "trino_url_part($1, 'path')",
		"url_extract_port":       "CAST(trino_url_part($1, 'port') AS BIGINT)",
		"url_extract_protocol":   "trino_url_part($1, 'protocol')",
		"url_extract_query":      "trino_url_part($1, 'query')",
		"url_extract_parameter":  "trino_url_parameter($1, $2)",
	})
	trim := func(name string) func(*emitter, *call) string {
		return func(e *emitter, c *call) string {
			if len(c.args) == 1 {
				// DuckDB builds the set of characters for each row: ask first.
				edge := map[string]string{"trim": `^` + spaceEdge + `|` + spaceEdge + `\z`, "ltrim": `^` + spaceEdge, "rtrim": spaceEdge + `\z`}[name]
				return e.expand("CASE WHEN regexp_matches($1, '"+edge+"') THEN "+name+"($1, $2) ELSE $1 END", e.x(c.args[0]), ws)
			}
			return name + "(" + e.x(c.args[0]) + ", " + e.arg(c, 1) + ")"
		}
	}
	writers(map[string]func(*emitter, *call) string{
		"trim": trim("trim"), "ltrim": trim("ltrim"), "rtrim": trim("rtrim"),
		"length": func(e *emitter, c *call) string {
			if e.argType(c, 0).Kind == trinosql.KindVarbinary {
				return "octet_length(" + e.arg(c, 0) + ")"
			}
			return "length(" + e.arg(c, 0) + ")"
		},
		"concat":     func(e *emitter, c *call) string { return e.concat(c.pos, c.args, c.typ) },
		"substring":  (*emitter).substring,
		"split":      (*emitter).split,
		"split_part": (*emitter).splitPart,
		"strpos": func(e *emitter, c *call) string {
			if len(c.args) == 3 {
				return e.expand("trino_strpos($1, $2, $3)", e.argList(c)...)
			}
			return e.expand("strpos($1, $2)", e.argList(c)...)
		},
		"replace": func(e *emitter, c *call) string {
			args := e.argList(c)
			if len(args) == 2 {
				args = append(args, "''")
			}
			if s, ok := e.stringOf(c.args[1]); ok && s != "" || len(c.args) == 2 {
				return e.expand("replace($1, $2, $3)", args...)
			}
			return e.expand("CASE WHEN $2 = '' THEN trino_replace_empty($1, $3) ELSE replace($1, $2, $3) END", args...)
		},
		"reverse": func(e *emitter, c *call) string {
			switch e.argType(c, 0).Kind {
			case trinosql.KindArray:
				return "list_reverse(" + e.arg(c, 0) + ")"
			case trinosql.KindVarbinary:
				return "trino_reverse_binary(" + e.arg(c, 0) + ")"
			}
			return "trino_reverse(" + e.arg(c, 0) + ")"
		},
		"lpad": func(e *emitter, c *call) string { return e.pad(c, "trino_lpad") },
		"rpad": func(e *emitter, c *call) string { return e.pad(c, "trino_rpad") },
		"concat_ws": func(e *emitter, c *call) string {
			args := e.argList(c)
			if len(c.args) == 2 && e.argType(c, 1).Kind == trinosql.KindArray {
				return e.expand("CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce(array_to_string(list_filter($2, lambda %x: %x IS NOT NULL), $1), '') END", args...)
			}
			return "concat_ws(" + list(args) + ")"
		},
		"overlay": func(e *emitter, c *call) string {
			args := e.argList(c)
			if len(args) == 3 {
				args = append(args, "length("+args[1]+")")
			}
			return e.expand("trino_overlay($1, $2, $3, $4)", args...)
		},
		"repeat": func(e *emitter, c *call) string {
			v := e.arg(c, 0)
			if v == "NULL" {
				v = "CAST(NULL AS " + e.typ(c.pos, c.typ.Elem()) + ")"
			}
			return e.expand("CASE WHEN trino_repeat_count($2) IS NOT NULL THEN list_transform(range(trino_repeat_count($2)), lambda %x: $1) END", v, e.arg(c, 1))
		},
		"format": (*emitter).format,
		"format_number": func(e *emitter, c *call) string {
			if e.argType(c, 0).IsInteger() {
				return "trino_format_bigint(" + e.arg(c, 0) + ")"
			}
			return "trino_format_double(" + e.arg(c, 0) + ")"
		},
	})
}

// concat writes || and concat().
func (e *emitter) concat(p trinosql.Pos, args []trinosql.Expr, t *trinosql.Type) string {
	parts := make([]string, len(args))
	for i, x := range args {
		parts[i] = e.x(x)
		at := e.a.UsedType(x)
		switch {
		case at.Kind == trinosql.KindChar && t.Kind != trinosql.KindArray:
			// The last one's padding counts for a varchar only.
			if i < len(args)-1 || t.Kind != trinosql.KindChar {
				parts[i] = e.orderKey(parts[i], at)
			}
		case t.Kind == trinosql.KindArray && !(at.Kind == trinosql.KindArray && same(at, t) || at.Equal(t)):
			if at.Kind == trinosql.KindArray && !at.Equal(t.Elem()) && !same(at, t.Elem()) {
				parts[i] = e.cast(x.Pos(), parts[i], at, t, false)
			} else { // an element
				if parts[i] == "NULL" {
					parts[i] = "CAST(NULL AS " + e.typ(p, t.Elem()) + ")"
				}
				parts[i] = "[" + e.cast(x.Pos(), parts[i], at, t.Elem(), false) + "]"
			}
		}
		if parts[i] == "NULL" {
			parts[i] = "CAST(NULL AS " + e.typ(p, t) + ")"
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " || ") + ")"
}

func (e *emitter) pad(c *call, f string) string {
	args := e.argList(c)
	if e.argType(c, 0).Kind == trinosql.KindVarbinary {
		f += "_binary"
	}
	return f + "(" + list(args) + ")"
}

// maxText is more characters than a text can have.
const maxText = 1<<31 - 1

// substring counts from 1, or from the end when negative; outside the text is an empty one.
func (e *emitter) substring(c *call) string {
	args := e.argList(c)
	empty := "''"
	if e.argType(c, 0).Kind == trinosql.KindVarbinary {
		if len(args) == 2 {
			args = append(args, "CAST(9223372036854775807 AS BIGINT)")
		}
		return "trino_substring_binary(" + list(args) + ")"
	}
	start, known := literalInt(args[1])
	if len(args) == 2 {
		switch {
		case known && start > 0 && start <= maxText:
			return "substring(" + args[0] + ", " + args[1] + ")"
		case known && start == 0:
			return e.expand("CASE WHEN $1 IS NOT NULL THEN "+empty+" END", args[0])
		}
		return e.expand("CASE WHEN $2 BETWEEN 1 AND 2147483647 OR $2 < 0 AND -$2 <= length($1) THEN substring($1, $2) WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN '' END", args...)
	}
	n, nknown := literalInt(args[2])
	if known && start > 0 && start <= maxText && nknown && n >= 0 && n <= maxText {
		return "substring(" + list(args) + ")"
	}
	return e.expand("CASE WHEN $3 > 0 AND ($2 BETWEEN 1 AND 2147483647 OR $2 < 0 AND -$2 <= length($1)) THEN substring($1, CASE WHEN $2 < 0 THEN length($1) + $2 + 1 ELSE $2 END, least($3, CAST(2147483647 AS BIGINT))) "+
		"WHEN $1 IS NOT NULL AND $2 IS NOT NULL AND $3 IS NOT NULL THEN '' END", args...)
}

func (e *emitter) split(c *call) string {
	args := e.argList(c)
	if len(args) == 2 {
		if s, ok := e.stringOf(c.args[1]); ok && s != "" {
			return e.expand("string_split($1, $2)", args...)
		}
		args = append(args, "CAST(2147483647 AS BIGINT)")
	}
	return e.expand("trino_split($1, $2, $3)", args...)
}

func (e *emitter) splitPart(c *call) string {
	args := e.argList(c)
	if s, ok := e.stringOf(c.args[1]); ok && s != "" {
		if n, ok := literalInt(args[2]); ok && n >= 1 {
			return "string_split(" + args[0] + ", " + args[1] + ")[" + strconv.FormatInt(n, 10) + "]"
		}
	}
	return e.expand("trino_split_part($1, $2, $3)", args...)
}
