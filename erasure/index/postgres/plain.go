package postgres

import (
	"context"
	"fmt"
	"strings"

	"lethe/erasure"

	"github.com/jackc/pgx/v5"
)

// parts is how many tables the plain table has, as the migrations make them.
const parts = 8

// plainRow is one of the plain table.
type plainRow struct {
	hash   erasure.Hash
	number int64
	userid string
	row    int64
}

func partOf(h erasure.Hash) uint32 { return uint32(h[0]) % parts }

func plainName(part uint32) string { return fmt.Sprintf("lethe_index.plain_%d", part) }

// addPlain gathers an identifier. Text in PostgreSQL has no zero bytes, which
// composite identifiers have.
func (w *writer) addPlain(number int64, p erasure.Posting) {
	if p.Plain == "" || strings.Contains(p.Plain, "\x00") {
		return
	}
	w.plain = append(w.plain, plainRow{p.Hash, number, asText(p.Plain), p.Row})
}

func copyPlain(ctx context.Context, tx pgx.Tx, rows []plainRow) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"lethe_index", "plain"}, []string{"part", "hash", "number", "userid", "recordline"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r := &rows[i]
			return []any{int16(partOf(r.hash)), r.hash[:], r.number, r.userid, r.row}, nil
		}))
	return err
}

// deletePlain deletes identifiers from a part of the plain table, and what does not
// count there.
func deletePlain(ctx context.Context, tx pgx.Tx, part uint32, hs []erasure.Hash) error {
	all := make([][]byte, len(hs))
	for i, h := range hs {
		all[i] = h[:]
	}
	_, err := tx.Exec(ctx, `DELETE FROM `+plainName(part)+` p WHERE hash = ANY($1) OR NOT EXISTS (SELECT 1 FROM lethe_index.entries e WHERE e.number = p.number)`, all)
	return err
}

// settlePlain makes the plain table what the mode says. Objects that were entered in
// the other mode are forgotten when identifiers are wanted, so that they are entered
// again.
func (x *Index) settlePlain(ctx context.Context) error {
	if x.plain {
		_, err := x.pool.Exec(ctx, `DELETE FROM lethe_index.entries WHERE s3path IS NULL`)
		return explain(ctx, "open", err)
	}
	var any bool
	err := x.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM lethe_index.plain)`).Scan(&any)
	if err == nil && any { // TRUNCATE leaves no file behind
		err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `TRUNCATE lethe_index.plain`)
			if err == nil {
				_, err = tx.Exec(ctx, `UPDATE lethe_index.entries SET s3path = NULL WHERE s3path IS NOT NULL`)
			}
			return err
		})
	}
	return explain(ctx, "open", err)
}
