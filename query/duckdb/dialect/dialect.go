// Package dialect writes an analyzed Trino statement as DuckDB SQL that has
// Trino's meaning.
//
// The two languages share most of their words and disagree about what many of
// them mean: 5/2, sum(integer), NaN = NaN, substr(s, 0), CAST(2.5e0 AS integer)
// and a hundred more give other values in DuckDB. [Emit] therefore translates
// from what the analysis found (types, resolved names, chosen functions) and
// never from the text. A construct either has Trino's value or is refused with
// kind Unsupported, its name and its place.
//
// # Names
//
// No identifier of the user reaches the output except the column names of base
// tables: relations are r1, r2, ..., their columns c1, c2, .... Base tables
// themselves are written by the caller's function. Identifiers and strings are
// quoted in one place, quote.go.
//
// # Values
//
// Most Trino types have a DuckDB type with the same values. The others are
// represented so that DuckDB's own comparison, grouping and hashing are right
// wherever that is possible:
//
//	char(n)                      VARCHAR without trailing spaces
//	timestamp(p), p > 6          STRUCT(u TIMESTAMP, p INTEGER): microseconds, then picoseconds
//	time(p), p > 6               BIGINT, picoseconds of the day
//	timestamp(p) with time zone  STRUCT(u TIMESTAMP, [p INTEGER,] z VARCHAR): instant in UTC, zone
//	time(p) with time zone       STRUCT(t BIGINT, o INTEGER): picoseconds of the local day, offset in minutes
//	interval day to second       BIGINT, milliseconds
//	interval year to month       INTEGER, months
//	json                         VARCHAR, canonical JSON text
//	row(...)                     STRUCT(f1, f2, ...), positional whatever the names
//	uuid, ipaddress              UUID; BLOB of 16 bytes
//
// [StorageType] is what the columns of a base table must have where the caller
// reads them; the emitter converts.
//
// # Functions
//
// DuckDB's native operators and functions are used wherever their value is
// Trino's, so hot paths run as fast as DuckDB's own SQL. The rest is written
// out as expressions, or calls scalar functions in Go that [Register] adds to a
// connection (their names begin with trino_).
//
// # Errors
//
// Run-time failures carry Trino's codes: [MapError] turns what DuckDB reports
// into Trino's texts.
package dialect

import (
	"fmt"
	"strings"

	"lethe"
	"lethe/lib/trinosql"
)

// Column is a column of a statement's result.
type Column struct {
	Name string
	Type *trinosql.Type
}

// Statement is a query in DuckDB's SQL.
type Statement struct {
	// SQL is the query. Its columns have the DuckDB types of [Type] unless an
	// option says otherwise.
	SQL string
	// Wide is another form of the query, "" when there is none. SQL multiplies
	// and adds decimals in 64 bits where values usually fit; should it fail with
	// an error for which [Overflowed] holds, Wide gives the answer in 128 bits.
	Wide    string
	Columns []Column
	// Made are temporary tables that SQL and Wide read. They are to be made, each
	// by a statement of its own, before these are looked at; what fails there is
	// not the statement's.
	Made []Made
}

// Made is a table that holds what the rules of a table leave of it.
type Made struct{ Name, SQL string }

// Option changes what Emit writes.
type Option func(*options)

type options struct {
	text   bool
	stored bool
	zone   string
}

// Text makes every output column print as Athena shows it: true, 1.0E10,
// 2020-09-10 00:00:00.000, [1, 2, null], {a=1}, {x=1, y=null}. Columns that DuckDB
// prints so by itself, as integers and text, keep their types; the others are
// VARCHAR. Cast to VARCHAR, or written as CSV, all have Athena's text.
func Text() Option { return func(o *options) { o.text = true } }

// Stored gives every output column its [StorageType] and its name, so that the
// rows can be written to a file of a table.
func Stored() Option { return func(o *options) { o.stored = true } }

// Zone sets the session's time zone, by its name or offset; UTC if not given, as
// in Athena. Timestamps without a zone that become ones with it are in this zone.
func Zone(name string) Option { return func(o *options) { o.zone = name } }

// maxSQL bounds the size of the text Emit writes.
const maxSQL = 8 << 20

