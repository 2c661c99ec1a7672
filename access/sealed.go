package access

import (
	"context"
	"database/sql"

	"lethe/lib/seal"
)

// sealed are the columns that hold secrets, by table, and the column that names the
// row. Each value is bound to its table, column and row.
var sealed = []struct{ table, id, column string }{
	{"access_keys", "id", "secret"},
	{"access_temporary", "id", "secret"},
	{"access_temporary", "id", "token"},
	{"access_lake", "name", "value"},
}

// sealAll seals what a lake of an earlier version holds in the clear, and leaves no trace
// of it in the state file.
func (s *Service) sealAll(ctx context.Context) error {
	changed := false
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, c := range sealed {
			type value struct{ id, text string }
			clear, err := collect(ctx, tx, func(scan func(...any) error) (v value, err error) {
				err = scan(&v.id, &v.text)
				return v, err
			}, "SELECT "+c.id+", "+c.column+" FROM "+c.table+" WHERE "+secretRows(c.table))
			if err != nil {
				return err
			}
			for _, v := range clear {
				if seal.Sealed(v.text) {
					continue
				}
				changed = true
				if _, err := tx.ExecContext(ctx, "UPDATE "+c.table+" SET "+c.column+" = $1 WHERE "+c.id+" = $2",
					s.seals.Seal([]byte(v.text), c.table, c.column, v.id), v.id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil || !changed {
		return err
	}
	return s.db.Truncate(ctx)
}

// secretRows is which rows of a table hold secrets: of the lake's words, the alias is
// none.
func secretRows(table string) string {
	if table == "access_lake" {
		return "name IN ('audit-key', 'mask-key')"
	}
	return "1 = 1"
}

// unsealed opens a value that was read from a column.
func (s *Service) unsealed(text *string, table, column, id string) error {
	plain, err := s.seals.Unseal(*text, table, column, id)
	*text = string(plain)
	return err
}
