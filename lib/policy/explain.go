package policy

import (
	"slices"
	"strings"
)

// MatchedStatement is a statement that speaks of a request.
type MatchedStatement struct {
	Source    Source
	Policy    string // its name in the set
	Statement string // its Sid, or its number, from 1
	Deny      bool
	Start     Position
	End       Position
}

// Matched returns every statement that speaks of the request, allowing or
// denying, in the order identity-based policies, boundaries, session policies,
// resource-based policies.
func (s *Set) Matched(r *Request) []MatchedStatement {
	var out []MatchedStatement
	services := actionServices(r.Action)
	for i, list := range [...][]Named{s.Identity, s.Boundary, s.Session, s.Resource} {
		for _, n := range list {
			for _, st := range n.Policy.statements {
				if st.matches(r, services) && st.speaksOf(&r.Principal, s.Boundary != nil) != notNamed {
					out = append(out, MatchedStatement{IdentitySource + Source(i), n.Name, st.name(), st.deny, st.start, st.end})
				}
			}
		}
	}
	return out
}

// MissingContext returns the condition keys that statements for the request's
// action and resource ask for and the request does not have: with other values
// the decision might fall otherwise. Names are as written, in order.
func (s *Set) MissingContext(r *Request) []string {
	keys := keyNames{}
	services := actionServices(r.Action)
	for _, list := range [...][]Named{s.Identity, s.Boundary, s.Session, s.Resource} {
		for _, n := range list {
			for _, st := range n.Policy.statements {
				if st.services&services == 0 || !st.matchesAction(r.Action) {
					continue
				}
				st.eachKey(func(k *key) {
					var slot [1]string
					if len(r.values(k, &slot)) == 0 {
						keys.add(k)
					}
				})
			}
		}
	}
	return keys.sorted()
}

// ContextKeys returns the condition keys that the policies use, in conditions
// and as variables. Names are as written first, in order.
func ContextKeys(policies ...*Policy) []string {
	keys := keyNames{}
	for _, p := range policies {
		for _, st := range p.statements {
			st.eachKey(keys.add)
		}
	}
	return keys.sorted()
}

// keyNames maps names in lower case to names as written.
type keyNames map[string]string

func (ks keyNames) add(k *key) {
	if _, ok := ks[k.name]; !ok {
		ks[k.name] = k.written
	}
}

func (ks keyNames) sorted() []string {
	out := make([]string, 0, len(ks))
	for _, name := range ks {
		out = append(out, name)
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return out
}

func (s *statement) eachKey(f func(*key)) {
	each := func(t *template) {
		for i := range t.pieces {
			if k := t.pieces[i].key; k != nil {
				f(k)
			}
		}
	}
	for i := range s.resources {
		each(&s.resources[i])
	}
	for i := range s.conditions {
		f(s.conditions[i].key)
		for j := range s.conditions[i].values {
			each(&s.conditions[i].values[j].text)
		}
	}
}
