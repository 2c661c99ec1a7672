package store

import (
	"context"
	"strings"
)

// Empty removes all rows from a server's database but those of a new one, which
// is faster than to make a new one.
func Empty(ctx context.Context, s *Store) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		var names []string
		for _, t := range tables(s.db.version) {
			names = append(names, s.db.name(t.name, t.lower))
		}
		statements := []string{"TRUNCATE " + strings.Join(names, ", ")}
		if s.db.kind == mysqlKind {
			statements = []string{"SET foreign_key_checks = 0"}
			for _, n := range names {
				statements = append(statements, "DELETE FROM "+n)
			}
			statements = append(statements, "SET foreign_key_checks = 1")
		}
		for _, q := range statements {
			if _, err := tx.tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return insertFirstRows(ctx, tx, s.db.version)
	})
}
