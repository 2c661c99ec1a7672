package policy

import (
	"strings"
	"unicode/utf8"
)

// A compiled pattern is text in which wildcards are single bytes that occur in
// no UTF-8 text, so that any character, also "*", can stand in it literally.
const (
	anyRun       = 0xff // "*"
	anyOne       = 0xfe // "?"
	segmentRun   = 0xfd // "*" that stops at a colon
	segmentOne   = 0xfc // "?" that is no colon
	firstSpecial = segmentOne
)

// Match reports whether s matches the pattern, in which "*" stands for any run
// of characters and "?" for any one. Case matters.
func Match(pattern, s string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return pattern == s
	}
	return match(string(appendWildcards(nil, pattern)), s, false)
}

func appendWildcards(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '*':
			if n := len(b); n > 0 && b[n-1] == anyRun {
				continue
			}
			b = append(b, anyRun)
		case '?':
			b = append(b, anyOne)
		default:
			b = append(b, c)
		}
	}
	return b
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// lowerRune is lower for text. Only ASCII is folded: strings.ToLower would make a
// "k" of the Kelvin sign.
func lowerRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// match matches s with a compiled pattern without segmentRun. With fold the
// pattern must be in lower case, and ASCII letters match in any case.
func match[P string | []byte](p P, s string, fold bool) bool {
	pi, si := 0, 0
	star, from := -1, 0
	for si < len(s) {
		if pi < len(p) {
			switch c := p[pi]; {
			case c == anyRun:
				star, from = pi, si
				pi++
				continue
			case c == anyOne || c == segmentOne && s[si] != ':':
				pi++
				si += width(s, si)
				continue
			case c == s[si] && c < firstSpecial || fold && c == lower(s[si]):
				pi++
				si++
				continue
			}
		}
		if star < 0 {
			return false
		}
		from += width(s, from)
		pi, si = star+1, from
	}
	for pi < len(p) && p[pi] == anyRun {
		pi++
	}
	return pi == len(p)
}

// width returns the length of the character at i.
func width(s string, i int) int {
	if s[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return n
}

// matchSegments is match for patterns with segmentRun. Here an earlier wildcard
// may have to move once more after a later one was stopped by a colon, so it
// walks all possible states of the pattern at once.
func matchSegments[P string | []byte](p P, s string) bool {
	here, next := make([]bool, len(p)+1), make([]bool, len(p)+1)
	// enter marks a state, and those that follow it without a character.
	enter := func(states []bool, i int) {
		for {
			states[i] = true
			if i == len(p) || p[i] != anyRun && p[i] != segmentRun {
				return
			}
			i++
		}
	}
	enter(here, 0)
	for si := 0; si < len(s); si += width(s, si) {
		c := s[si : si+width(s, si)]
		clear(next)
		for i := 0; i < len(p); i++ {
			if !here[i] {
				continue
			}
			switch {
			case p[i] == anyRun, p[i] == segmentRun && c != ":":
				enter(next, i)
			case p[i] == anyOne, p[i] == segmentOne && c != ":":
				enter(next, i+1)
			case i+len(c) <= len(p) && string(p[i:i+len(c)]) == c && c[0] < firstSpecial:
				enter(next, i+len(c))
			}
		}
		here, next = next, here
	}
	return here[len(p)]
}

// glob is a pattern whose common forms are recognised beforehand.
type glob struct {
	text string // compiled
	lead string // what comes before the first wildcard
	form globForm
}

type globForm uint8

const (
	exact globForm = iota
	prefix
	general
	segmented
	everything
)

// special returns the offset of the first wildcard in compiled text, or -1.
func special(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= firstSpecial {
			return i
		}
	}
	return -1
}

func newGlob(compiled string) glob {
	g := glob{text: compiled}
	i := special(compiled)
	switch {
	case i < 0:
		g.form = exact
	case strings.IndexByte(compiled, segmentRun) >= 0:
		g.form = segmented
	case compiled[i] == anyRun && i == 0 && len(compiled) == 1:
		g.form = everything
	case compiled[i] == anyRun && i == len(compiled)-1:
		g.form, g.text = prefix, compiled[:i]
	default:
		g.form = general
	}
	if i > 0 {
		g.lead = compiled[:i]
	}
	return g
}

func (g *glob) match(s string, fold bool) bool {
	switch g.form {
	case everything:
		return true
	case exact:
		if fold {
			return len(s) == len(g.text) && hasPrefixFold(s, g.text)
		}
		return s == g.text
	case prefix:
		if fold {
			return hasPrefixFold(s, g.text)
		}
		return strings.HasPrefix(s, g.text)
	}
	if fold && !hasPrefixFold(s, g.lead) || !fold && !strings.HasPrefix(s, g.lead) {
		return false
	}
	if g.form == segmented {
		return matchSegments(g.text, s)
	}
	return match(g.text, s, fold)
}

func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}
