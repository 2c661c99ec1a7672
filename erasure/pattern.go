package erasure

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lethe"
)

// pattern finds identifiers in keys. In its text, {user_id} stands for an
// identifier, or for a part of one, * for any characters within a segment and **
// for any segments; all else stands for itself. A text with a slash is about the
// whole key below the mapped place, any other one about the last segment. It is
// anchored at both ends.
//
// A placeholder takes as few characters as it can, so that {user_id}-*.csv finds
// 1001 in 1001-5d1c-77.csv, and * takes as many.
type pattern struct {
	re    *regexp.Regexp
	whole bool  // of the key below the place
	group []int // of each part of the type
}

// maxPattern bounds the text of a pattern, in bytes.
const maxPattern = 1024

// parsePattern reads a pattern of identifiers of a type. Its errors are of kind
// Invalid.
func parsePattern(text string, t IdentifierType) (*pattern, error) {
	bad := func(format string, args ...any) (*pattern, error) {
		return nil, lethe.Errorf(lethe.Invalid, "pattern %q: "+format, append([]any{text}, args...)...)
	}
	if len(text) > maxPattern {
		return nil, lethe.Errorf(lethe.Invalid, "a pattern of %d bytes: at most %d", len(text), maxPattern)
	}
	p := &pattern{whole: strings.Contains(text, "/"), group: make([]int, t.parts())}
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	groups, free := 0, false // free: what came last takes any number of characters
	for rest := strings.TrimPrefix(text, "/"); rest != ""; {
		switch {
		case rest[0] == '{':
			name, after, ok := strings.Cut(rest[1:], "}")
			if !ok {
				return bad("a { is not closed")
			}
			if free {
				return bad("{%s} follows a * or another placeholder: where it begins could not be told", name)
			}
			if strings.HasPrefix(after, "*") {
				return bad("{%s} is followed by a *: where it ends could not be told", name)
			}
			part := 0
			if len(t.Parts) > 0 {
				if part = slices.Index(t.Parts, name); part < 0 {
					return bad("{%s} is no part of type %s, which has %s", name, t.Name, strings.Join(t.Parts, ", "))
				}
			}
			if p.group[part] != 0 {
				return bad("{%s} is there twice", name)
			}
			groups++
			p.group[part], free, rest = groups, true, after
			re.WriteString(`([^/]+?)`)
		case strings.HasPrefix(rest, "**/"):
			re.WriteString(`(?:.*/)?`)
			free, rest = false, rest[3:]
		case strings.HasPrefix(rest, "**"):
			if p.whole {
				re.WriteString(`.*`)
			} else {
				re.WriteString(`[^/]*`)
			}
			free, rest = true, rest[2:]
		case rest[0] == '*':
			re.WriteString(`[^/]*`)
			free, rest = true, rest[1:]
		default:
			n := strings.IndexAny(rest, "{*")
			if n < 0 {
				n = len(rest)
			}
			re.WriteString(regexp.QuoteMeta(rest[:n]))
			free, rest = false, rest[n:]
		}
	}
	re.WriteString(`\z`)
	for i, g := range p.group {
		if g == 0 && len(t.Parts) > 0 {
			return bad("it has no {%s}", t.Parts[i])
		} else if g == 0 {
			return bad("it has no placeholder, as {%s}", t.Name)
		}
	}
	var err error
	if p.re, err = regexp.Compile(re.String()); err != nil {
		return bad("%v", err)
	}
	return p, nil
}

// at returns where in a key its identifier stands, as offsets of the beginnings and
// ends of its parts; nil if the key is not of the pattern. The key's first root
// bytes are the mapped place.
func (p *pattern) at(key string, root int) []int {
	from := root
	if !p.whole {
		from = max(root, strings.LastIndexByte(key, '/')+1)
	}
	m := p.re.FindStringSubmatchIndex(key[from:])
	if m == nil {
		return nil
	}
	at := make([]int, 0, 2*len(p.group))
	for _, g := range p.group {
		at = append(at, from+m[2*g], from+m[2*g+1])
	}
	return at
}

// values returns the identifiers that a key may name: as they stand in it, and
// with %XX for what they stand for, if there are such.
func (p *pattern) values(key string, root int) (all [][]string) {
	at := p.at(key, root)
	if at == nil {
		return nil
	}
	var raw, plain []string
	for i := 0; i < len(at); i += 2 {
		v := key[at[i]:at[i+1]]
		raw = append(raw, v)
		if u, err := url.PathUnescape(v); err == nil {
			v = u
		}
		plain = append(plain, v)
	}
	if all = append(all, raw); !slices.Equal(raw, plain) {
		all = append(all, plain)
	}
	return all
}
