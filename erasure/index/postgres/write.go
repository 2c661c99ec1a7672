package postgres

import (
	"context"
	"iter"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
	"lethe/lib/postings"

	"github.com/jackc/pgx/v5"
)

const (
	// atOnce is how many postings are gathered before they are written; they take 24
	// bytes each meanwhile.
	atOnce = 1 << 20
	// plainAtOnce is the same where identifiers are kept with them.
	plainAtOnce = 128 << 10
	// objectsAtOnce is how many objects are gathered before they are entered.
	objectsAtOnce = 4096
)

// writer gathers postings of objects.
type writer struct {
	x       *Index
	ps      []postings.Posting
	plain   []plainRow
	sorter  postings.Sorter
	pending []entering
	tx      pgx.Tx   // in which postings of an object are already that has too many to gather
	touched []uint32 // the buckets of the last postings that were written
}

type entering struct {
	number, postings int64
	erasure.Entry
}

// Put enters object versions.
func (x *Index) Put(ctx context.Context, objects iter.Seq2[*erasure.Indexed, error]) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	w := &writer{x: x}
	defer w.abandon(ctx)
	for o, err := range objects {
		if err != nil {
			return err
		}
		if err := w.add(ctx, o); err != nil {
			return err
		}
	}
	return w.finish(ctx)
}

func (w *writer) add(ctx context.Context, o *erasure.Indexed) error {
	n, err := w.x.number(ctx)
	if err != nil {
		return err
	}
	var count int64
	if o.Postings != nil {
		for p, err := range o.Postings {
			if err != nil {
				// What was gathered is of a number that has no entry, and counts for nothing.
				return w.full(ctx)
			}
			if p.Row < 0 {
				return lethe.Errorf(lethe.Invalid, "s3://%s/%s: a posting of row %d", o.Bucket, o.Key, p.Row)
			}
			bucket, rest := split(p.Hash)
			w.ps = append(w.ps, postings.Posting{Bucket: bucket, Rest: rest, Number: uint64(n), Row: uint64(p.Row)})
			if w.x.plain {
				w.addPlain(n, p)
			}
			count++
			if len(w.ps) == atOnce || len(w.plain) == plainAtOnce {
				if err := w.write(ctx); err != nil {
					return err
				}
			}
		}
	}
	w.pending = append(w.pending, entering{number: n, postings: count, Entry: o.Entry})
	return w.full(ctx)
}

// full finishes if much is gathered, and if a transaction is open, which must not be
// while other objects are read: erasing waits for it.
func (w *writer) full(ctx context.Context) error {
	if w.tx != nil || len(w.ps) >= atOnce/2 || len(w.plain) >= plainAtOnce/2 || len(w.pending) == objectsAtOnce {
		return w.finish(ctx)
	}
	return nil
}

// write adds the gathered postings to the transaction.
func (w *writer) write(ctx context.Context) (err error) {
	if w.tx == nil {
		if w.tx, err = w.x.pool.Begin(ctx); err != nil {
			return explain(ctx, "write", err)
		}
	}
	if len(w.ps) > 0 {
		w.ps = w.sorter.Sort(w.ps, buckets)
		if err := w.copyPostings(ctx); err != nil {
			return explain(ctx, "write", err)
		}
		w.ps = w.ps[:0]
	}
	if len(w.plain) > 0 {
		if err := copyPlain(ctx, w.tx, w.plain); err != nil {
			return explain(ctx, "write", err)
		}
		w.plain = w.plain[:0]
	}
	return nil
}

func (w *writer) copyPostings(ctx context.Context) error {
	w.touched = w.touched[:0]
	next, stop := iter.Pull(func(yield func(row) bool) {
		var packed []byte
		postings.Buckets(w.ps, func(bucket uint32, ps []postings.Posting) error {
			w.touched = append(w.touched, bucket)
			packed = postings.Pack(packed[:0], ps)
			if !yield(row{bucket, packed}) {
				return errStop
			}
			return nil
		})
	})
	defer stop()
	return copyRows(ctx, w.tx, next)
}

// finish lets all that is gathered count.
func (w *writer) finish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(w.pending) == 0 && w.tx == nil {
		w.ps, w.plain = w.ps[:0], w.plain[:0] // of objects that could not be read
		return nil
	}
	if err := w.write(ctx); err != nil {
		return err
	}
	if err := w.enter(ctx); err != nil {
		return explain(ctx, "write", err)
	}
	err := w.tx.Commit(ctx)
	w.tx, w.pending = nil, w.pending[:0]
	if err != nil {
		return explain(ctx, "write", err)
	}
	return w.x.tend(ctx, w.touched)
}

// enter writes the ledger. Rows are in one order, so that two never wait for each
// other.
func (w *writer) enter(ctx context.Context) error {
	last := map[[3]string]entering{} // of several of one object the last counts
	for _, e := range w.pending {
		last[[3]string{e.Bucket, e.Key, e.Version}] = e
	}
	var names [5][][]byte // bucket, key, version, etag, sequencer
	var numbers [4][]int64
	var indexed []any
	var mappings []string
	var paths []*string
	keys := make([][3]string, 0, len(last))
	for k := range last {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [3]string) int {
		return slices.Compare(a[:], b[:])
	})
	for _, k := range keys {
		e := last[k]
		for i, s := range []string{e.Bucket, e.Key, e.Version, e.ETag, e.Sequencer} {
			names[i] = append(names[i], []byte(s))
		}
		for i, n := range []int64{e.number, e.Size, e.Rows, e.postings} {
			numbers[i] = append(numbers[i], n)
		}
		indexed = append(indexed, e.Indexed)
		mappings = append(mappings, withoutZeros(e.Mapping))
		var path *string
		if w.x.plain {
			s := asText("s3://" + e.Bucket + "/" + e.Key)
			path = &s
		}
		paths = append(paths, path)
	}
	_, err := w.tx.Exec(ctx, `INSERT INTO lethe_index.entries (bucket, key, version, etag, sequencer, number, size, rows, postings, indexed, mapping, s3path)
		SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::timestamptz[], $11::text[], $12::text[])
		ON CONFLICT (bucket, key, version) DO UPDATE SET etag = excluded.etag, sequencer = excluded.sequencer, number = excluded.number, size = excluded.size,
			rows = excluded.rows, postings = excluded.postings, indexed = excluded.indexed, mapping = excluded.mapping, s3path = excluded.s3path, cuts = NULL`,
		names[0], names[1], names[2], names[3], names[4], numbers[0], numbers[1], numbers[2], numbers[3], indexed, mappings, paths)
	return err
}

// withoutZeros is what text in PostgreSQL can be.
func withoutZeros(s string) string { return strings.ReplaceAll(s, "\x00", "") }

// abandon takes back what has not been entered.
func (w *writer) abandon(ctx context.Context) {
	if w.tx != nil {
		w.tx.Rollback(context.WithoutCancel(ctx)) // if that fails the connection is closed, which does the same
	}
}

// Forget takes an object version out.
func (x *Index) Forget(ctx context.Context, o erasure.ObjectVersion) error {
	if err := x.gate.Enter(); err != nil {
		return err
	}
	defer x.gate.Leave()
	_, err := x.pool.Exec(ctx, `DELETE FROM lethe_index.entries WHERE bucket = $1 AND key = $2 AND version = $3 AND etag = $4`,
		[]byte(o.Bucket), []byte(o.Key), []byte(o.Version), []byte(o.ETag))
	return explain(ctx, "write", err)
}
