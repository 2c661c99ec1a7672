package erasure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
)

// token stands for an identifier wherever one is shown.
func (s *Service) token(value string) string {
	return "[" + s.Key.Hash("trace", value).String()[:16] + "]"
}

// shown is a key as it is shown: with tokens for the identifiers that stand in it by
// a mapping's pattern, or by the partition that it is in, whoever's they are.
func (s *Service) shown(covers []cover, key string) string {
	type span struct{ from, to int }
	var hidden []span
	for _, v := range covers {
		for _, p := range v.keys {
			if p == nil {
				continue
			}
			at := p.at(key, v.root)
			for i := 0; i < len(at); i += 2 {
				hidden = append(hidden, span{at[i], at[i+1]})
			}
		}
		for _, value := range v.partitionIdentifiers(key) {
			for _, text := range []string{value, catalog.EscapePath(value)} {
				for from := 0; ; {
					i := strings.Index(key[from:], text)
					if i < 0 {
						break
					}
					hidden = append(hidden, span{from + i, from + i + len(text)})
					from += i + len(text)
				}
			}
		}
	}
	slices.SortFunc(hidden, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var b strings.Builder
	at := 0
	for _, h := range hidden {
		if h.from < at {
			continue
		}
		b.WriteString(key[at:h.from])
		b.WriteString(s.token(catalog.UnescapePath(key[h.from:h.to])))
		at = h.to
	}
	b.WriteString(key[at:])
	return b.String()
}

// hidden is a key as it is shown in what is about a person.
func (s *Service) hidden(c *scope, sub subject, bucket, key string) string {
	return s.masked(sub, s.shown(c.covers(bucket, key), key))
}

// partitionIdentifiers are the values of partition keys that identify persons.
func (c cover) partitionIdentifiers(key string) (values []string) {
	if key != "" && len(key) < c.root {
		return nil
	}
	var of []string
	for _, id := range c.Identifiers {
		for _, col := range id.Columns {
			i := partitionKey(c.table, col)
			if i < 0 {
				continue
			}
			if of == nil {
				if of = c.partitionOf(key); of == nil {
					return nil
				}
			}
			if v := of[i]; v != "" && v != catalog.DefaultValue {
				values = append(values, v)
			}
		}
	}
	return values
}

// hiding is an error without the key that it was about.
type hiding struct {
	error
	text string
}

func (h hiding) Error() string { return h.text }
func (h hiding) Unwrap() error { return h.error }

// hide takes out of an error's text the identifiers that stand in a key.
func (s *Service) hide(covers []cover, key string, err error) error {
	return s.hideFrom(covers, subject{}, key, err)
}

// hideFrom also takes out whatever names a person.
func (s *Service) hideFrom(covers []cover, sub subject, key string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	shown := s.shown(covers, key)
	clean := func(text string) string { return s.masked(sub, strings.ReplaceAll(text, key, shown)) }
	text := clean(err.Error())
	if text == err.Error() {
		return err
	}
	var e *lethe.Error
	if errors.As(err, &e) && err == error(e) { // whose message and hint are shown by themselves
		return &lethe.Error{Kind: e.Kind, Message: clean(e.Message), Hint: clean(e.Hint), Cause: err}
	}
	return hiding{err, text}
}

// covers are the mappings that a version was looked at by.
func (t task) covers() (cs []cover) {
	for _, k := range t.looks {
		cs = append(cs, k.cover)
	}
	return cs
}
