package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

// batch collects rows for one table and inserts them many at a time.
type batch struct {
	table   string
	columns []string
	rows    [][]any
}

func into(table string, columns ...string) *batch { return &batch{table: table, columns: columns} }

func (b *batch) add(values ...any) { b.rows = append(b.rows, values) }

func (b *batch) insert(ctx context.Context, tx *transaction) error {
	const rows = 200 // a statement; more gain nothing, and SQLite binds at most 32,766 values
	var full *sql.Stmt
	defer func() {
		if full != nil {
			full.Close()
		}
	}()
	for chunk := range slices.Chunk(b.rows, rows) {
		args := make([]any, 0, len(chunk)*len(b.columns))
		for _, r := range chunk {
			args = append(args, r...)
		}
		if len(chunk) < rows {
			if _, err := tx.ExecContext(ctx, b.statement(len(chunk)), args...); err != nil {
				return err
			}
			continue
		}
		if full == nil {
			var err error
			if full, err = tx.PrepareContext(ctx, b.statement(rows)); err != nil { //nolint:sqlclosecheck // closed above
				return err
			}
		}
		if _, err := full.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) statement(rows int) string {
	var s strings.Builder
	s.WriteString(`INSERT INTO "` + b.table + `" ("` + strings.Join(b.columns, `", "`) + `") VALUES `)
	n := 0
	for i := range rows {
		if i > 0 {
			s.WriteString(", ")
		}
		for j := range b.columns {
			s.WriteString([]string{"($", ", $"}[min(j, 1)])
			n++
			s.WriteString(strconv.Itoa(n))
		}
		s.WriteByte(')')
	}
	return s.String()
}

// insertAll runs batches in their order, which is that of their references.
func insertAll(ctx context.Context, tx *transaction, batches ...*batch) error {
	for _, b := range batches {
		if err := b.insert(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// idsAtOnce bounds the length of one bound list.
const idsAtOnce = 20000

// deleteWhere deletes the rows of a table whose column is one of the ids.
func deleteWhere(ctx context.Context, tx *transaction, table, column string, ids []int64) error {
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		_, err := tx.ExecContext(ctx, `DELETE FROM "`+table+`" WHERE `+among(`"`+column+`"`, "$1"), list(chunk))
		if err != nil {
			return err
		}
	}
	return nil
}

// readIDs returns the ids that a query answers, in its columns' order, without
// NULLs.
func readIDs(ctx context.Context, tx *transaction, query string, args ...any) ([][]int64, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	out := make([][]int64, len(columns))
	values := make([]sql.NullInt64, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		for i, v := range values {
			if v.Valid {
				out[i] = append(out[i], v.Int64)
			}
		}
	}
	return out, rows.Err()
}

func addParameters(b *batch, id int64, parameters map[string]string) {
	for k, v := range parameters {
		b.add(id, k, v)
	}
}

// replaceParameters makes parameters the only ones that id has.
func replaceParameters(ctx context.Context, tx *transaction, table, column string, id int64, parameters map[string]string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM "`+table+`" WHERE "`+column+`" = $1`, id); err != nil {
		return err
	}
	b := into(table, column, "PARAM_KEY", "PARAM_VALUE")
	addParameters(b, id, parameters)
	return b.insert(ctx, tx)
}
