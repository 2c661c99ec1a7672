package erasure

import (
	"regexp"
	"strings"

	"lethe"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// IdentifierType is a kind of value that names persons, as a user's id or an
// e-mail address. Values of it that are spelled differently may name the same
// person.
type IdentifierType struct {
	Name string `json:"name"`
	// Form is which spellings count as the same.
	Form Form `json:"form"`
	// Parts name the values of a composite identifier, as first name, last name and
	// date of birth; none for an identifier of one value.
	Parts []string `json:"parts,omitempty"`
}

// Form is which spellings of an identifier count as the same.
type Form string

// The forms.
const (
	// Exact: only the same bytes.
	Exact Form = "exact"
	// Folded: also in other letter case, in other compositions of the same
	// characters (Unicode NFC), and with space around it.
	Folded Form = "folded"
	// Email is Folded, and a <...> around the address, mailto: before it, or a dot
	// at the end of the domain do not count. The part before the @ is folded too,
	// which RFC 5321 leaves to the receiving host, because no host in use tells
	// persons apart by it.
	Email Form = "email"
)

var typeName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Check says what is wrong with a type.
func (t IdentifierType) Check() error {
	if !typeName.MatchString(t.Name) {
		return lethe.Errorf(lethe.Invalid, "name %q of an identifier type: it must be lower-case letters, digits and underscores, and begin with a letter", t.Name)
	}
	switch t.Form {
	case Exact, Folded, Email:
	default:
		return lethe.Errorf(lethe.Invalid, "identifier type %s: form %q is none of exact, folded and email", t.Name, t.Form)
	}
	if len(t.Parts) == 1 {
		return lethe.Errorf(lethe.Invalid, "identifier type %s has the only part %q: name no parts for an identifier of one value", t.Name, t.Parts[0])
	}
	seen := map[string]bool{}
	for _, p := range t.Parts {
		if !typeName.MatchString(p) || seen[p] {
			return lethe.Errorf(lethe.Invalid, "identifier type %s: part %q is no name, or there twice", t.Name, p)
		}
		seen[p] = true
	}
	return nil
}

// parts is how many values an identifier of the type has.
func (t IdentifierType) parts() int { return max(1, len(t.Parts)) }

// Normal returns the one spelling of an identifier by which it is compared and
// hashed; false if a value is empty, which names nobody.
func (t IdentifierType) Normal(values []string) (string, bool) {
	var b strings.Builder
	for _, v := range values {
		if v = t.Form.of(v); v == "" {
			return "", false
		}
		if len(values) > 1 { // so that "ab","c" is not "a","bc"
			b.WriteString(lengthOf(v))
		}
		b.WriteString(v)
	}
	return b.String(), true
}

func (f Form) of(v string) string {
	if f == Exact {
		return v
	}
	v = strings.TrimSpace(v)
	if f == Email {
		if i, j := strings.LastIndexByte(v, '<'), strings.LastIndexByte(v, '>'); i >= 0 && j > i {
			v = strings.TrimSpace(v[i+1 : j])
		}
		if len(v) > 7 && strings.EqualFold(v[:7], "mailto:") {
			v = v[7:]
		}
		v = strings.TrimSuffix(v, ".")
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(v)))
}
