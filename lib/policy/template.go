package policy

import (
	"errors"
	"strings"
)

// template is text with policy variables. Without variables it is a glob.
type template struct {
	glob   glob
	lead   string // the literal text before the first wildcard or variable
	pieces []piece
}

// piece is text followed, unless key is nil, by a variable's value.
type piece struct {
	text       string // compiled
	key        *key
	def        string
	hasDefault bool
}

// newTemplate compiles text. Wildcards have their meaning only where wild is
// set, and variables where vars is set. head is compiled text to put before it.
func newTemplate(head, text string, wild, vars bool) (template, error) {
	b := []byte(head)
	literal := func(s string) {
		if wild {
			b = appendWildcards(b, s)
		} else {
			b = append(b, s...)
		}
	}
	var t template
	for vars {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return t, errors.New(`a policy variable lacks its closing brace; write "${$}{" if none is meant`)
		}
		literal(before)
		text = after
		switch name {
		case "*", "?", "$":
			b = append(b, name...)
			continue
		}
		name, def, hasDefault := strings.Cut(name, ",")
		name = strings.TrimSpace(name)
		if name == "" {
			return t, errors.New("a policy variable has no name")
		}
		p := piece{text: string(b), key: newKey(name), hasDefault: hasDefault}
		if hasDefault {
			def = strings.TrimSpace(def)
			if len(def) < 2 || def[0] != '\'' || def[len(def)-1] != '\'' {
				return t, errors.New("the default of a policy variable must stand in single quotes, as ${aws:PrincipalTag/team, 'none'}")
			}
			p.def = def[1 : len(def)-1]
		}
		t.pieces = append(t.pieces, p)
		b = b[:0]
	}
	literal(text)
	if t.pieces == nil {
		t.glob = newGlob(string(b))
		return t, nil
	}
	t.pieces = append(t.pieces, piece{text: string(b)})
	t.lead = t.pieces[0].text
	if i := special(t.lead); i >= 0 {
		t.lead = t.lead[:i]
	}
	return t, nil
}

// expand appends the template's text to b. It is false when a variable without
// default has no value, or not exactly one: such a text equals nothing.
func (t *template) expand(b []byte, r *Request) ([]byte, bool) {
	for i := range t.pieces {
		p := &t.pieces[i]
		b = append(b, p.text...)
		if p.key == nil {
			continue
		}
		var slot [1]string
		switch values := r.values(p.key, &slot); {
		case len(values) == 1:
			// A value that is not text must not be taken for a wildcard.
			if special(values[0]) >= 0 {
				return b, false
			}
			b = append(b, values[0]...)
		case len(values) == 0 && p.hasDefault:
			b = append(b, p.def...)
		default:
			return b, false
		}
	}
	return b, true
}

// match reports whether s matches, as a whole.
func (t *template) match(r *Request, s string) bool {
	if t.pieces == nil {
		return t.glob.match(s, false)
	}
	if !strings.HasPrefix(s, t.lead) {
		return false
	}
	var buf [256]byte
	b, ok := t.expand(buf[:0], r)
	if !ok {
		return false
	}
	if t.glob.form == segmented {
		return matchSegments(b, s)
	}
	return match(b, s, false)
}

// matchFold reports whether s equals the text without regard to case.
func (t *template) matchFold(r *Request, s string) bool {
	if t.pieces == nil {
		return strings.EqualFold(t.glob.text, s)
	}
	var buf [256]byte
	b, ok := t.expand(buf[:0], r)
	return ok && strings.EqualFold(string(b), s)
}

// matchARN compares the six parts of an ARN one by one.
func (t *template) matchARN(r *Request, s string) bool {
	if t.pieces == nil {
		return t.glob.form == everything || arnMatch(t.glob.text, s)
	}
	var buf [256]byte
	b, ok := t.expand(buf[:0], r)
	return ok && arnMatch(string(b), s)
}

func arnMatch(p, s string) bool {
	for range 5 {
		pi, si := strings.IndexByte(p, ':'), strings.IndexByte(s, ':')
		if pi < 0 || si < 0 || !match(p[:pi], s[:si], false) {
			return false
		}
		p, s = p[pi+1:], s[si+1:]
	}
	return match(p, s, false)
}

// newResource compiles a value of Resource or NotResource: an ARN with
// wildcards, or "*". Variables stand only after the fifth colon.
func newResource(text string, vars bool) (template, error) {
	if strings.Trim(text, "*") == "" {
		return newTemplate("", text, true, false)
	}
	var head []byte
	rest := text
	spans := false
	for i := 0; i < 5; i++ {
		segment, after, found := strings.Cut(rest, ":")
		compiled, inner := compileSegment(segment)
		head, rest, spans = append(head, compiled...), after, spans || inner
		if !found {
			break
		}
		head = append(head, ':')
	}
	t, err := newTemplate(string(head), rest, true, vars)
	if spans {
		t.glob.form = segmented
	}
	return t, err
}

// compileSegment compiles one of the first five parts of an ARN. inner tells of
// a "*" that may not leave the part.
func compileSegment(text string) (compiled []byte, inner bool) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*' && strings.Trim(text[i:], "*") == "":
			return append(compiled, anyRun), inner
		case c == '*':
			if n := len(compiled); n == 0 || compiled[n-1] != segmentRun {
				compiled = append(compiled, segmentRun)
			}
			inner = true
		case c == '?':
			compiled = append(compiled, segmentOne)
		default:
			compiled = append(compiled, c)
		}
	}
	return compiled, inner
}
