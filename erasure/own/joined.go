package own

import (
	"slices"
	"strings"
	"unicode/utf8"

	"lethe/erasure"
)

// A composite identifier of whom only hashes are known is one hash of all its parts. It is
// found in a text by trying words and literals of it that stand near each other, in any
// order, as the parts.

// near is among how many words and literals that follow one another the parts of an
// identifier are looked for, by how many parts it has: as many as a condition of a statement
// has, and so few that for each word a hundred hashes or so are tried, not all that there
// could be. Of more parts than these they are not looked for.
var near = map[int]int{2: 16, 3: 8, 4: 6}

// mostTried bounds the hashes that are tried for a text, per type.
const mostTried = 1 << 14

// joined returns a text in which the parts of composite identifiers are replaced for which
// mask has something else.
func joined(text string, types []erasure.IdentifierType, mask func(t erasure.IdentifierType, values []string) (string, bool)) string {
	for _, t := range types {
		window := near[len(t.Parts)]
		if window == 0 {
			continue
		}
		words, tried := wordsOf(text), map[string]bool{}
		for i := range words {
			among := words[i:min(len(words), i+window)]
			eachArrangement(among, len(t.Parts), func(values []string) bool {
				all := strings.Join(values, "\x00")
				if tried[all] {
					return true
				}
				if len(tried) == mostTried {
					return false
				}
				tried[all] = true
				with, ok := mask(t, values)
				if !ok {
					return true
				}
				parts := slices.Clone(values)
				text = replaced(text, func(v string) (string, bool) { return with, slices.Contains(parts, v) })
				return true
			})
		}
	}
	return text
}

// wordsOf are the words and literals of a text, in their order, each in its longest form
// and as a word; of those that are the same one after the other the first.
func wordsOf(text string) (words []string) {
	for at := 0; at < len(text); at += next(text[at:]) {
		for _, c := range candidates(text, at) {
			if len(words) == 0 || words[len(words)-1] != c.value {
				words = append(words, c.value)
			}
		}
	}
	return words
}

// eachArrangement calls f with all arrangements of n different words of which one is the
// first of some, until f returns false.
func eachArrangement(words []string, n int, f func(values []string) bool) {
	if len(words) < n {
		return
	}
	values := make([]string, n)
	var place func(after, left int) bool // the words after one into the places that are free
	place = func(after, left int) bool {
		if left == 0 {
			return f(values)
		}
		for i := after; i < len(words); i++ {
			if words[i] == "" || slices.Contains(values, words[i]) {
				continue
			}
			for p := range values {
				if values[p] != "" {
					continue
				}
				values[p] = words[i]
				goOn := place(i+1, left-1)
				values[p] = ""
				if !goOn {
					return false
				}
			}
		}
		return true
	}
	for p := range values {
		if words[0] == "" {
			return
		}
		values[p] = words[0]
		goOn := place(1, n-1)
		values[p] = ""
		if !goOn {
			return
		}
	}
}

// tellingTogether says whether values name somebody together wherever they stand.
func tellingTogether(values []string) bool {
	all := strings.Join(values, "")
	return strings.Contains(all, "@") || utf8.RuneCountInString(all) >= tellingLength
}
