package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"lethe/catalog"
)

// listing is what rows have in another table: parameters, columns, lists. Each of its
// items belongs to the row with an id and consists of up to three texts.
type listing struct {
	table, id string
	position  string // the column by which items are ordered; "" where they are not
	texts     [3]string
	ids       []int64
	add       func(i item)
}

// item is one of a listing's. A text that is NULL is "".
type item struct {
	id, position int64
	texts        [3]sql.NullString
}

func (i item) column() catalog.Column {
	return catalog.Column{Name: i.texts[0].String, Type: i.texts[1].String, Comment: i.texts[2].String}
}

// parametersOf is a table of parameters.
func parametersOf(table, id string, ids []int64, of func(id int64) *map[string]string) listing {
	return listing{table: table, id: id, texts: [3]string{`"PARAM_KEY"`, `"PARAM_VALUE"`}, ids: ids, add: func(i item) {
		m := of(i.id)
		if *m == nil {
			*m = map[string]string{}
		}
		(*m)[i.texts[0].String] = i.texts[1].String
	}}
}

// statement selects the listing's n-th, whose ids are a parameter.
func (l *listing) statement(n, parameter int) string {
	columns := []string{strconv.Itoa(n), `"` + l.id + `"`, "0"}
	if l.position != "" {
		columns[2] = `"` + l.position + `"`
	}
	for _, t := range l.texts {
		if t == "" {
			t = "NULL"
		}
		columns = append(columns, t)
	}
	return "SELECT " + strings.Join(columns, ", ") + ` FROM "` + l.table + `" WHERE ` + among(`"`+l.id+`"`, "$"+strconv.Itoa(parameter))
}

// readListings reads all items of all listings. It asks for them in one statement:
// most rows have nothing in most of the tables, and to be told so by a server takes
// longer than the server takes to look.
func readListings(ctx context.Context, tx *transaction, all ...listing) error {
	ordered := make([][]item, len(all))
	for begin := 0; ; begin += idsAtOnce {
		var statements []string
		var args []any
		for n, l := range all {
			if begin < len(l.ids) {
				args = append(args, list(l.ids[begin:min(begin+idsAtOnce, len(l.ids))]))
				statements = append(statements, l.statement(n, len(args)))
			}
		}
		if len(statements) == 0 {
			break
		}
		if err := tx.union(ctx, statements, args, func(n int, i item) {
			if all[n].position == "" {
				all[n].add(i)
			} else {
				ordered[n] = append(ordered[n], i)
			}
		}); err != nil {
			return err
		}
	}
	for n, items := range ordered {
		slices.SortFunc(items, func(a, b item) int {
			return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.position, b.position))
		})
		for _, i := range items {
			all[n].add(i)
		}
	}
	return nil
}

// union runs the statements of listings, each of which has one argument.
func (t *transaction) union(ctx context.Context, statements []string, args []any, fn func(n int, i item)) error {
	if t.db.kind == mysqlKind && len(statements) > 1 {
		// MySQL does not unite texts of several collations, which Hive's tables have.
		for k, s := range statements {
			if err := t.union(ctx, []string{strings.Replace(s, "$"+strconv.Itoa(k+1), "$1", 1)}, args[k:k+1], fn); err != nil {
				return err
			}
		}
		return nil
	}
	rows, err := t.QueryContext(ctx, strings.Join(statements, " UNION ALL "), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var i item
		if err := rows.Scan(&n, &i.id, &i.position, &i.texts[0], &i.texts[1], &i.texts[2]); err != nil {
			return err
		}
		fn(n, i)
	}
	return rows.Err()
}
