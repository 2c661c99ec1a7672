package database

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"lethe/erasure"
)

// dialect is what databases do differently.
type dialect interface {
	// quote quotes a name.
	quote(name string) string
	// parameter writes the nth parameter, from 1.
	parameter(n int) string
	// deletion begins a DELETE from a table, as t.
	deletion(table string) string
	// prepare sets the bounds of a transaction's statements, and refuses a server
	// that is there for reading only.
	prepare(ctx context.Context, tx *sql.Tx, timeout, lock time.Duration) error
	// describe reads a table: an error of kind Invalid if there is none.
	describe(ctx context.Context, tx *sql.Tx, n name) (*table, error)
	// foreignKeys reads all that the database has, by constraint.
	foreignKeys(ctx context.Context, tx *sql.Tx) ([]foreignKey, error)
	// text is a column's value as text, as erasure.Record has it: alias is the
	// table's.
	text(alias string, c column) string
	// equal says that a column's value is a text, or a superset of it; false if no
	// value of the column can be.
	equal(q *query, c column, value string) bool
	// ascii says that a text consists of ASCII characters.
	ascii(text string) string
	// contains says that a text in lower case has another one in it.
	contains(text, parameter string) string
	// key are the expressions that name a row of a table, as texts, and same says
	// that the ith is a value.
	key(alias string, t *table) []string
	same(q *query, alias string, t *table, i int, value sql.NullString)
	// explain makes an error for people of what the database says, without the
	// values that may be in it.
	explain(err error) error
}

// query is a statement in the making.
type query struct {
	strings.Builder
	d    dialect
	args []any
}

// arg adds a parameter.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return q.d.parameter(len(q.args))
}

func (q *query) add(parts ...string) {
	for _, p := range parts {
		q.WriteString(p)
	}
}

// tableName quotes a table's name.
func tableName(d dialect, n name) string { return d.quote(n.schema) + "." + d.quote(n.table) }

// condition writes that a row may be of a person by one identifier, and false if
// none can be. It never leaves one out that is.
//
// An exact identifier is compared by the database: what has the same bytes is equal
// in every collation. For one that is folded there are two cases. A text of ASCII
// characters becomes, folded, a part of itself in lower case, whatever of it does
// not count; so what is looked for must be within it. Any other text may become
// anything, as the Kelvin sign a k, and is compared by us.
func condition(q *query, t *table, p erasure.Person, typ erasure.IdentifierType, id erasure.Identifier, given erasure.Named) bool {
	start := q.Len()
	args := len(q.args)
	undo := func() bool {
		text := q.String()[:start]
		q.Reset()
		q.WriteString(text)
		q.args = q.args[:args]
		return false
	}
	part := erasure.IdentifierType{Form: typ.Form}
	for i, c := range id.Columns {
		if i > 0 {
			q.add(" AND ")
		}
		col := t.columns[c]
		if typ.Form == erasure.Exact {
			if !q.d.equal(q, col, given.Values[i]) {
				return undo()
			}
			continue
		}
		normal, ok := part.Normal([]string{given.Values[i]})
		if !ok {
			return undo()
		}
		text := q.d.text("t", col)
		q.add("(NOT ", q.d.ascii(text))
		if ascii(normal) && !strings.Contains(normal, "\x00") {
			q.add(" OR ", q.d.contains(text, q.arg(normal)))
		}
		q.add(")")
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
