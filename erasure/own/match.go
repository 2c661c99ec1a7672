package own

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lethe/erasure"
)

// matcher finds a person in records and texts.
type matcher struct {
	person  erasure.Person
	whole   []string // identifier types, of one value, whose spellings differ
	words   []word   // identifiers of one value
	several [][]word // the parts of each composite one
	// mask stands for identifiers of whom only hashes are known; nil if they are known. So
	// does together, for composite ones of some types.
	mask     func(value string) (string, bool)
	types    []erasure.IdentifierType
	together func(t erasure.IdentifierType, values []string) (string, bool)
	// each says whether composite ones are looked for by their hashes in each record too.
	// That takes long where there are many.
	each bool
}

// word is an identifier as it may stand in a text.
type word struct {
	re   *regexp.Regexp
	mail bool
	mask string // what it is replaced by
}

func newMatcher(p erasure.Person, key *erasure.HashKey) *matcher {
	m := &matcher{person: p}
	if p.Hashed() {
		types := p.Types()
		m.mask = func(v string) (string, bool) {
			for _, t := range types {
				if p.Erased(t.Name, []string{v}) {
					n, _ := t.Normal([]string{v})
					return maskOf(key.Hash(t.Name, n)), true
				}
			}
			return "", false
		}
		m.types, m.together = types, func(t erasure.IdentifierType, values []string) (string, bool) {
			if !p.Erased(t.Name, values) {
				return "", false
			}
			n, _ := t.Normal(values)
			return maskOf(key.Hash(t.Name, n)), true
		}
		return m
	}
	for _, n := range p.Identifiers {
		t, ok := p.Type(n.Type)
		normal, fine := p.Normal(n)
		if !ok || !fine {
			continue
		}
		mask := maskOf(key.Hash(n.Type, normal))
		if len(n.Values) > 1 {
			var parts []word
			for _, v := range n.Values {
				parts = append(parts, newWord(t.Form, mask, v))
			}
			m.several = append(m.several, parts)
			continue
		}
		m.words = append(m.words, newWord(t.Form, mask, n.Values[0], normal))
		if t.Form != erasure.Exact && !slices.Contains(m.whole, n.Type) {
			m.whole = append(m.whole, n.Type)
		}
	}
	return m
}

const maskBegins = "[erased:"

// maskOf is what stands in place of an identifier.
func maskOf(h erasure.Hash) string { return maskBegins + h.String()[:16] + "]" }

func newWord(form erasure.Form, mask string, values ...string) word {
	var all []string
	for _, v := range values {
		for _, s := range spellings(v) {
			if q := regexp.QuoteMeta(s); s != "" && !slices.Contains(all, q) {
				all = append(all, q)
			}
		}
	}
	// The longest first, so that of two which begin alike the whole is replaced.
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	expr := strings.Join(all, "|")
	if form != erasure.Exact {
		expr = "(?i:" + expr + ")"
	}
	return word{re: regexp.MustCompile(expr), mail: strings.Contains(values[0], "@"), mask: mask}
}

// spellings are how a value stands in SQL, CSV, JSON and addresses.
func spellings(v string) []string {
	quoted, _ := json.Marshal(v) // strings always marshal
	return []string{
		v, strings.TrimSpace(v), strings.ReplaceAll(v, "'", "''"), strings.ReplaceAll(v, `"`, `""`),
		string(quoted[1 : len(quoted)-1]), url.QueryEscape(v), url.PathEscape(v),
	}
}

// find returns where the word stands in a text: the first such place from an offset
// on, or -1.
func (w word) find(text string, from int) (at, end int) {
	for from <= len(text) {
		m := w.re.FindStringIndex(text[from:])
		if m == nil {
			break
		}
		at, end = from+m[0], from+m[1]
		if w.alone(text, at, end) {
			return at, end
		}
		_, n := utf8.DecodeRuneInString(text[at:])
		from = at + max(n, 1)
	}
	return -1, -1
}

// alone says whether what stands in a text is a word of its own: no letter or digit
// goes on before or after it; of an e-mail address also no dot, hyphen, plus or
// underscore with one, which would make it another's.
func (w word) alone(text string, at, end int) bool {
	if strings.HasSuffix(text[:at], maskBegins) || strings.HasSuffix(text[:end], maskBegins[:len(maskBegins)-1]) && strings.HasPrefix(text[end:], ":") {
		return false // of a mask
	}
	before, n := utf8.DecodeLastRuneInString(text[:at])
	after, k := utf8.DecodeRuneInString(text[end:])
	if w.mail && n > 0 && strings.ContainsRune(".+-_", before) {
		before, _ = utf8.DecodeLastRuneInString(text[:at-n])
	}
	if w.mail && k > 0 && strings.ContainsRune(".-_", after) {
		after, _ = utf8.DecodeRuneInString(text[end+k:])
	}
	return !wordRune(before) && !wordRune(after)
}

// wordRune says whether a character makes part of a word. U+FFFD, which stands for
// the ends of a text, does not.
func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (w word) in(text string) bool {
	at, _ := w.find(text, 0)
	return at >= 0
}

func (w word) replace(text string) string {
	var b strings.Builder
	done := 0
	for {
		at, end := w.find(text, done)
		if at < 0 {
			break
		}
		b.WriteString(text[done:at])
		b.WriteString(w.mask)
		done = end
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// composite returns the parts of a composite identifier that a text has all of.
func (m *matcher) composite(text string) []word {
	for _, parts := range m.several {
		if !slices.ContainsFunc(parts, func(w word) bool { return !w.in(text) }) {
			return parts
		}
	}
	return nil
}

// in says whether a text names the person.
func (m *matcher) in(text string) bool {
	if m.mask != nil {
		return m.redact(text) != text
	}
	return slices.ContainsFunc(m.words, func(w word) bool { return w.in(text) }) || m.composite(text) != nil
}

// redact returns a text without what names the person. Done again, it changes
// nothing.
func (m *matcher) redact(text string) string {
	if m.mask != nil {
		return joined(replaced(text, m.mask), m.types, m.together)
	}
	parts := m.composite(text)
	for _, w := range slices.Concat(m.words, parts) {
		text = w.replace(text)
	}
	return text
}

// value says whether a value is an identifier of the person, as its type compares
// it. Identifiers of which only one spelling counts are words of the record.
func (m *matcher) value(v string) bool {
	if m.mask != nil {
		_, is := m.mask(v)
		return is
	}
	return slices.ContainsFunc(m.whole, func(t string) bool { return m.person.Is(t, []string{v}) })
}
