package postgres

import (
	"context"
	"errors"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"

	"github.com/jackc/pgx/v5"
)

var _ erasure.Follower = (*Index)(nil)

// Follow implements erasure.Follower. The number stays, and with it the postings; the
// entry tells what became of them. The plain table has rows for others to read, which are
// to be what they say: there the object is entered anew.
func (x *Index) Follow(ctx context.Context, from erasure.ObjectVersion, to erasure.Entry, gone []int64, blank bool) error {
	if err := index.CheckFollow(from, to, gone); err != nil {
		return err
	}
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	if x.plain {
		return lethe.Errorf(lethe.Unsupported, "an index with identifiers in clear does not follow what became of objects")
	}
	err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		var number int64
		var kept []byte
		err := tx.QueryRow(ctx, `SELECT number, cuts FROM lethe_index.entries WHERE bucket = $1 AND key = $2 AND version = $3 AND etag = $4 FOR UPDATE`,
			[]byte(from.Bucket), []byte(from.Key), []byte(from.Version), []byte(from.ETag)).Scan(&number, &kept)
		if errors.Is(err, pgx.ErrNoRows) {
			return index.Unknown(from)
		} else if err != nil {
			return err
		}
		cs, err := index.ReadCuts(kept)
		if err != nil {
			return err
		}
		if cs, err = cs.Add(gone, blank); err != nil {
			return err
		}
		raw, err := index.WriteCuts(cs)
		if err != nil {
			return err
		}
		if from.Version != to.Version {
			_, err := tx.Exec(ctx, `DELETE FROM lethe_index.entries WHERE bucket = $1 AND key = $2 AND version = $3`, []byte(to.Bucket), []byte(to.Key), []byte(to.Version))
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE lethe_index.entries SET version = $2, etag = $3, sequencer = $4, size = $5, rows = $6, indexed = $7, mapping = $8, cuts = $9 WHERE number = $1`,
			number, []byte(to.Version), []byte(to.ETag), []byte(to.Sequencer), to.Size, to.Rows, to.Indexed, withoutZeros(to.Mapping), string(raw))
		return err
	})
	return explain(ctx, "write", err)
}
