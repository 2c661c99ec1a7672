package database

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
)

// kind is what a column's values are.
type kind int

const (
	textual kind = iota
	integer
	uuid
	binary
	scalar // another type that has one text for each value
	opaque // lists, documents and others that have none
)

// column is one of a table.
type column struct {
	name     string
	typ      string // as the database calls it
	kind     kind
	nullable bool
}

// table is one as the database describes it.
type table struct {
	name    name
	columns map[string]column
	// key are the columns of its primary key, or else those that name a row as far
	// as it matters; see keyless.
	key []string
	// keyless says that several rows may have the same key, which then are changed
	// together: key are the columns by which they were found.
	keyless bool
	// physical says that rows are named by where they are.
	physical bool
}

// foreignKey is a constraint by which rows of a table reference those of another.
type foreignKey struct {
	constraint string
	from, to   name
	columns    []string
	references []string
	rule       string // CASCADE, SET NULL, SET DEFAULT, RESTRICT or NO ACTION
	deferrable bool
}

// node is a table of whose rows some may go.
type node struct {
	*table
	// mapped is how it is configured; nil if its rows go because others do.
	mapped *Table
	rows   *rows
	// parents are the foreign keys by which rows of this table are the person's
	// because those they reference are.
	parents []foreignKey
}

func (n *node) deletes() bool {
	return n.mapped == nil || n.mapped.Mode == "" || n.mapped.Mode == modeDelete
}

// plan reads as much of the schema as concerns a person, and refuses what cannot
// be erased from.
func (h *Holder) plan(ctx context.Context, tx *sql.Tx, p erasure.Person) (*search, error) {
	s := &search{h: h, d: h.dialect, tx: tx, p: p, nodes: map[name]*node{}}
	for i := range h.Tables {
		m := &h.Tables[i]
		n, err := parseName(m.Table)
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "table %s: %w", m.Table, err)
		}
		t, err := s.d.describe(ctx, tx, n)
		if err != nil {
			return nil, err
		}
		if s.nodes[t.name] != nil {
			return nil, lethe.Errorf(lethe.Invalid, "table %s is mapped twice", t.name)
		}
		if err := m.fits(t, p); err != nil {
			return nil, err
		}
		s.nodes[t.name] = &node{table: t, mapped: m}
	}
	keys, err := s.d.foreignKeys(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := s.reach(ctx, keys); err != nil {
		return nil, err
	}
	for _, n := range s.nodes {
		if n.mapped != nil && len(n.mapped.Identifiers) == 0 && len(n.parents) == 0 {
			return nil, lethe.Errorf(lethe.Invalid, "table %s has no identifiers, and no foreign key to another table that is mapped", n.name)
		}
		n.choose()
	}
	return s, s.sort()
}

// fits says what a mapping has that the table, or the person's types, have not.
func (m *Table) fits(t *table, p erasure.Person) error {
	wrong := func(format string, args ...any) *lethe.Error {
		return lethe.Errorf(lethe.Invalid, "table "+t.name.String()+": "+format, args...)
	}
	for i, id := range m.Identifiers {
		typ, ok := p.Type(id.Type)
		if !ok {
			return wrong("identifiers[%d]: there is no identifier type %q", i, id.Type)
		}
		if want := max(1, len(typ.Parts)); len(id.Columns) != want {
			return wrong("identifiers[%d]: %d columns, and an identifier of type %s has %d values", i, len(id.Columns), id.Type, want)
		}
		for _, name := range id.Columns {
			c, ok := t.columns[name]
			_, replaced := m.Replace[name]
			switch {
			case !ok:
				return wrong("there is no column %q", name).WithHint("names are compared in their letter case")
			case c.kind == opaque:
				return lethe.Errorf(lethe.Unsupported, "table %s: column %q is of type %s, whose values are not compared with identifiers", t.name, name, c.typ)
			case replaced:
			case m.Mode == modeNull && !c.nullable:
				return wrong("column %q cannot be null", name).WithHint("use another mode, or give it a value in replace")
			case (m.Mode == modeBlank || m.Mode == modePseudonymise) && c.kind != textual:
				return wrong("column %q is of type %s, and mode %s is for texts", name, c.typ, m.Mode).WithHint("use another mode, or give it a value in replace")
			}
		}
	}
	for name, v := range m.Replace {
		if c, ok := t.columns[name]; !ok {
			return wrong("replace: there is no column %q", name)
		} else if v == nil && !c.nullable {
			return wrong("replace: column %q cannot be null", name)
		}
	}
	return nil
}

