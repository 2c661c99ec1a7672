package erasure

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"lethe"
	"lethe/object"
)

// task is an object version that is to be read for the index.
type task struct {
	object.Object
	covers []cover
}

func (t task) version() ObjectVersion {
	return ObjectVersion{Bucket: t.Bucket, Key: t.Key, Version: t.Version, ETag: t.ETag}
}

// reading is a task while it is read.
type reading struct {
	task
	indexed  Indexed
	postings int64
	back     bool  // it holds somebody who was erased
	err      error // why it could not be read to its end
}

// read begins to read an object version: its postings are found while the index
// takes them.
func (s *Service) read(ctx context.Context, t task) *reading {
	r := &reading{task: t}
	r.indexed.Entry = Entry{ObjectVersion: t.version(), Size: t.Size, Indexed: time.Now().UTC().Truncate(time.Microsecond), Mapping: fingerprint(t.covers)}
	r.indexed.Postings = func(yield func(Posting, error) bool) {
		r.indexed.Rows, r.postings, r.back, r.err = 0, 0, false, nil
		for _, c := range t.covers {
			if !s.readWith(ctx, r, c, yield) {
				return
			}
		}
	}
	return r
}

// readWith yields the postings of one mapping; false if there shall be no more.
func (s *Service) readWith(ctx context.Context, r *reading, c cover, yield func(Posting, error) bool) bool {
	fail := func(err error) bool {
		r.err = fmt.Errorf("mapping %s: %w", c.Name, err)
		yield(Posting{}, r.err)
		return false
	}
	f, err := s.Format(c.table, c.storage, r.Key)
	if err != nil {
		return fail(err)
	}
	var rows, unreadable int64
	for rec, err := range f.Records(ctx, content{ctx, s.Store, r.Object}, c.columns(), nil) {
		if err != nil {
			return fail(err)
		}
		rows++
		if rec.Unreadable {
			unreadable++
			continue
		}
		more := true
		c.normals(rec.Values, func(typ, v string) bool {
			r.postings++
			h := s.Key.Hash(typ, v)
			r.back = r.back || s.suppressed.has(h)
			more = yield(Posting{Hash: h, Row: rec.Row}, nil)
			return more
		})
		if !more {
			return false
		}
	}
	// Whose an unreadable record is cannot be told: the object is not one that is
	// known to be without a person.
	if unreadable > 0 {
		return fail(lethe.Errorf(lethe.BadData, "%d of %d records cannot be read", unreadable, rows))
	}
	r.indexed.Rows = max(r.indexed.Rows, rows)
	return true
}

// identifiers yields the identifiers of a record by the values of their columns.
// Columns of as many values each go together, as fields of the structs of one
// array; otherwise every combination counts.
func identifiers(values [][]string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		one := make([]string, len(values))
		together := true
		for _, v := range values {
			together = together && len(v) == len(values[0])
		}
		if together {
			for i := range values[0] {
				for j := range values {
					one[j] = values[j][i]
				}
				if !yield(one) {
					return
				}
			}
			return
		}
		var combine func(j int) bool
		combine = func(j int) bool {
			if j == len(values) {
				return yield(one)
			}
			for _, v := range values[j] {
				one[j] = v
				if !combine(j + 1) {
					return false
				}
			}
			return true
		}
		combine(0)
	}
}

// Unread is an object version that the index could not be given.
type Unread struct {
	ObjectVersion
	Mapping string     `json:"mapping"` // fingerprint of the mappings it was to be read with
	Kind    lethe.Kind `json:"kind"`
	Reason  string     `json:"reason"`
	At      time.Time  `json:"at,omitzero"`
}

// stays reports whether reading the version again would end alike.
func (u Unread) stays() bool {
	switch u.Kind {
	case lethe.Unsupported, lethe.BadData, lethe.Invalid:
		return true
	}
	return false
}

// unread returns what is kept of a version that could not be read, or nil.
func (s *Service) unread(ctx context.Context, o ObjectVersion) (u *Unread, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		found := Unread{ObjectVersion: o}
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT etag, mapping, kind, reason, at FROM erasure_unread WHERE bucket = $1 AND object_key = $2 AND version = $3`, o.Bucket, o.Key, o.Version).
			Scan(&found.ETag, &found.Mapping, &found.Kind, &found.Reason, &at)
		if errors.Is(err, sql.ErrNoRows) || err == nil && found.ETag != o.ETag {
			return nil
		}
		found.At = time.UnixMicro(at).UTC()
		u = &found
		return err
	})
	return u, err
}

// Unread returns the object versions that could not be read, by bucket and key; at
// most limit.
func (s *Service) Unread(ctx context.Context, limit int) (us []Unread, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT bucket, object_key, version, etag, mapping, kind, reason, at FROM erasure_unread ORDER BY bucket, object_key, version LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u Unread
			var at int64
			if err := rows.Scan(&u.Bucket, &u.Key, &u.Version, &u.ETag, &u.Mapping, &u.Kind, &u.Reason, &at); err != nil {
				return err
			}
			u.At = time.UnixMicro(at).UTC()
			us = append(us, u)
		}
		return rows.Err()
	})
	return us, err
}

// settle keeps whether a version could be read.
func (s *Service) settle(ctx context.Context, r *reading) error {
	o := r.version()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if r.err == nil {
			_, err := tx.ExecContext(ctx, `DELETE FROM erasure_unread WHERE bucket = $1 AND object_key = $2 AND version = $3`, o.Bucket, o.Key, o.Version)
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_unread (bucket, object_key, version, etag, mapping, kind, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (bucket, object_key, version) DO UPDATE SET etag = excluded.etag, mapping = excluded.mapping, kind = excluded.kind, reason = excluded.reason, at = excluded.at`,
			o.Bucket, o.Key, o.Version, o.ETag, r.indexed.Mapping, string(lethe.KindOf(r.err)), r.err.Error(), time.Now().UnixMicro())
		return err
	})
}
