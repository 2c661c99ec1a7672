package policy

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse holds that no document makes Parse or what follows panic, and that
// errors have a place within the document.
func FuzzParse(f *testing.F) {
	c := chance{rand.New(rand.NewPCG(3, 4))}
	for range 20 {
		f.Add([]byte(c.document(Identity)), "s3:GetObject", "arn:aws:s3:::b/x", "ann")
		f.Add([]byte(c.document(Resource)), "s3:GetObject", "*", "\xff")
	}
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${*}${a:b, 'c'}"}}`), "", "", "")
	f.Fuzz(func(t *testing.T, text []byte, action, resource, value string) {
		for k := Identity; k <= Trust; k++ {
			p, err := Parse(text, k)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("%T", err)
				}
				lines := strings.Split(string(text), "\n")
				if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len(lines[e.Line-1])+1 || e.Msg == "" || e.AWS == "" {
					t.Errorf("%q: %#v", text, e)
				}
				continue
			}
			set := Set{Identity: []Named{{"p", p}}}
			if k != Identity {
				set = Set{Resource: set.Identity}
			}
			r := Request{Principal: callers["ann"], Action: action, Resource: resource, Context: map[string][]string{"k:s": {value}, "aws:TagKeys": {value, "a"}}}
			if d := set.Evaluate(&r); d.Allowed && d.Explicit || d.String() == "" {
				t.Errorf("%+v", d)
			}
			set.Matched(&r)
			set.MissingContext(&r)
			ContextKeys(p)
		}
	})
}

// FuzzMatch compares the two ways of matching with the simplest one.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*a*a*a*b", "aaaaaaaaaaaaab")
	f.Add("?*?", "é:é")
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 12 || len(s) > 20 || !utf8.ValidString(p) || !utf8.ValidString(s) || strings.ContainsFunc(p+s, func(r rune) bool { return r >= privateUse && r < privateUse+128 }) {
			return
		}
		want := like([]rune(p), []rune(s))
		if got := Match(p, s); got != want {
			t.Errorf("Match(%q, %q) = %v", p, s, got)
		}
		compiled := string(appendWildcards(nil, p))
		if got := matchSegments(compiled, s); got != want {
			t.Errorf("matchSegments(%q, %q) = %v", p, s, got)
		}
		folded := string(appendWildcards(nil, strings.ToLower(p)))
		if got := match(folded, s, true); isASCII(p+s) && got != like([]rune(strings.ToLower(p)), []rune(strings.ToLower(s))) {
			t.Errorf("match(%q, %q, fold) = %v", p, s, got)
		}
	})
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
