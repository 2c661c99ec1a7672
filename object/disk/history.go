package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"lethe"
	"lethe/object"

	"github.com/oklog/ulid/v2"
	"github.com/versity/versitygw/s3err"
)

// What object.Store says of versions and of unfinished uploads.

// named returns a version that is there and has bytes; of the current one if id
// is "".
func (s *Store) named(bucket, key, id string) (*version, error) {
	if id == "" {
		return s.live(bucket, key)
	}
	if _, err := s.bucketNamed(bucket); err != nil {
		return nil, err
	}
	v, err := s.lookup(bucket, key, id)
	if err == nil && (v == nil || v.Marker) {
		err = lethe.Errorf(lethe.NotFound, "s3://%s/%s has no version %s", bucket, key, id)
	}
	return v, err
}

// lookup is find for ids that a caller gives: what cannot be an id is that of
// no version.
func (s *Store) lookup(bucket, key, id string) (*version, error) {
	if id != nullVersion {
		if _, err := ulid.ParseStrict(id); err != nil {
			return nil, nil
		}
	}
	return s.find(bucket, key, id)
}

// Describe says all that is known about a version.
func (s *Store) Describe(_ context.Context, bucket, key, id string) (object.Details, error) {
	v, err := s.named(bucket, key, id)
	if err != nil {
		return object.Details{}, s.plain(err, bucket, key)
	}
	return object.Details{Object: describe(bucket, key, v), Tags: v.Tags, Lock: lockOf(v)}, nil
}

func lockOf(v *version) object.Lock {
	l := object.Lock{Hold: v.Lock.held()}
	if r, ok := v.Lock.retention(); ok {
		l.Mode, l.Until = string(r.Mode), *r.RetainUntilDate
	}
	return l
}

// OpenVersion reads a range of a named version.
func (s *Store) OpenVersion(ctx context.Context, bucket, key, id string, off, n int64) (io.ReadCloser, object.Object, error) {
	for {
		v, err := s.named(bucket, key, id)
		if err != nil {
			return nil, object.Object{}, s.plain(err, bucket, key)
		}
		if off < 0 || off > v.Size {
			return nil, object.Object{}, lethe.Errorf(lethe.Invalid, "s3://%s/%s has %d bytes; there is nothing at %d", bucket, key, v.Size, off)
		}
		take := v.Size - off
		if n >= 0 {
			take = min(n, take)
		}
		r, err := s.open(v.Extents, off, take)
		if errors.Is(err, fs.ErrNotExist) && s.replaced(bucket, key, v) && ctx.Err() == nil {
			continue // between the index and the file: look again
		}
		if err != nil {
			return nil, object.Object{}, s.plain(err, bucket, key)
		}
		return r, describe(bucket, key, v), nil
	}
}

// DeleteVersion removes a version or a delete marker for good.
func (s *Store) DeleteVersion(ctx context.Context, bucket, key, id string) error {
	if id == "" {
		return lethe.Errorf(lethe.Invalid, "a version to delete needs an id")
	}
	c := s.changeBy(ctx)
	defer func() { s.settle(c) }() // after the lock
	unlock, err := s.lock(bucket, key)
	if err != nil {
		return s.plain(err, bucket, key)
	}
	defer unlock()
	v, err := s.lookup(bucket, key, id)
	if err != nil || v == nil {
		return s.plain(err, bucket, key)
	}
	if l := lockOf(v); l.Holds(time.Now()) {
		why := "a legal hold"
		if !l.Hold {
			why = "a retention until " + l.Until.UTC().Format(time.RFC3339)
		}
		return lethe.Errorf(lethe.Denied, "version %s of s3://%s/%s is kept by %s", id, bucket, key, why)
	}
	s.erase(c, bucket, key, v)
	return s.plain(c.commit(), bucket, key)
}

// ListVersions returns one page of versions, of one moment. It honours any limit.
func (s *Store) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (l object.VersionListing, err error) {
	if o.Limit < 0 {
		return l, lethe.Errorf(lethe.Invalid, "a listing cannot have %d entries", o.Limit)
	}
	if o.Limit == 0 {
		o.Limit = 1000
	}
	if _, err := s.bucketNamed(bucket); err != nil {
		return l, s.plain(err, bucket, "")
	}
	w, err := s.walk(bucket, o.Prefix, "")
	if err != nil {
		return l, s.plain(err, bucket, "")
	}
	defer w.Close()
	var ok bool
	seen, any := "", false
	if id, err := ulid.ParseStrict(o.After.Version); err == nil && o.After.Key >= o.Prefix {
		ok = w.SeekGE(append(versionKey(bucket, o.After.Key, id), 0))
		seen, any = o.After.Key, true // what follows of this key is not its newest
	} else {
		ok = w.start(o.After.Key)
	}
	var last *version
	for ; ok; ok = w.Next() {
		if err := ctx.Err(); err != nil {
			return l, err
		}
		if key, _ := splitVersionKey(w.Key()); !strings.HasPrefix(key, o.Prefix) {
			break
		}
		if len(l.Versions) == o.Limit {
			// The mark is the id below "null" too: the version may be gone by then.
			l.Next = object.VersionMark{Key: last.key, Version: last.id.String()}
			return l, nil
		}
		v, err := decodeVersion(w.Key(), w.Value())
		if err != nil {
			return l, err
		}
		x := object.Version{Object: listed(bucket, v.key, v), Marker: v.Marker, Latest: !any || v.key != seen}
		x.Version = v.versionID()
		l.Versions = append(l.Versions, x)
		last, seen, any = v, v.key, true
	}
	return l, w.Error()
}

// Uploads yields the unfinished uploads, by key and age.
func (s *Store) Uploads(ctx context.Context, bucket, prefix string) iter.Seq2[object.Upload, error] {
	return func(yield func(object.Upload, error) bool) {
		_, err := s.bucketNamed(bucket)
		var all []object.Upload // first, so that the caller may abort them
		if err == nil {
			err = s.index.scan(keysFrom(tabUpload, bucket, prefix), func(k, v []byte) error {
				u, err := decodeUpload(k, v)
				all = append(all, object.Upload{Key: u.key, ID: u.id, Started: u.Started})
				return errors.Join(err, ctx.Err())
			})
		}
		if err != nil {
			yield(object.Upload{}, s.plain(err, bucket, ""))
			return
		}
		for _, u := range all {
			if !yield(u, nil) {
				return
			}
		}
	}
}

// AbortUpload ends an unfinished upload and frees its parts.
func (s *Store) AbortUpload(_ context.Context, bucket, key, id string) error {
	unlock, err := s.lock(bucket, key)
	if err != nil {
		return s.plain(err, bucket, key)
	}
	defer unlock()
	var e s3err.S3Error
	if _, err := s.uploadIn(bucket, key, id); errors.As(err, &e) && e.BaseError().Code == "NoSuchUpload" {
		return nil
	} else if err != nil {
		return s.plain(err, bucket, key)
	}
	c := s.change()
	if err := s.dropUpload(c, bucket, key, id); err != nil {
		return s.plain(err, bucket, key)
	}
	return s.plain(c.commit(), bucket, key)
}
