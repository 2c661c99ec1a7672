package erasure

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"lethe"
	"lethe/object"
)

// task is an object version that is to be read for the index, or to be erased from.
type task struct {
	object.Version
	looks []look
	gone  bool // while it was looked at
}

func (t task) version() ObjectVersion { return versionOf(t.Object) }

func versionOf(o object.Object) ObjectVersion {
	return ObjectVersion{Bucket: o.Bucket, Key: o.Key, Version: o.Version, ETag: o.ETag}
}

// reading is a task while it is read.
type reading struct {
	task
	indexed  Indexed
	postings int64
	back     bool // it holds somebody who was erased
	kept     bool // and must go on to
	print    string
	marks    []Mark
	err      error // why it could not be read to its end
}

// toErase follows the fingerprint of the mapping in the entry of a version that holds
// somebody who was erased. It is entered before they are erased from it again: should that
// fail, or the program die in between, the next listing finds another fingerprint than the
// mapping's, and does both anew.
const toErase = "/back"

// read begins to read an object version: its postings are found while the index
// takes them.
func (s *Service) read(ctx context.Context, t task) *reading {
	r := &reading{task: t, print: s.fingerprint(t.looks)}
	r.indexed.Entry = Entry{ObjectVersion: t.version(), Size: t.Size, Indexed: time.Now().UTC().Truncate(time.Microsecond), Mapping: r.print}
	r.indexed.Postings = func(yield func(Posting, error) bool) {
		r.indexed.Rows, r.postings, r.back, r.marks, r.err = 0, 0, false, nil, nil
		for _, k := range t.looks {
			if !s.readWith(ctx, r, k, yield) {
				break
			}
		}
		if r.indexed.Mapping = r.print; r.back && !r.kept {
			r.indexed.Mapping += toErase
		}
	}
	return r
}

