package dialect

import (
	"errors"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	"lethe/lib/trinosql"
)

func init() {
	writers(map[string]func(*emitter, *call) string{
		"regexp_like": func(e *emitter, c *call) string {
			if p := e.pattern(c); p != nil && !p.boundary && (!p.dollar || p.like != "") {
				re := p.re2
				if p.like != "" {
					re = p.like
				}
				return "regexp_matches(" + e.arg(c, 0) + ", " + text(re) + ")"
			}
			return "trino_regexp_like(" + list(e.argList(c)) + ")"
		},
		"regexp_extract": func(e *emitter, c *call) string {
			group := "CAST(0 AS BIGINT)"
			if len(c.args) == 3 {
				group = e.arg(c, 2)
			}
			if p := e.pattern(c); p != nil && !p.boundary && !p.dollar {
				if n, ok := literalInt(group); ok && n >= 0 && n < 10 && int(n) <= p.re.NumSubexp() {
					tree, err := syntax.Parse(p.re2, syntax.Perl)
					if err == nil && captured(tree, int(n)) {
						// The group is never empty, so an empty result means no match.
						return "nullif(regexp_extract(" + e.arg(c, 0) + ", " + text(p.re2) + ", " + strconv.FormatInt(n, 10) + "), '')"
					}
					if err == nil && always(tree, int(n)) {
						return e.expand("CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, "+strconv.FormatInt(n, 10)+") END", e.arg(c, 0), text(p.re2))
					}
				}
			}
			return "trino_regexp_extract(" + e.arg(c, 0) + ", " + e.arg(c, 1) + ", " + group + ")"
		},
		"regexp_extract_all": func(e *emitter, c *call) string {
			e.pattern(c)
			group := "CAST(0 AS BIGINT)"
			if len(c.args) == 3 {
				group = e.arg(c, 2)
			}
			return "trino_regexp_extract_all(" + e.arg(c, 0) + ", " + e.arg(c, 1) + ", " + group + ")"
		},
		"regexp_split": func(e *emitter, c *call) string {
			e.pattern(c)
			return "trino_regexp_split(" + list(e.argList(c)) + ")"
		},
		"regexp_count": func(e *emitter, c *call) string {
			e.pattern(c)
			return "trino_regexp_count(" + list(e.argList(c)) + ")"
		},
		"regexp_position": func(e *emitter, c *call) string {
			e.pattern(c)
			args := e.argList(c)
			for i := 2; i < 4; i++ {
				if i < len(args) {
					args[i] = "CAST(" + args[i] + " AS BIGINT)"
				} else {
					args = append(args, "CAST(1 AS BIGINT)")
				}
			}
			return "CAST(trino_regexp_position(" + list(args) + ") AS INTEGER)"
		},
		"regexp_replace": (*emitter).regexpReplace,
	})

	re := func(name, signature string, f func(p *program, a args) (any, error)) {
		define(name, signature, func(a args) (any, error) {
			p, err := programOf(a.s(1))
			if err != nil {
				return nil, patternFailure(err, a.s(1))
			}
			return f(p, a)
		})
	}
	re("regexp_like", "ssb", func(p *program, a args) (any, error) {
		s := a.s(0)
		if p.dollar && strings.HasSuffix(s, "\n") && !p.boundary && p.re.MatchString(s[:len(s)-1]) {
			return true, nil
		}
		if p.boundary {
			if err := p.usable(s); err != nil {
				return nil, err
			}
		}
		return p.re.MatchString(s), nil
	})
	re("regexp_extract", "ssis", func(p *program, a args) (any, error) {
		g, err := group(p, a.i(2))
		if err != nil {
			return nil, err
		}
		if err := p.usable(a.s(0)); err != nil {
			return nil, err
		}
		m := p.re.FindStringSubmatchIndex(a.s(0))
		if m == nil || m[2*g] < 0 {
			return nil, nil
		}
		return a.s(0)[m[2*g]:m[2*g+1]], nil
	})
	re("regexp_extract_all", "ssiS", func(p *program, a args) (any, error) {
		g, err := group(p, a.i(2))
		if err != nil {
			return nil, err
		}
		all, err := p.matches(a.s(0), 0)
		if err != nil {
			return nil, err
		}
		out := make([]any, len(all))
		for i, m := range all {
			if m[2*g] >= 0 {
				out[i] = a.s(0)[m[2*g]:m[2*g+1]]
			}
		}
		return out, nil
	})
	re("regexp_split", "ssS", func(p *program, a args) (any, error) {
		s := a.s(0)
		all, err := p.matches(s, 0)
		if err != nil {
			return nil, err
		}
		out := []any{}
		last := 0
		for _, m := range all {
			out = append(out, s[last:m[0]])
			last = m[1]
		}
		return append(out, s[last:]), nil
	})
	re("regexp_count", "ssi", func(p *program, a args) (any, error) {
		all, err := p.matches(a.s(0), 0)
		return int64(len(all)), err
	})
	re("regexp_position", "ssiii", func(p *program, a args) (any, error) {
		s, start, n := a.s(0), a.i(2), a.i(3)
		switch {
		case start < 1:
			return nil, badArgument("start position cannot be smaller than 1")
		case n < 1:
			return nil, badArgument("occurrence cannot be smaller than 1")
		case start > int64(utf8.RuneCountInString(s)):
			return int64(-1), nil
		}
		from := 0
		for ; start > 1; start-- {
			_, w := utf8.DecodeRuneInString(s[from:])
			from += w
		}
		all, err := p.matches(s, from)
		if err != nil {
			return nil, err
		}
		if n > int64(len(all)) {
			return int64(-1), nil
		}
		return int64(utf8.RuneCountInString(s[:all[n-1][0]])) + 1, nil
	})
	re("regexp_replace", "ssss", func(p *program, a args) (any, error) {
		s := a.s(0)
		parts, err := replacement(a.s(2), p.re.SubexpNames())
		if err != nil {
			return nil, err
		}
		all, err := p.matches(s, 0)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		last := 0
		for _, m := range all {
			b.WriteString(s[last:m[0]])
			for _, part := range parts {
				if part.group < 0 {
					b.WriteString(part.text)
				} else if m[2*part.group] >= 0 {
					b.WriteString(s[m[2*part.group]:m[2*part.group+1]])
				}
			}
			last = m[1]
		}
		b.WriteString(s[last:])
		return b.String(), nil
	})
	// regexp_parts cuts a text for a replacement by a lambda: what stands before
	// each match and the match's groups; last the rest, without groups.
	re("regexp_parts", "ssR", func(p *program, a args) (any, error) {
		s := a.s(0)
		all, err := p.matches(s, 0)
		if err != nil {
			return nil, err
		}
		out := []any{}
		last := 0
		for _, m := range all {
			groups := make([]any, len(m)/2-1)
			for g := range groups {
				if m[2*g+2] >= 0 {
					groups[g] = s[m[2*g+2]:m[2*g+3]]
				}
			}
			out = append(out, map[string]any{"k": s[last:m[0]], "g": groups})
			last = m[1]
		}
		return append(out, map[string]any{"k": s[last:], "g": nil}), nil
	})
}