// Emit writes the query of a. For the i-th reference to a base table (the order
// is that of a.Tables) it asks table for an item of FROM without an alias, such
// as read_parquet([...]) or a query in parentheses, that has at least the used
// columns under their schema names with their [StorageType].
//
// Errors are of type *lethe.Error: Unsupported for what DuckDB cannot do as
// Trino does, Invalid for values known to be wrong, or what table returned.
func Emit(a *trinosql.Analysis, table func(i int, t *trinosql.TableUse) (string, error), opts ...Option) (Statement, error) {
	o := options{zone: "UTC"}
	for _, opt := range opts {
		opt(&o)
	}
	z, ok := zoneOf(o.zone)
	if !ok {
		return Statement{}, lethe.Errorf(lethe.Invalid, "'%s' is not a valid time zone", o.zone)
	}
	o.zone = z.name
	var q *trinosql.Query
	switch s := a.Statement.(type) {
	case *trinosql.QueryStmt:
		q = s.Q
	case *trinosql.CreateTableAs:
		q = s.Q
	case *trinosql.Insert:
		q = s.Q
	case *trinosql.Unload:
		q = s.Q
	default:
		return Statement{}, lethe.Errorf(lethe.Unsupported, "%s: the statement is not a query", a.Statement.Pos())
	}
	var st Statement
	for _, f := range a.QueryFields(q) {
		st.Columns = append(st.Columns, Column{f.Name, f.Type})
	}
	for i, c := range a.Output { // names as the statement shows them
		if i < len(st.Columns) {
			st.Columns[i].Name = c.Name
		}
	}
	e := newEmitter(a, table)
	e.zone = text(o.zone)
	var err error
	if st.SQL, err = e.statement(q, o); err != nil {
		return Statement{}, err
	}
	if e.narrowed && len(e.made) > 0 {
		// What was made is not made again, so it is made wide.
		w := newEmitter(a, table)
		w.zone, w.wide = e.zone, true
		if st.SQL, err = w.statement(q, o); err != nil {
			return Statement{}, err
		}
		st.Made = w.made
		return st, nil
	}
	st.Made = e.made
	if e.narrowed {
		w := newEmitter(a, table)
		w.zone, w.wide = e.zone, true
		if st.Wide, err = w.statement(q, o); err != nil {
			return Statement{}, err
		}
	}
	return st, nil
}

var errTooComplex = lethe.Errorf(lethe.Unsupported, "the statement is too complex").
	WithHint("split it with CREATE TABLE AS, or compute parts of it in subqueries")

// emitter holds the state of one emission.
type emitter struct {
	a     *trinosql.Analysis
	table func(i int, t *trinosql.TableUse) (string, error)
	uses  map[*trinosql.TableUse]int

	fields  map[*trinosql.Field]spelling  // how a field is written
	ctes    map[*trinosql.CTE]string      // names of common tables
	lambdas map[*trinosql.Lambda][]string // names of parameters
	scope   []string                      // relations of the select at hand that have a column g
	ask     *trinosql.Select              // the select that shall give a column g, if it filters
	answer  *trinosql.Select              // the one that did
	guards  map[*trinosql.CTE]bool        // common tables that have a column g
	aggs    []string                      // aggregates written for the select at hand
	keys    map[string]string             // replaces grouping keys above their aggregation
	built   map[string]string             // instants within timestamps with time zone, by their text
	rels    int                           // relations named so far
	made    []Made                        // tables to be made before the statement
	open    int                           // lambdas around what is being written
	try     int                           // TRYs around what is being written

	zone     string // the session's time zone, a literal
	wide     bool   // decimals in 128 bits
	narrowed bool   // something may overflow 64 bits
}

func newEmitter(a *trinosql.Analysis, table func(int, *trinosql.TableUse) (string, error)) *emitter {
	e := &emitter{
		a: a, table: table,
		uses:    map[*trinosql.TableUse]int{},
		fields:  map[*trinosql.Field]spelling{},
		ctes:    map[*trinosql.CTE]string{},
		lambdas: map[*trinosql.Lambda][]string{},
		built:   map[string]string{},
		guards:  map[*trinosql.CTE]bool{},
	}
	for i, t := range a.Tables {
		e.uses[t] = i
	}
	return e
}

// stop carries an error out of the recursion; statement recovers it.
type stop struct{ err error }

func (e *emitter) statement(q *trinosql.Query, o options) (sql string, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				panic(r)
			}
			err = s.err
		}
	}()
	fields := e.a.QueryFields(q)
	sql = e.query(q)
	switch {
	case o.text:
		sql = e.render(sql, fields)
	case o.stored:
		sql = e.store(sql, q)
	}
	for i := range e.made {
		e.made[i].SQL = checkArguments(e.made[i].SQL)
	}
	return checkArguments(sql), nil
}

// unsupported ends the emission because of something at p.
func (e *emitter) unsupported(p trinosql.Pos, format string, args ...any) {
	panic(stop{lethe.Errorf(lethe.Unsupported, "%s: %s", p, fmt.Sprintf(format, args...))})
}

// invalid ends the emission because of a value that cannot be right.
func (e *emitter) invalid(p trinosql.Pos, format string, args ...any) {
	panic(stop{lethe.Errorf(lethe.Invalid, "%s: %s", p, fmt.Sprintf(format, args...))})
}

// bound ends the emission of a statement that grows beyond reason.
func (e *emitter) bound(s string) string {
	if len(s) > maxSQL {
		panic(stop{errTooComplex})
	}
	return s
}

// fits ends the emission if n bytes are too many.
func (e *emitter) fits(n int) {
	if n > maxSQL {
		panic(stop{errTooComplex})
	}
}

// relation names a new relation.
func (e *emitter) relation() string {
	e.rels++
	return fmt.Sprintf("r%d", e.rels)
}

func column(i int) string { return fmt.Sprintf("c%d", i+1) }

// columns names n columns: c1, c2, ...
func columns(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(column(i))
	}
	return b.String()
}

func trinosqlUnsupported(p trinosql.Pos, what string) error {
	return lethe.Errorf(lethe.Unsupported, "%s: %s is not supported", p, what)
}
