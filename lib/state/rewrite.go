package state

import (
	"context"
	"database/sql"
)

// rewritePage is how many rows Rewrite looks at in one transaction.
const rewritePage = 200

// Rewrite passes the text column of every row of a table through f, and keeps what f
// makes of it. It returns how many texts f changed. With dry it only counts them.
//
// Rows are looked at in the order of a column that names them, some in each
// transaction: a row that is put in place meanwhile may not be seen. An error, also
// of f, ends it, and what was kept before stays. The names are SQL of the caller's.
func (db *DB) Rewrite(ctx context.Context, table, key, column string, dry bool, f func(text string) (string, error)) (changed int64, err error) {
	type row struct {
		key  any
		text string
	}
	var after any
	for {
		var page []row
		look := func(tx *sql.Tx) error {
			page = page[:0]
			query, args := `SELECT `+key+`, `+column+` FROM `+table, []any{}
			if after != nil {
				query, args = query+` WHERE `+key+` > $1`, append(args, after)
			}
			rows, err := tx.QueryContext(ctx, query+` ORDER BY `+key+` LIMIT $`+string(rune('1'+len(args))), append(args, rewritePage)...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var r row
				if err := rows.Scan(&r.key, &r.text); err != nil {
					return err
				}
				if text, ok := r.key.([]byte); ok {
					r.key = string(text) // as it compares to a text
				}
				page = append(page, r)
			}
			return rows.Err()
		}
		var n int64
		work := func(tx *sql.Tx) error {
			if err := look(tx); err != nil {
				return err
			}
			n = 0
			for _, r := range page {
				text, err := f(r.text)
				if err != nil {
					return err
				}
				if text == r.text {
					continue
				}
				if n++; dry {
					continue
				}
				if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET `+column+` = $1 WHERE `+key+` = $2`, text, r.key); err != nil {
					return err
				}
			}
			return nil
		}
		if dry {
			err = db.View(ctx, work)
		} else {
			err = db.Tx(ctx, work)
		}
		if err != nil {
			return changed, err
		}
		changed += n
		if len(page) < rewritePage {
			return changed, nil
		}
		after = page[len(page)-1].key
	}
}