// reach adds the tables whose rows go because those they reference go, and refuses
// those whose rows would keep others from going.
func (s *search) reach(ctx context.Context, keys []foreignKey) error {
	for again := true; again; {
		again = false
		for _, k := range keys {
			parent := s.nodes[k.to]
			if parent == nil {
				continue
			}
			child := s.nodes[k.from]
			if slices.ContainsFunc(s.keys, k.is) {
				continue
			}
			switch {
			case child == nil && !parent.deletes(), child == nil && strings.HasPrefix(k.rule, "SET "):
				continue
			case child == nil && k.rule != "CASCADE":
				return lethe.Errorf(lethe.Invalid, "table %s is not mapped, and its foreign key %s keeps rows of %s from being deleted", k.from, k.constraint, k.to).
					WithHint("map %s too: without identifiers its rows go with those they reference", k.from)
			case child == nil:
				t, err := s.d.describe(ctx, s.tx, k.from)
				if err != nil {
					return err
				}
				child = &node{table: t}
				s.nodes[k.from] = child
			}
			s.keys = append(s.keys, k)
			again = true
			follows := child.mapped != nil && len(child.mapped.Identifiers) == 0
			if k.from != k.to && follows || k.rule == "CASCADE" && parent.deletes() {
				child.parents = append(child.parents, k)
			}
		}
	}
	return nil
}

func (k foreignKey) is(o foreignKey) bool {
	return k.constraint == o.constraint && k.from == o.from && k.to == o.to && slices.Equal(k.columns, o.columns)
}

// choose names the rows of a table that has no primary key by the columns by which
// they are found: rows that are alike in them are of the same person.
func (n *node) choose() {
	if len(n.key) > 0 || n.physical {
		return
	}
	n.keyless = true
	var cs []string
	if n.mapped != nil {
		for _, id := range n.mapped.Identifiers {
			cs = append(cs, id.Columns...)
		}
	}
	for _, k := range n.parents {
		cs = append(cs, k.columns...)
	}
	slices.Sort(cs)
	n.key = slices.Compact(cs)
}

// sort orders the tables, those that reference others before them. Where there is a
// circle, constraints give way that the database keeps by itself, and then those
// that can be checked at the end of the transaction.
func (s *search) sort() error {
	left := map[name]bool{}
	for n := range s.nodes {
		left[n] = true
	}
	free := func(n name, binds func(k foreignKey) bool) bool {
		return !slices.ContainsFunc(s.keys, func(k foreignKey) bool {
			return k.to == n && k.from != n && left[k.from] && s.nodes[n].deletes() && binds(k)
		})
	}
	strict := func(k foreignKey) bool { return k.rule != "CASCADE" && !strings.HasPrefix(k.rule, "SET ") }
	choices := []func(k foreignKey) bool{
		func(foreignKey) bool { return true }, strict, func(k foreignKey) bool { return strict(k) && !k.deferrable },
	}
	for len(left) > 0 {
		var names []name
		for n := range left {
			names = append(names, n)
		}
		slices.SortFunc(names, func(a, b name) int { return strings.Compare(a.String(), b.String()) })
		i := -1
		for choice, binds := range choices {
			if i = slices.IndexFunc(names, func(n name) bool { return free(n, binds) }); i >= 0 {
				s.deferred = s.deferred || choice == 2
				break
			}
		}
		if i < 0 {
			var in []string
			for _, k := range s.keys {
				if left[k.from] && left[k.to] && k.from != k.to {
					in = append(in, k.constraint)
				}
			}
			return lethe.Errorf(lethe.Unsupported, "the foreign keys %s go round in a circle, so that no table's rows can be deleted first", strings.Join(in, ", ")).
				WithHint("make one of them deferrable, or ON DELETE CASCADE or SET NULL")
		}
		s.order = append(s.order, s.nodes[names[i]])
		delete(left, names[i])
	}
	return nil
}
