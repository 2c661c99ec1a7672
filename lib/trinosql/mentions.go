package trinosql

import "strings"

// mentions tells whether a table of the given name is in a body's FROM,
// subqueries in FROM and set operations included.
func mentions(b Body, name string) bool {
	switch b := b.(type) {
	case *Select:
		for _, r := range b.From {
			if relationMentions(r, name) {
				return true
			}
		}
	case *SetOp:
		return mentions(b.L, name) || mentions(b.R, name)
	case *TableBody:
		return relationMentions(b.Table, name)
	case *Paren:
		return mentions(b.Q.Body, name)
	}
	return false
}

func relationMentions(r Relation, name string) bool {
	switch r := r.(type) {
	case *Table:
		return len(r.Name) == 1 && strings.EqualFold(r.Name[0].Text, name)
	case *SubqueryRel:
		return mentions(r.Q.Body, name)
	case *Join:
		return relationMentions(r.L, name) || relationMentions(r.R, name)
	case *Aliased:
		return relationMentions(r.R, name)
	case *Sample:
		return relationMentions(r.R, name)
	}
	return false
}
