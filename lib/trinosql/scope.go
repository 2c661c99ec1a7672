package trinosql

import "strings"

// scope is what a name can mean at a place: the columns of the relations around
// it, a lambda's parameters, named queries, and then all of the parent's.
type scope struct {
	parent *scope
	// query is set on the scope that belongs to a query as a whole: leaving it
	// means to refer to an outer query.
	query  bool
	fields []*Field
	index  map[string][]*Field // by lower-case name, made when needed
	from   bool                // fields come from a FROM clause
	output bool                // fields are those of a select list, for ORDER BY
	lambda *Lambda
	params []*Type
	ctes   map[string]*namedQuery
}

// namedQuery is a query of a WITH, with its columns named.
type namedQuery struct {
	cte       *CTE
	fields    []*Field
	recursive bool // being defined: a reference is the recursion
	opaque    bool // was recursive
	refs      int
}

// lookup finds the fields of this scope alone that a name of one or more parts
// can mean.
func (s *scope) lookup(name []string) []*Field {
	if len(s.fields) == 0 {
		return nil
	}
	if s.index == nil {
		s.index = make(map[string][]*Field, len(s.fields))
		for _, f := range s.fields {
			if f.Name != "" {
				k := strings.ToLower(f.Name)
				s.index[k] = append(s.index[k], f)
			}
		}
	}
	column, qualifier := name[len(name)-1], name[:len(name)-1]
	found := s.index[strings.ToLower(column)]
	if len(qualifier) == 0 {
		return found
	}
	var out []*Field
	for _, f := range found {
		if f.hasQualifier(qualifier) {
			out = append(out, f)
		}
	}
	return out
}

// hasQualifier tells whether the relation of f may be called so: by the last
// parts of its name.
func (f *Field) hasQualifier(q []string) bool {
	if len(q) > len(f.qualifier) {
		return false
	}
	for i, part := range f.qualifier[len(f.qualifier)-len(q):] {
		if !strings.EqualFold(part, q[i]) {
			return false
		}
	}
	return true
}

// holdsPrefix tells whether a shorter beginning of name is a column of this
// scope, so that the rest takes fields out of a row.
func (s *scope) holdsPrefix(name []string) bool {
	for n := len(name) - 1; n > 0; n-- {
		if len(s.lookup(name[:n])) > 0 || n == 1 && s.param(name[0]) >= 0 {
			return true
		}
	}
	return false
}

// param returns the index of the lambda parameter called name, or -1.
func (s *scope) param(name string) int {
	if s.lambda != nil {
		for i, p := range s.lambda.Params {
			if strings.EqualFold(p.Text, name) {
				return i
			}
		}
	}
	return -1
}

// named finds the query that WITH called name.
func (s *scope) named(name string) *namedQuery {
	name = strings.ToLower(name)
	for ; s != nil; s = s.parent {
		if q := s.ctes[name]; q != nil {
			return q
		}
	}
	return nil
}
