package erasure

import (
	"slices"

	"lethe"
)

// Named is an identifier that somebody gave: the values of its type.
type Named struct {
	Type   string   `json:"type"`
	Values []string `json:"values"` // one, or one for each part of the type
}

// subject is a person who is looked for: all that is known to name them.
type subject struct {
	normal map[string]map[string]bool // by type, the normalised identifiers
	traces []string                   // texts that name them wherever they stand
	// hashed names those of whom only hashes are known, who have been erased before.
	hashed  func(typ, value string) bool
	request string // "" where they are erased for none
	// kept says which hold keeps what lies under a mapping, or at a holder; see keeps.
	kept func(mapping string) (Hold, bool)
}

// subject makes one of what somebody gave. Its errors are of kind Invalid, and do
// not repeat the values.
func (k known) subject(given []Named) (subject, error) {
	sub := subject{normal: map[string]map[string]bool{}}
	if len(given) == 0 {
		return sub, lethe.Errorf(lethe.Invalid, "the request names nobody: give an identifier, as user_id=VALUE")
	}
	for i, n := range given {
		typ, ok := k.types[n.Type]
		if !ok {
			return sub, lethe.Errorf(lethe.Invalid, "identifiers[%d]: there is no identifier type %q", i, n.Type)
		}
		if len(n.Values) != typ.parts() {
			return sub, lethe.Errorf(lethe.Invalid, "identifiers[%d]: %d values, and an identifier of type %s has %d", i, len(n.Values), n.Type, typ.parts())
		}
		v, ok := typ.Normal(n.Values)
		if !ok {
			return sub, lethe.Errorf(lethe.Invalid, "identifiers[%d]: an identifier of type %s is empty", i, n.Type)
		}
		if sub.normal[n.Type] == nil {
			sub.normal[n.Type] = map[string]bool{}
		}
		sub.normal[n.Type][v] = true
		// A part of a composite identifier, as a first name, names nobody by itself.
		if typ.parts() == 1 {
			sub.traces = append(sub.traces, n.Values[0], v)
		}
	}
	slices.Sort(sub.traces)
	sub.traces = slices.Compact(sub.traces)
	return sub, nil
}

// is says whether an identifier, by its type and its normalised value, is the person's.
func (sub subject) is(typ, value string) bool {
	return sub.normal[typ][value] || sub.hashed != nil && sub.hashed(typ, value)
}

// columns are those in the files that a cover's identifiers are in, one
// identifier's after the other's.
func (c cover) columns() (cs []string) {
	for _, id := range c.Identifiers {
		for _, col := range id.Columns {
			if c.inFiles(id) && partitionKey(c.table, col) < 0 {
				cs = append(cs, col)
			}
		}
	}
	return cs
}

// inFiles says whether an identifier is in a column of the files, and not only in
// partition keys, or in no column at all.
func (c cover) inFiles(id Identifier) bool {
	return slices.ContainsFunc(id.Columns, func(col string) bool { return partitionKey(c.table, col) < 0 })
}

// normals calls f with the type and the normalised value of each identifier in a
// record's values of the columns, until f returns false.
func (c look) normals(values [][]string, f func(typ, value string) bool) {
	c.each(values, func(i int, v string) bool { return f(c.Identifiers[i].Type, v) })
}

// each is normals with which of the mapping's identifiers it is.
func (c look) each(values [][]string, f func(i int, value string) bool) {
	at := 0
	for i, id := range c.Identifiers {
		if !c.inFiles(id) {
			continue
		}
		of := make([][]string, 0, len(id.Columns))
		for _, col := range id.Columns {
			if k := partitionKey(c.table, col); k >= 0 {
				of = append(of, c.partitionValue(k))
			} else {
				of = append(of, values[at])
				at++
			}
		}
		for one := range identifiers(of) {
			if v, ok := c.types[i].Normal(one); ok && !f(i, v) {
				return
			}
		}
	}
}

// holds returns what says whether a record is of the person.
func (c look) holds(sub subject) func(values [][]string) bool {
	return func(values [][]string) (found bool) {
		c.normals(values, func(typ, v string) bool {
			found = sub.is(typ, v)
			return !found
		})
		return found
	}
}
