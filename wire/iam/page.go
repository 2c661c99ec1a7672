package iam

import (
	"encoding/base64"
	"slices"
	"strings"

	"lethe"
)

// defaultItems is how many items a page has if the request does not say.
const defaultItems = 100

// page returns the items after a marker, at most as many as asked for, and the marker
// of the next page; nil at the end. Items are ordered by their keys, which a marker
// hides, so that a page begins after the one before it whatever changed meanwhile.
func page[T any](items []T, key func(T) string, marker *string, most *int32) (part []T, next *string, truncated bool, err error) {
	after := ""
	if m := text(marker); m != "" {
		b, err := base64.RawURLEncoding.DecodeString(m)
		if err != nil {
			return nil, nil, false, lethe.Errorf(lethe.Invalid, "The marker %q is not one that was returned by this operation.", m)
		}
		after = string(b)
	}
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if after != "" {
		at, found := slices.BinarySearchFunc(items, after, func(v T, k string) int { return strings.Compare(key(v), k) })
		if found {
			at++
		}
		items = items[at:]
	}
	n := defaultItems
	if most != nil {
		n = int(*most)
	}
	if len(items) <= n {
		return items, nil, false, nil
	}
	m := base64.RawURLEncoding.EncodeToString([]byte(key(items[n-1])))
	return items[:n], &m, true, nil
}

// same is the key of items that are text.
func same(s string) string { return s }

// below keeps the items whose path begins with a prefix.
func below[T any](items []T, path func(T) string, prefix *string) []T {
	if text(prefix) == "" {
		return items
	}
	return slices.DeleteFunc(items, func(v T) bool { return !strings.HasPrefix(path(v), *prefix) })
}

// convert converts each item.
func convert[A, B any](items []A, f func(A) B) []B {
	all := make([]B, len(items))
	for i, v := range items {
		all[i] = f(v)
	}
	return all
}