// readWith yields the postings of one mapping; false if there shall be no more.
func (s *Service) readWith(ctx context.Context, r *reading, k look, yield func(Posting, error) bool) bool {
	whole := false
	fail := func(err error) bool {
		r.err = fmt.Errorf("mapping %s: %w", k.Name, err)
		// Who has all of an object is known, however its records are.
		if whole && stays(err) {
			return true
		}
		yield(Posting{}, r.err)
		return false
	}
	post := func(typ, v string, row int64) bool {
		r.postings++
		h := s.Key.Hash(typ, v)
		r.back = r.back || s.suppressed.has(h)
		return yield(Posting{Hash: h, Row: row, Plain: s.plain(v)}, nil)
	}
	for _, c := range k.claims {
		whole = whole || c.row == Whole
		if !post(c.typ, c.value, c.row) {
			return false
		}
	}
	if k.unknown != nil {
		return fail(k.unknown)
	}
	columns := k.columns()
	if r.Marker || k.doc != nil || k.listed || len(columns) == 0 {
		return true
	}
	f, err := s.format(k.cover, r.Key)
	if err != nil {
		return fail(err)
	}
	var rows, unreadable int64
	mark, every := exactly(r.task) && s.exactness.worth(r.Size), s.exactness.markEvery(r.Size)
	for rec, err := range f.Records(ctx, content{ctx, s.Store, r.Object}, columns, nil) {
		if err != nil {
			return fail(err)
		}
		rows++
		if mark {
			r.marks = appendMark(r.marks, rec, every)
		}
		if rec.Unreadable {
			unreadable++
			continue
		}
		more := true
		k.normals(rec.Values, func(typ, v string) bool {
			more = post(typ, v, rec.Row)
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
	if len(r.marks) > 0 {
		r.marks = append(r.marks, Mark{rows, r.Size})
	}
	r.indexed.Rows = max(r.indexed.Rows, rows)
	return true
}

// format is how a cover's objects are read.
func (s *Service) format(c cover, key string) (Format, error) {
	if c.Location == "" {
		return s.Format(c.table, c.storage, key)
	}
	if s.FormatOf == nil {
		return nil, lethe.Errorf(lethe.Unsupported, "objects of format %s are not read", c.Mapping.Format)
	}
	return s.FormatOf(c.Mapping.Format, key)
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

// objectID names a key in the state file, where it must not stand as it is: it may
// name a person.
func (s *Service) objectID(bucket, key string) string {
	return s.Key.Hash("object", bucket+"/"+key).String()[:32]
}

// unread returns what is kept of a version that could not be read, or nil.
func (s *Service) unread(ctx context.Context, o ObjectVersion) (u *Unread, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		found := Unread{ObjectVersion: o}
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT etag, mapping, kind, reason, at FROM erasure_unread WHERE object = $1 AND version = $2`, s.objectID(o.Bucket, o.Key), o.Version).
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
// most limit. Keys that name persons have tokens in place of identifiers.
func (s *Service) Unread(ctx context.Context, limit int) ([]Unread, error) {
	us, err := s.allUnread(ctx)
	if err != nil || len(us) == 0 {
		return nil, err
	}
	c, err := s.recent(ctx)
	if err != nil {
		return nil, err
	}
	for i := range us {
		us[i].Key = s.shown(c.covers(us[i].Bucket, us[i].Key), us[i].Key)
	}
	return us[:min(limit, len(us))], nil
}

// allUnread returns them with their keys as they are.
func (s *Service) allUnread(ctx context.Context) (us []Unread, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT object, bucket, sealed, version, etag, mapping, kind, reason, at FROM erasure_unread`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u Unread
			var id, sealed string
			var at int64
			if err := rows.Scan(&id, &u.Bucket, &sealed, &u.Version, &u.ETag, &u.Mapping, &u.Kind, &u.Reason, &at); err != nil {
				return err
			}
			key, err := s.Seal.Unseal(sealed, "erasure_unread", id)
			if err != nil {
				return err
			}
			u.Key, u.At = string(key), time.UnixMicro(at).UTC()
			us = append(us, u)
		}
		return rows.Err()
	})
	slices.SortFunc(us, func(a, b Unread) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	return us, err
}

// settle keeps whether a version could be read.
func (s *Service) settle(ctx context.Context, r *reading) error {
	o := r.version()
	if r.err == nil {
		return s.DB.Tx(ctx, func(tx *sql.Tx) error {
			return errors.Join(s.keepMarks(ctx, tx, o, r.marks), s.forgetUnread(ctx, tx, o))
		})
	}
	id := s.objectID(o.Bucket, o.Key)
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_unread (object, version, bucket, sealed, etag, mapping, kind, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (object, version) DO UPDATE SET etag = excluded.etag, mapping = excluded.mapping, kind = excluded.kind, reason = excluded.reason, at = excluded.at`,
			id, o.Version, o.Bucket, s.Seal.Seal([]byte(o.Key), "erasure_unread", id), o.ETag, r.indexed.Mapping, string(lethe.KindOf(r.err)),
			s.hide(r.covers(), o.Key, r.err).Error(), time.Now().UnixMicro())
		return err
	})
}

func (s *Service) forgetUnread(ctx context.Context, tx *sql.Tx, o ObjectVersion) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM erasure_unread WHERE object = $1 AND version = $2`, s.objectID(o.Bucket, o.Key), o.Version)
	return err
}

// dropUnread forgets the versions that could not be read and were in no listing. What
// took the place of one, and cannot be read either, has another ETag.
func (b *build) dropUnread(ctx context.Context) error {
	if len(b.unreadBefore) == 0 {
		return nil
	}
	return b.s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for o := range b.unreadBefore {
			_, err := tx.ExecContext(ctx, `DELETE FROM erasure_unread WHERE object = $1 AND version = $2 AND etag = $3`, b.s.objectID(o.Bucket, o.Key), o.Version, o.ETag)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
