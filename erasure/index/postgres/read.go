package postgres

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"lethe/erasure"
	"lethe/erasure/index"
	"lethe/lib/orderkey"
	"lethe/lib/postings"

	"github.com/jackc/pgx/v5"
)

// columns are an entry's, as scan reads them.
const columns = `bucket, key, version, etag, size, rows, sequencer, indexed, mapping`

// scan reads an entry, and what stands before it.
func scan(r pgx.Row, before ...any) (e erasure.Entry, err error) {
	var bucket, key, version, etag, sequencer []byte
	var indexed time.Time
	err = r.Scan(append(before, &bucket, &key, &version, &etag, &e.Size, &e.Rows, &sequencer, &indexed, &e.Mapping)...)
	e.Bucket, e.Key, e.Version, e.ETag, e.Sequencer, e.Indexed = string(bucket), string(key), string(version), string(etag), string(sequencer), indexed.UTC()
	return e, err
}

// Find yields the places of an identifier.
func (x *Index) Find(ctx context.Context, h erasure.Hash) iter.Seq2[erasure.Place, error] {
	return index.Places(func() ([]erasure.Place, error) { return x.find(ctx, h) })
}

// asOneMoment makes the statements of a transaction see the same: an object that is
// replaced between two would have no place in either.
var asOneMoment = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

func (x *Index) find(ctx context.Context, h erasure.Hash) (places []erasure.Place, err error) {
	if err := x.gate.Enter(); err != nil {
		return nil, err
	}
	defer x.gate.Leave()
	bucket, rest := split(h)
	err = pgx.BeginTxFunc(ctx, x.pool, asOneMoment, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT packed FROM `+tableName(tableOf(bucket))+` WHERE bucket = $1`, int32(bucket))
		if err != nil {
			return err
		}
		defer rows.Close()
		at := map[int64][]int64{} // rows by number
		var ps []postings.Posting
		for rows.Next() {
			var packed []byte
			if err := rows.Scan(&packed); err != nil {
				return err
			}
			if ps, err = unpack(ps[:0], packed); err != nil {
				return err
			}
			for _, p := range ps {
				if p.Rest == rest {
					at[int64(p.Number)] = append(at[int64(p.Number)], int64(p.Row))
				}
			}
		}
		if err := rows.Err(); err != nil || len(at) == 0 {
			return err
		}
		places, err = x.places(ctx, tx, at)
		return err
	})
	return places, explain(ctx, "read", err)
}

func (x *Index) places(ctx context.Context, tx pgx.Tx, at map[int64][]int64) (places []erasure.Place, err error) {
	numbers := make([]int64, 0, len(at))
	for n := range at {
		numbers = append(numbers, n)
	}
	rows, err := tx.Query(ctx, `SELECT number, cuts, `+columns+` FROM lethe_index.entries WHERE number = ANY($1) ORDER BY bucket, key, version`, numbers)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var kept []byte
		e, err := scan(rows, &n, &kept)
		if err != nil {
			return nil, err
		}
		cs, err := index.ReadCuts(kept)
		if err != nil {
			return nil, err
		}
		slices.Sort(at[n])
		if left := cs.Of(slices.Compact(at[n])); len(left) > 0 {
			places = append(places, erasure.Place{Entry: e, Rows: left})
		}
	}
	return places, rows.Err()
}

// Entry returns what is known of an object version.
func (x *Index) Entry(ctx context.Context, o erasure.ObjectVersion) (erasure.Entry, error) {
	if err := x.gate.Enter(); err != nil {
		return erasure.Entry{}, err
	}
	defer x.gate.Leave()
	e, err := scan(x.pool.QueryRow(ctx, `SELECT `+columns+` FROM lethe_index.entries WHERE bucket = $1 AND key = $2 AND version = $3 AND etag = $4`,
		[]byte(o.Bucket), []byte(o.Key), []byte(o.Version), []byte(o.ETag)))
	if errors.Is(err, pgx.ErrNoRows) {
		return erasure.Entry{}, index.Unknown(o)
	}
	return e, explain(ctx, "read", err)
}

// page is how many entries are read at a time.
const page = 512

// Entries yields what is known of the objects whose key begins with prefix.
func (x *Index) Entries(ctx context.Context, bucket, prefix string) iter.Seq2[erasure.Entry, error] {
	return func(yield func(erasure.Entry, error) bool) {
		var last *erasure.Entry
		for {
			es, err := x.entriesAfter(ctx, bucket, prefix, last)
			if err != nil {
				yield(erasure.Entry{}, err)
				return
			}
			for _, e := range es {
				if !yield(e, nil) {
					return
				}
			}
			if len(es) < page {
				return
			}
			last = &es[len(es)-1]
		}
	}
}

// entriesAfter returns the page of entries after one, or the first.
func (x *Index) entriesAfter(ctx context.Context, bucket, prefix string, after *erasure.Entry) ([]erasure.Entry, error) {
	if err := x.gate.Enter(); err != nil {
		return nil, err
	}
	defer x.gate.Leave()
	sql := `SELECT ` + columns + ` FROM lethe_index.entries WHERE bucket = $1 AND key >= $2`
	args := []any{[]byte(bucket), []byte(prefix)}
	if after != nil {
		sql += ` AND (key, version) > ($2, $3)`
		args = []any{[]byte(bucket), []byte(after.Key), []byte(after.Version)}
	}
	if end := orderkey.After([]byte(prefix)); end != nil {
		args = append(args, end)
		sql += ` AND key < $` + string('0'+rune(len(args)))
	}
	args = append(args, page)
	rows, err := x.pool.Query(ctx, sql+` ORDER BY key, version LIMIT $`+string('0'+rune(len(args))), args...)
	if err != nil {
		return nil, explain(ctx, "read", err)
	}
	es, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (erasure.Entry, error) { return scan(r) })
	return es, explain(ctx, "read", err)
}
