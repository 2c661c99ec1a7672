package database

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
)

// search is the look for a person in a database, within a transaction.
type search struct {
	h     *Holder
	d     dialect
	tx    *sql.Tx
	p     erasure.Person
	nodes map[name]*node
	keys  []foreignKey // between nodes
	order []*node      // those that reference others before them
	// deferred says that the order needs constraints to be checked at the end.
	deferred bool
	locked   map[string]bool
	changed  map[name]int64
	tokens   map[string]string
}

// row is a row that is the person's.
type row struct {
	key []sql.NullString
	// values of the columns of identifiers, in their order.
	values []sql.NullString
}

// rows are a table's that are the person's.
type rows struct {
	list  []row
	seen  map[string]int // by key, the query that found it first
	count int64
	asked int
}

// maxRows bounds what one person has in one table.
const maxRows = 1_000_000

// batch is how many rows are named in one statement.
const batch = 200

func (r row) id() string {
	var b strings.Builder
	for _, k := range r.key {
		fmt.Fprintf(&b, "%v%d:%s", k.Valid, len(k.String), k.String)
	}
	return b.String()
}

// find looks for all rows of the person.
func (s *search) find(ctx context.Context) error {
	type followed struct {
		n *node
		k int
	}
	done := map[followed]int{} // how many of the parent's rows were followed
	for _, n := range s.order {
		n.rows = &rows{seen: map[string]int{}}
	}
	for _, n := range s.order {
		if err := s.direct(ctx, n); err != nil {
			return err
		}
	}
	for again := true; again; {
		again = false
		for _, n := range s.order {
			for i, k := range n.parents {
				parent := s.nodes[k.to]
				at := followed{n, i}
				for done[at] < len(parent.rows.list) {
					some := parent.rows.list[done[at]:min(done[at]+batch, len(parent.rows.list))]
					if err := s.following(ctx, n, k, parent, some); err != nil {
						return err
					}
					done[at] += len(some)
					again = true
				}
			}
		}
	}
	return nil
}

// direct looks for rows of a table that hold an identifier of the person.
func (s *search) direct(ctx context.Context, n *node) error {
	if n.mapped == nil {
		return nil
	}
	q, some := s.candidates(n)
	if !some {
		return nil
	}
	return s.collect(ctx, n, q, func(values []sql.NullString) bool {
		at := 0
		for _, id := range n.mapped.Identifiers {
			of := make([]string, len(id.Columns))
			all := true
			for i := range of {
				all = all && values[at].Valid
				of[i] = values[at].String
				at++
			}
			if all && (s.p.Is(id.Type, of) || s.p.Erased(id.Type, of)) {
				return true
			}
		}
		return false
	})
}

// candidates asks for the rows of a table that may hold an identifier of the person, and
// false if none can. Of persons of whom only hashes are known that is each row that holds
// any.
func (s *search) candidates(n *node) (q *query, some bool) {
	q = s.selection(n)
	or := func() string {
		if !some {
			return " WHERE ("
		}
		return " OR ("
	}
	for _, id := range n.mapped.Identifiers {
		if s.p.Hashed() {
			q.add(or())
			for i, c := range id.Columns {
				if i > 0 {
					q.add(" AND ")
				}
				q.add("t.", s.d.quote(c), " IS NOT NULL")
			}
			q.add(")")
			some = true
			continue
		}
		typ, _ := s.p.Type(id.Type)
		for _, given := range s.p.Identifiers {
			if given.Type != id.Type {
				continue
			}
			start := q.Len()
			q.add(or())
			if !condition(q, n.table, s.p, typ, id, given) {
				text := q.String()[:start]
				q.Reset()
				q.WriteString(text)
				continue
			}
			q.add(")")
			some = true
		}
	}
	return q, some
}

// following looks for rows of a table that reference rows of another.
func (s *search) following(ctx context.Context, n *node, k foreignKey, parent *node, of []row) error {
	q := s.selection(n)
	q.add(" WHERE EXISTS (SELECT 1 FROM ", tableName(s.d, k.to), " p WHERE ")
	for i, c := range k.columns {
		q.add("p.", s.d.quote(k.references[i]), " = t.", s.d.quote(c), " AND ")
	}
	s.among(q, "p", parent, of)
	q.add(")")
	return s.collect(ctx, n, q, func([]sql.NullString) bool { return true })
}