// pattern compiles the call's pattern if it is a literal, refusing what cannot be
// done; nil if it is not a literal.
func (e *emitter) pattern(c *call) *program {
	s, ok := e.stringOf(c.args[1])
	if !ok {
		return nil
	}
	p, err := programOf(s)
	if err != nil {
		var pe *patternError
		if errors.As(err, &pe) && !pe.unsupported {
			e.invalid(c.args[1].Pos(), "%s in the regular expression '%s'", pe.message, s)
		}
		e.unsupported(c.args[1].Pos(), "%s: %s", c.name, err)
	}
	return p
}

func patternFailure(err error, pattern string) error {
	var pe *patternError
	if errors.As(err, &pe) && pe.unsupported {
		return &failure{"NOT_SUPPORTED", pe.message + ": " + pattern}
	}
	return badArgument("%s: %s", err, pattern)
}

func group(p *program, g int64) (int, error) {
	if g < 0 {
		return 0, badArgument("Group cannot be negative")
	}
	if g > int64(p.re.NumSubexp()) {
		return 0, badArgument("Pattern has %d groups. Cannot access group %d", p.re.NumSubexp(), g)
	}
	return int(g), nil
}

// piece is a part of a replacement: text, or with group >= 0 a group's text.
type piece struct {
	text  string
	group int
}

