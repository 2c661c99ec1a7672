package own

import (
	"context"
	"strings"
	"unicode/utf8"

	"lethe/erasure"
)

// Suppression is who must not come back.
type Suppression interface {
	Types(ctx context.Context) ([]erasure.IdentifierType, error)
	Suppressed(h erasure.Hash) bool
}

// Later returns what may be kept of a text that is written after persons were
// erased: without their identifiers, of which only the hashes are known any more. It
// looks at the literals and words of the text, each as a whole; identifiers with
// space in them are found only as a whole literal in quotes, and composite ones where
// their parts stand near each other.
func Later(ctx context.Context, s Suppression, key *erasure.HashKey, text string) (string, error) {
	types, err := s.Types(ctx)
	if err != nil {
		return "", err
	}
	mask := func(t erasure.IdentifierType, values []string) (string, bool) {
		if n, ok := t.Normal(values); ok {
			if h := key.Hash(t.Name, n); s.Suppressed(h) {
				return maskOf(h), true
			}
		}
		return "", false
	}
	text = replaced(text, func(v string) (string, bool) {
		for _, t := range types {
			if len(t.Parts) > 0 {
				continue
			}
			if with, ok := mask(t, []string{v}); ok {
				return with, true
			}
		}
		return "", false
	})
	return joined(text, types, mask), nil
}

// replaced returns a text with its literals and words replaced for which mask has
// something else.
func replaced(text string, mask func(v string) (string, bool)) string {
	var b strings.Builder
	done := 0
	for at := 0; at < len(text); {
		end, found := at, false
		for _, c := range candidates(text, at) {
			if v, ok := mask(c.value); ok && c.end > end {
				end, found = c.end, true
				b.WriteString(text[done:c.at])
				b.WriteString(v)
				done = c.end
				break
			}
		}
		if found {
			at = end
			continue
		}
		at += next(text[at:])
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// longest bounds a literal or word that is looked at as a whole, in bytes. An e-mail
// address has at most 254 (RFC 5321, section 4.5.3.1.3).
const longest = 256

// candidate is a part of a text that may be an identifier.
type candidate struct {
	at, end int
	value   string
}

// quotes are what literals and names stand between.
const quotes = "'\"`"

// ends are what no identifier without quotes goes beyond.
const ends = quotes + " \t\r\n,;()<>=[]{}|/\\%!?&*:"

// candidates are the parts of a text that begin at an offset, which is the beginning
// of a literal or word; the longest first.
func candidates(text string, at int) (cs []candidate) {
	if strings.IndexByte(quotes, text[at]) >= 0 {
		q := text[at : at+1]
		for end := at + 1; end < min(len(text), at+longest); end++ {
			if text[end] != q[0] {
				continue
			}
			if end+1 < len(text) && text[end+1] == q[0] {
				end++
				continue
			}
			v := strings.ReplaceAll(text[at+1:end], q+q, q)
			return []candidate{{at + 1, end, v}}
		}
		return nil
	}
	before, n := utf8.DecodeLastRuneInString(text[:at])
	if n > 0 && wordRune(before) {
		return nil // within a word
	}
	end := min(len(text), at+longest)
	if n := strings.IndexAny(text[at:end], ends); n >= 0 {
		end = at + n
	}
	if n == 0 || strings.ContainsRune(ends, before) { // else, as after a dot, it was begun with before
		if word := strings.TrimRight(text[at:end], ".-_+"); word != "" {
			cs = append(cs, candidate{at, at + len(word), word})
		}
	}
	short := at
	for short < end {
		r, n := utf8.DecodeRuneInString(text[short:])
		if !wordRune(r) {
			break
		}
		short += n
	}
	if short > at {
		cs = append(cs, candidate{at, short, text[at:short]})
	}
	return cs
}

// next is how far it is to where another literal or word may begin.
func next(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	return max(n, 1)
}
