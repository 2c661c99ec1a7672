package hms

import (
	"slices"
	"testing"

	"lethe/catalog"
)

// FuzzFilter reads any text as a filter. What it selects, the expression that the
// catalog is asked with lets through, and a filter in parentheses is the same.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`dt = "a" and (hour < 3 or dt in ('x', "y"))`, `3 <= hour`, `dt not like "a.*"`, `hour not between 1 and 2`, `dt = 2026-01-01 and dt = "b"`, `((`, `dt = date '2026-01-01'`} {
		f.Add(s, "a", "3")
	}
	keys := []catalog.Column{{Name: "dt", Type: "string"}, {Name: "hour", Type: "int"}}
	f.Fuzz(func(t *testing.T, s, dt, hour string) {
		parsed, err := parseFilter(s)
		if err != nil {
			return
		}
		b, err := bind(parsed, keys)
		if err != nil {
			return
		}
		values := []string{dt, hour}
		selected := b.matches(values)
		for i, v := range b.prune(keys).Values {
			if selected && v != nil && !slices.Contains(v, values[i]) {
				t.Errorf("%q selects %q, which is pruned by %q", s, values, v)
			}
		}
		if again, err := parseFilter("(" + s + ")"); err == nil {
			if b, err := bind(again, keys); err != nil || b.matches(values) != selected {
				t.Errorf("%q in parentheses differs: %v", s, err)
			}
		}
	})
}

func TestNamesMatchPatterns(t *testing.T) {
	for _, x := range []struct {
		pattern, name string
		want          bool
	}{{"*", "", true}, {"*", "a", true}, {"a*c", "abbc", true}, {"a*c", "abbd", false}, {"A|b", "a", true}, {"a|", "b", false}, {".*", "a", true}, {"a.c", "abc", true},
		{"*a*b*", "xaxbx", true}, {"*a*b*", "xbxax", false}, {"", "a", true}, {"a", "ab", false}, {"ab*", "a", false}} {
		if got := like(x.pattern, x.name); got != x.want {
			t.Errorf("like(%q, %q) = %v", x.pattern, x.name, got)
		}
	}
}
