package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"lethe"
	"lethe/erasure"
	"lethe/lib/postings"

	"github.com/jackc/pgx/v5"
)

// Of a hash the first 48 bits are kept: 16 of them choose a bucket, 32 stand in the
// bucket's postings. Two identifiers that share them cost a read and nothing else,
// because whoever finds a posting reads the record itself before cutting it.
const (
	bucketBits = 16
	restBits   = 32
	buckets    = 1 << bucketBits
	tables     = 32 // as the migrations make them
)

func split(h erasure.Hash) (bucket, rest uint32) {
	v := binary.BigEndian.Uint64(h[:8]) >> (64 - bucketBits - restBits)
	return uint32(v >> restBits), uint32(v)
}

// tableOf is which table a bucket is in.
func tableOf(bucket uint32) uint32 { return bucket / (buckets / tables) }

func tableName(table uint32) string { return fmt.Sprintf("lethe_index.postings_%d", table) }

// row is one of a table of postings.
type row struct {
	bucket uint32
	packed []byte
}

var errStop = errors.New("no more is wanted")

// copyRows adds rows. What next returns may be used until it is called again.
func copyRows(ctx context.Context, tx pgx.Tx, next func() (row, bool)) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"lethe_index", "postings"}, []string{"bucket", "packed"}, pgx.CopyFromFunc(func() ([]any, error) {
		r, ok := next()
		if !ok {
			return nil, nil
		}
		return []any{int32(r.bucket), r.packed}, nil
	}))
	return err
}

const (
	// manyRows is how many rows of a bucket are worth a merge.
	manyRows = 64
	// fewBuckets is how many buckets are looked at one by one.
	fewBuckets = 4096
)

// tend merges buckets that have got many rows: the given ones, or, if these are very
// many, those of one table, and of another the next time.
func (x *Index) tend(ctx context.Context, touched []uint32) error {
	byTable := map[uint32][]int32{}
	if len(touched) <= fewBuckets {
		for _, b := range touched {
			byTable[tableOf(b)] = append(byTable[tableOf(b)], int32(b))
		}
	} else {
		x.turns.Lock()
		if x.turn == 0 {
			x.turn = rand.Uint32() // several processes need not take the same
		}
		x.turn++
		t := x.turn % tables
		x.turns.Unlock()
		byTable[t] = nil
	}
	for t, some := range byTable {
		rows, err := x.pool.Query(ctx, `SELECT bucket FROM `+tableName(t)+` WHERE $1::int[] IS NULL OR bucket = ANY($1) GROUP BY bucket HAVING count(*) > $2`, some, manyRows)
		if err != nil {
			return explain(ctx, "write", err)
		}
		many, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		if err != nil {
			return explain(ctx, "write", err)
		}
		if len(many) == 0 {
			continue
		}
		err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error { return merge(ctx, tx, t, many, nil) })
		if err != nil {
			return explain(ctx, "write", err)
		}
	}
	return nil
}

// merge makes one row of all rows of each of some buckets of one table, without what
// does not count, and without the rests of erased hashes.
func merge(ctx context.Context, tx pgx.Tx, table uint32, some []int32, erased map[uint32][]uint32) error {
	// One merge at a time; others may read, and add.
	if _, err := tx.Exec(ctx, `LOCK TABLE `+tableName(table)+` IN SHARE UPDATE EXCLUSIVE MODE`); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `DELETE FROM `+tableName(table)+` WHERE bucket = ANY($1) RETURNING bucket, packed`, some)
	if err != nil {
		return err
	}
	defer rows.Close()
	var all []postings.Posting
	for rows.Next() {
		var bucket int32
		var packed []byte
		if err := rows.Scan(&bucket, &packed); err != nil {
			return err
		}
		from := len(all)
		if all, err = unpack(all, packed); err != nil {
			return err
		}
		for i := range all[from:] {
			all[from+i].Bucket = uint32(bucket)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p postings.Posting) bool { return slices.Contains(erased[p.Bucket], p.Rest) })
	// A number comes with its entry, by the same transaction, and never again after it.
	live, err := liveNumbers(ctx, tx, all)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p postings.Posting) bool { return !live[int64(p.Number)] })
	all = (&postings.Sorter{}).Sort(all, buckets)
	next, stop := iter.Pull(func(yield func(row) bool) {
		postings.Buckets(all, func(bucket uint32, ps []postings.Posting) error {
			if !yield(row{bucket, postings.Pack(nil, ps)}) {
				return errStop
			}
			return nil
		})
	})
	defer stop()
	return copyRows(ctx, tx, next)
}

func liveNumbers(ctx context.Context, tx pgx.Tx, ps []postings.Posting) (map[int64]bool, error) {
	live := map[int64]bool{}
	for _, p := range ps {
		live[int64(p.Number)] = false
	}
	ask := make([]int64, 0, len(live))
	for n := range live {
		ask = append(ask, n)
	}
	rows, err := tx.Query(ctx, `SELECT number FROM lethe_index.entries WHERE number = ANY($1)`, ask)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	for _, n := range found {
		live[n] = true
	}
	return live, err
}

// unpack appends the postings of a packed row.
func unpack(dst []postings.Posting, packed []byte) ([]postings.Posting, error) {
	dst, err := postings.Unpack(dst, packed, restBits)
	if err != nil {
		return dst, lethe.Errorf(lethe.BadData, "the erasure index is damaged: it has %w", err).WithHint("build the index again")
	}
	return dst, nil
}
