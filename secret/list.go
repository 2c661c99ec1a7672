package secret

import (
	"context"
	"database/sql"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
)

// Filter keeps secrets that match one of its values; a value that begins with ! keeps
// those that do not match the rest of it.
type Filter struct {
	Key    string // description, name, tag-key, tag-value, primary-region, owning-service or all
	Values []string
}

// Listing says which secrets are to be listed, and in what order.
type Listing struct {
	Filters  []Filter
	Deleted  bool   // also those that are marked for deletion
	SortBy   string // created-date, which "" means, last-accessed-date, last-changed-date or name
	Oldest   bool   // ascending
	Page     int    // at most so many; 0 means 100
	Continue string // the token of a page before
	// Visible leaves out, unless nil, what the caller is not to see.
	Visible func(Secret) (bool, error)
}

// List returns secrets and, if there are more, the token of the next page.
func (s *Service) List(ctx context.Context, l Listing) (page []Secret, next string, err error) {
	if l.Page == 0 {
		l.Page = 100
	}
	after, err := base64.RawURLEncoding.DecodeString(l.Continue)
	if err != nil {
		return nil, "", BadToken()
	}
	var all []Secret
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		all, err = s.load(ctx, tx, "1 = 1")
		return err
	})
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(all, func(a, b Secret) int {
		c := l.compare(a, b)
		if !l.Oldest {
			c = -c
		}
		if c == 0 {
			c = strings.Compare(a.ID, b.ID)
		}
		return c
	})
	started := l.Continue == ""
	for _, x := range all {
		if !started {
			started = x.ID == string(after)
			continue
		}
		if s.gone(x) || !l.Deleted && !x.Deleted.IsZero() || !l.matches(x) {
			continue
		}
		if l.Visible != nil {
			if ok, err := l.Visible(x); err != nil || !ok {
				if err != nil {
					return nil, "", err
				}
				continue
			}
		}
		if len(page) == l.Page {
			return page, base64.RawURLEncoding.EncodeToString([]byte(page[l.Page-1].ID)), nil
		}
		page = append(page, x)
	}
	if !started {
		return nil, "", BadToken()
	}
	return page, "", nil
}

func (l Listing) compare(a, b Secret) int {
	switch l.SortBy {
	case "name":
		return strings.Compare(a.Name, b.Name)
	case "last-accessed-date":
		return a.Accessed.Compare(b.Accessed)
	case "last-changed-date":
		return a.Changed.Compare(b.Changed)
	}
	return a.Created.Compare(b.Created)
}

// matches reports whether a secret passes all filters.
func (l Listing) matches(x Secret) bool {
	for _, f := range l.Filters {
		if !f.matches(x) {
			return false
		}
	}
	return true
}

// matches follows the API Reference (Filter) for what is compared, and for names and tags
// how: by their beginnings. Descriptions and all are compared word by word, whatever their
// case.
func (f Filter) matches(x Secret) bool {
	var texts []string
	match := strings.HasPrefix
	if f.Key == "description" || f.Key == "all" {
		match = wordsMatch
		texts = append(texts, x.Description)
	}
	if f.Key == "name" || f.Key == "all" {
		texts = append(texts, x.Name)
	}
	for _, t := range x.Tags {
		if f.Key == "tag-key" || f.Key == "all" {
			texts = append(texts, t.Key)
		}
		if f.Key == "tag-value" || f.Key == "all" {
			texts = append(texts, t.Value)
		}
	}
	for _, v := range f.Values {
		v, not := strings.CutPrefix(v, "!")
		if slices.ContainsFunc(texts, func(t string) bool { return t != "" && match(t, v) }) != not {
			return true
		}
	}
	return false
}

// wordsMatch reports whether each word of the pattern begins a word of the text.
func wordsMatch(text, pattern string) bool {
	have, want := words(text), words(pattern)
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return len(want) > 0
}

// words splits a text at what is neither letter nor digit, and where a capital follows a
// small letter, and lowers the case.
func words(text string) (all []string) {
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			all = append(all, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	var last rune
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
		} else {
			if unicode.IsUpper(r) && unicode.IsLower(last) {
				end()
			}
			b.WriteRune(r)
		}
		last = r
	}
	end()
	return all
}