// replacement reads a replacement in Java's syntax: $1, ${name}, \x for x.
func replacement(s string, names []string) ([]piece, error) {
	var out []piece
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, piece{b.String(), -1})
			b.Reset()
		}
	}
	groups := len(names) - 1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i >= len(s) {
				return nil, badArgument("Illegal replacement sequence: %s", s)
			}
			_, n := utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+n])
			i += n - 1
		case '$':
			i++
			if i >= len(s) {
				return nil, badArgument("Illegal replacement sequence: %s", s)
			}
			flush()
			if s[i] == '{' {
				end := strings.IndexByte(s[i:], '}')
				if end < 0 {
					return nil, badArgument("Illegal replacement sequence: %s", s)
				}
				at := -1
				for g, n := range names {
					if n != "" && n == s[i+1:i+end] {
						at = g
					}
				}
				if at < 0 {
					return nil, badArgument("Illegal replacement sequence: unknown group { %s }", s[i+1:i+end])
				}
				out = append(out, piece{group: at})
				i += end
				continue
			}
			if s[i] < '0' || s[i] > '9' {
				return nil, badArgument("Illegal replacement sequence: %s", s)
			}
			g := int(s[i] - '0')
			if g > groups {
				return nil, badArgument("Illegal replacement sequence: unknown group %d", g)
			}
			for i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' && g*10+int(s[i+1]-'0') <= groups {
				i++
				g = g*10 + int(s[i]-'0')
			}
			out = append(out, piece{group: g})
		default:
			b.WriteByte(s[i])
		}
	}
	flush()
	return out, nil
}

func (e *emitter) regexpReplace(c *call) string {
	p := e.pattern(c)
	if len(c.args) == 3 {
		if l, ok := c.args[2].(*trinosql.Lambda); ok {
			parts := "trino_regexp_parts(" + e.arg(c, 0) + ", " + e.arg(c, 1) + ")"
			name := e.param(parts)
			return "array_to_string(list_transform(" + parts + ", lambda " + name + ": " + name + ".k || CASE WHEN " + name + ".g IS NULL THEN '' ELSE coalesce(" +
				e.typed(e.apply(l, name+".g"), trinosql.Varchar) + ", '') END), '')"
		}
	}
	with, known := "", true
	if len(c.args) == 3 {
		with, known = e.stringOf(c.args[2])
	}
	if p != nil && known && !p.boundary && !p.dollar && !p.empty {
		if parts, err := replacement(with, p.re.SubexpNames()); err == nil {
			var b strings.Builder
			ok := true
			for _, part := range parts {
				if part.group < 0 {
					b.WriteString(strings.ReplaceAll(part.text, `\`, `\\`))
				} else {
					b.WriteString(`\` + strconv.Itoa(part.group))
					ok = ok && part.group < 10
				}
			}
			if ok {
				return "regexp_replace(" + e.arg(c, 0) + ", " + text(p.re2) + ", " + text(b.String()) + ", 'g')"
			}
		}
	}
	args := e.argList(c)
	if len(args) == 2 {
		args = append(args, "''")
	}
	return "trino_regexp_replace(" + list(args) + ")"
}