// selection begins a query of a table's keys and identifiers.
func (s *search) selection(n *node) *query {
	q := &query{d: s.d}
	q.add("SELECT ", strings.Join(s.d.key("t", n.table), ", "))
	for _, c := range n.identifying() {
		q.add(", ", s.d.text("t", n.columns[c]))
	}
	q.add(" FROM ", tableName(s.d, n.name), " t")
	return q
}

// identifying are the columns of a table's identifiers, one identifier's after the
// other's.
func (n *node) identifying() (cs []string) {
	if n.mapped != nil {
		for _, id := range n.mapped.Identifiers {
			cs = append(cs, id.Columns...)
		}
	}
	return cs
}

// among adds that a row of a table is one of these.
func (s *search) among(q *query, alias string, n *node, of []row) {
	q.add("(")
	for i, r := range of {
		if i > 0 {
			q.add(" OR ")
		}
		q.add("(")
		for j := range r.key {
			if j > 0 {
				q.add(" AND ")
			}
			s.d.same(q, alias, n.table, j, r.key[j])
		}
		q.add(")")
	}
	q.add(")")
}

// collect reads the rows that a query finds and that are the person's.
func (s *search) collect(ctx context.Context, n *node, q *query, theirs func(values []sql.NullString) bool) error {
	n.rows.asked++
	return s.each(ctx, n, q, func(r row) error {
		if !theirs(r.values) {
			return nil
		}
		id := r.id()
		first, seen := n.rows.seen[id]
		if !seen {
			n.rows.seen[id] = n.rows.asked
			n.rows.list = append(n.rows.list, r)
		}
		if !seen || n.keyless && first == n.rows.asked { // another row that is alike
			n.rows.count++
		}
		if n.rows.count > maxRows {
			return lethe.Errorf(lethe.Unsupported, "more than %d rows of table %s are the person's", maxRows, n.name).WithHint("see whether the mapping is right: one person's are erased in one transaction")
		}
		return nil
	})
}

