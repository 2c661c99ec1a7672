package dialect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"lethe"
	"lethe/lib/trinosql"
)

// engine is a DuckDB in this process, set up as a worker's.
type engine struct {
	db     *sql.DB
	tables map[string]*trinosql.TableSchema // by lower-case name
	zone   string                           // the session's, "" for UTC
}

func newEngine(tb testing.TB) *engine {
	tb.Helper()
	c, err := duckdb.NewConnector("", nil)
	if err != nil {
		tb.Fatal(err)
	}
	db := sql.OpenDB(c)
	tb.Cleanup(func() { db.Close() })
	conn, err := db.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	var all []string
	for name := range scalars {
		all = append(all, prefix+name)
	}
	if err := Register(tb.Context(), conn, all...); err != nil {
		tb.Fatal(err)
	}
	for _, s := range Setup() {
		if _, err := conn.ExecContext(tb.Context(), s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
	return &engine{db: db, tables: map[string]*trinosql.TableSchema{}}
}

// Table implements trinosql.Resolver.
func (e *engine) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	if t := e.tables[strings.ToLower(name.Table)]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%s: %w", name.Table, trinosql.ErrNoTable)
}

// table adds a table; columns are "name type" in Trino's words. The table is
// made by the statement create, and exists in DuckDB under the same name.
func (e *engine) table(tb testing.TB, name, columns, create string) {
	tb.Helper()
	if _, err := e.db.Exec(create); err != nil {
		tb.Fatalf("%s: %v", create, err)
	}
	row, err := trinosql.ParseType("row(" + columns + ")")
	if err != nil {
		tb.Fatal(err)
	}
	t := &trinosql.TableSchema{TableName: trinosql.TableName{Catalog: "c", Database: "d", Table: name}}
	for i, el := range row.Elems {
		t.Columns = append(t.Columns, trinosql.Column{Name: row.FieldName(i), Type: el})
	}
	e.tables[strings.ToLower(name)] = t
}

// emit translates a statement.
func (e *engine) emit(ctx context.Context, statement string, opts ...Option) (Statement, error) {
	stmt, err := trinosql.Parse(statement)
	if err != nil {
		return Statement{}, err
	}
	opt := trinosql.Options{Catalog: "c", Database: "d"}
	if e.zone != "" {
		opts = append(opts, Zone(e.zone))
		if opt.Zone, err = time.LoadLocation(e.zone); err != nil {
			return Statement{}, err
		}
	}
	a, err := trinosql.Analyze(ctx, stmt, e, opt)
	if err != nil {
		return Statement{}, err
	}
	return Emit(a, func(_ int, t *trinosql.TableUse) (string, error) { return ident(t.Schema.Table), nil }, opts...)
}

var null = (*string)(nil)

// query runs a statement and returns its rows as Athena's text.
func (e *engine) query(ctx context.Context, statement string) ([]Column, [][]*string, error) {
	st, err := e.emit(ctx, statement, Text())
	if err != nil {
		return nil, nil, err
	}
	rows, err := e.run(ctx, st.SQL)
	if err != nil && st.Wide != "" && Overflowed(err.Error()) {
		rows, err = e.run(ctx, st.Wide)
	}
	if err != nil {
		if mapped := MapError(err.Error()); mapped != nil {
			mapped.Cause = fmt.Errorf("%w\n%s", err, st.SQL)
			return nil, nil, mapped
		}
		return nil, nil, fmt.Errorf("%w\n%s", err, st.SQL)
	}
	return st.Columns, rows, nil
}

// run executes DuckDB's SQL and prints values as its CSV writer does.
func (e *engine) run(ctx context.Context, statement string) ([][]*string, error) {
	rows, err := e.db.QueryContext(ctx, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("+statement+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]*string
	for rows.Next() {
		cells := make([]*string, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, cells)
	}
	return out, rows.Err()
}

// text joins rows as "1|a;2|NULL".
func rowsText(rows [][]*string) string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		cells := make([]string, len(r))
		for j, c := range r {
			cells[j] = "NULL"
			if c != null {
				cells[j] = *c
			}
		}
		lines[i] = strings.Join(cells, "|")
	}
	return strings.Join(lines, ";")
}

// shared returns the path of a file that the tests share, or skips.
func shared(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("LETHE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	p := filepath.Join(root, name)
	if _, err := os.Stat(p); err != nil {
		tb.Skipf("no %s: set LETHE_SHARED to the folder that has it", name)
	}
	return p
}

func refused(err error) bool {
	if lethe.Is(err, lethe.Unsupported) {
		return true
	}
	var te *trinosql.Error
	return errors.As(err, &te) && te.Code == trinosql.NotSupported
}