// each calls f with each row of a query, which begins with the columns of the
// table's key.
func (s *search) each(ctx context.Context, n *node, q *query, f func(row) error) error {
	found, err := s.tx.QueryContext(ctx, q.String(), q.args...)
	if err != nil {
		return at(n, err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return at(n, err)
	}
	keys := len(s.d.key("t", n.table))
	for found.Next() {
		all := make([]sql.NullString, len(columns))
		to := make([]any, len(all))
		for i := range all {
			to[i] = &all[i]
		}
		if err := found.Scan(to...); err != nil {
			return at(n, err)
		}
		if err := f(row{all[:keys], all[keys:]}); err != nil {
			return err
		}
	}
	return at(n, found.Err())
}

// tableError says which table an error of the database is about.
type tableError struct {
	name name
	err  error
}

func (e *tableError) Error() string { return e.name.String() + ": " + e.err.Error() }
func (e *tableError) Unwrap() error { return e.err }

func at(n *node, err error) error {
	if err == nil {
		return nil
	}
	return &tableError{n.name, err}
}

// passes bounds how often rows are looked for in a transaction: to find them, to
// see them again when they are locked, and to see that they are gone, and as often
// again if others come and go meanwhile.
const passes = 10

// erase deletes or changes all rows of the person, and returns when it has looked
// and found none.
func (s *search) erase(ctx context.Context) error {
	s.locked, s.changed, s.tokens = map[string]bool{}, map[name]int64{}, map[string]string{}
	if s.deferred {
		if _, err := s.tx.ExecContext(ctx, "SET CONSTRAINTS ALL DEFERRED"); err != nil {
			return err
		}
	}
	tries := 0
	for range passes {
		if err := s.find(ctx); err != nil {
			return err
		}
		found, free := false, false // free are rows that others may still change
		for _, n := range s.order {
			for _, r := range n.rows.list {
				found = true
				free = free || !s.locked[n.name.String()+" "+r.id()]
			}
		}
		switch {
		case !found:
			return nil
		case free:
			if err := s.lock(ctx); err != nil {
				return err
			}
			continue
		case tries == 3:
			return s.stuck()
		}
		tries++
		for _, n := range s.order {
			if err := s.change(ctx, n); err != nil {
				return err
			}
		}
	}
	return lethe.Errorf(lethe.Conflict, "others go on writing rows of the person")
}

// stuck says which rows will not go.
func (s *search) stuck() error {
	for _, n := range s.order {
		if n.rows.count > 0 {
			return lethe.Errorf(lethe.Invalid, "%d rows of table %s are the person's still, after they were erased without an error", n.rows.count, n.name).
				WithHint("a trigger or rule of the table, or of another, keeps them or writes them again")
		}
	}
	return nil
}

// lock locks the rows that were found, those that are referenced first, as whoever
// adds a reference to them does.
func (s *search) lock(ctx context.Context) error {
	for _, n := range slices.Backward(s.order) {
		for some := range slices.Chunk(n.rows.list, batch) {
			q := &query{d: s.d}
			q.add("SELECT ", strings.Join(s.d.key("t", n.table), ", "), " FROM ", tableName(s.d, n.name), " t WHERE ")
			s.among(q, "t", n, some)
			q.add(" FOR UPDATE")
			err := s.each(ctx, n, q, func(r row) error {
				s.locked[n.name.String()+" "+r.id()] = true
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// change deletes or changes the rows that were found in a table.
func (s *search) change(ctx context.Context, n *node) error {
	if n.mapped == nil { // its rows go with others
		s.changed[n.name] += n.rows.count
		return nil
	}
	size := batch
	if n.mapped.Mode == modePseudonymise {
		size = 1 // each has values of its own
	}
	for some := range slices.Chunk(n.rows.list, size) {
		q := &query{d: s.d}
		if n.deletes() {
			q.add(s.d.deletion(tableName(s.d, n.name)))
		} else {
			q.add("UPDATE ", tableName(s.d, n.name), " t SET ")
			s.assign(q, n, some[0])
		}
		q.add(" WHERE ")
		s.among(q, "t", n, some)
		done, err := s.tx.ExecContext(ctx, q.String(), q.args...)
		if err != nil {
			return at(n, err)
		}
		count, err := done.RowsAffected()
		if err != nil {
			return at(n, err)
		}
		s.changed[n.name] += count
	}
	return nil
}

// assign writes the new values of a row's columns.
func (s *search) assign(q *query, n *node, r row) {
	set := map[string]bool{}
	assign := func(c string, v any) {
		if set[c] {
			return
		}
		if len(set) > 0 {
			q.add(", ")
		}
		set[c] = true
		q.add(s.d.quote(c), " = ")
		if v == nil {
			q.add("NULL")
		} else {
			q.add(q.arg(v))
		}
	}
	for _, c := range slices.Sorted(maps.Keys(n.mapped.Replace)) {
		if v := n.mapped.Replace[c]; v == nil {
			assign(c, nil)
		} else {
			assign(c, *v)
		}
	}
	i := 0
	for _, id := range n.mapped.Identifiers {
		for part, c := range id.Columns {
			v := r.values[i]
			i++
			switch n.mapped.Mode {
			case modeNull:
				assign(c, nil)
			case modeBlank:
				assign(c, "")
			case modePseudonymise:
				if v.Valid {
					assign(c, s.token(id, part, v.String))
				}
			}
		}
	}
}

// token is a random text that stands for an identifier in all tables, by any of its
// spellings. Nobody can tell whose it was.
func (s *search) token(id erasure.Identifier, part int, value string) string {
	if n, ok := s.p.Normal(erasure.Named{Type: id.Type, Values: []string{value}}); ok {
		value = n
	}
	of := fmt.Sprint(id.Type, " ", part, " ", value)
	if s.tokens[of] == "" {
		s.tokens[of] = "erased-" + strings.ToLower(rand.Text())
	}
	return s.tokens[of]
}

// holdings are the tables with rows of the person, or those that were changed.
func (s *search) holdings() (hs []erasure.Holding) {
	for _, n := range s.order {
		count := n.rows.count
		if s.changed != nil {
			count = s.changed[n.name]
		}
		if count > 0 {
			hs = append(hs, erasure.Holding{Place: n.name.String(), Records: count})
		}
	}
	slices.SortFunc(hs, func(a, b erasure.Holding) int { return strings.Compare(a.Place, b.Place) })
	return hs
}
