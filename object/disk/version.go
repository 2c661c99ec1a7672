package disk

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/oklog/ulid/v2"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// What both faces do with versions. A key's versions lie newest first; the key
// has an object if the newest is there and is not a delete marker.

func decodeVersion(k, v []byte) (*version, error) {
	x := &version{}
	if err := decode(k, v, x); err != nil {
		return nil, err
	}
	x.key, x.id = splitVersionKey(k)
	return x, nil
}

// newest returns the key's current version, marker or not; nil if it has none.
func (s *Store) newest(bucket, key string) (*version, error) {
	it, err := s.index.seek(objectKey(tabVersion, bucket, key))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if !it.First() {
		return nil, it.Error()
	}
	return decodeVersion(it.Key(), it.Value())
}

// nullOf returns the key's version "null". It is the newest, or lies below
// newer ones; then an entry of its own says where, written when the first of
// them was put above it, so that nobody searches a long history.
func (s *Store) nullOf(bucket, key string) (*version, error) {
	v, err := s.newest(bucket, key)
	if err != nil || v == nil || v.Null {
		return v, err
	}
	var id ulid.ULID
	if ok, err := s.index.get(objectKey(tabNull, bucket, key), &id); err != nil || !ok {
		return nil, err
	}
	v = &version{key: key, id: id}
	if ok, err := s.index.get(versionKey(bucket, key, id), v); err != nil || !ok {
		return nil, err
	}
	return v, nil
}

// find returns the named version, or the current one if id is "". It returns
// nil when there is none.
func (s *Store) find(bucket, key, id string) (*version, error) {
	switch id {
	case "":
		return s.newest(bucket, key)
	case nullVersion:
		return s.nullOf(bucket, key)
	}
	u, err := ulid.Parse(id)
	if err != nil {
		return nil, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	v := &version{key: key, id: u}
	ok, err := s.index.get(versionKey(bucket, key, u), v)
	if err != nil || !ok || v.Null {
		return nil, err
	}
	return v, nil
}

// checkWrite evaluates If-Match and If-None-Match of a write. ETags come
// without quotes.
func (s *Store) checkWrite(bucket, key string, ifMatch, ifNone *string) error {
	if ifMatch == nil && ifNone == nil {
		return nil
	}
	v, err := s.newest(bucket, key)
	if err != nil {
		return err
	}
	if v == nil || v.Marker {
		return backend.EvaluateObjectPutPreconditions("", ifMatch, ifNone, false)
	}
	return backend.EvaluateObjectPutPreconditions(v.ETag, ifMatch, ifNone, true)
}

// publish makes v the newest version of the key. refs says what becomes of its
// blobs. It answers the version id to report.
func (s *Store) publish(ctx context.Context, bucket, key string, v *version, name string, ifMatch, ifNone *string, refs func(c *change) error) (string, error) {
	unlock, err := s.lock(bucket, key)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := s.checkWrite(bucket, key, ifMatch, ifNone); err != nil {
		return "", err
	}
	c := s.changeBy(ctx)
	if err := refs(c); err != nil {
		return "", err
	}
	if err := s.place(c, bucket, key, v, name); err != nil {
		return "", err
	}
	if err := c.commit(); err != nil {
		return "", err
	}
	if v.Null {
		return "", nil
	}
	return v.versionID(), nil
}

// place adds to c that v becomes the newest version of the key. It is the one
// place where objects come to be; the caller holds the key's lock.
func (s *Store) place(c *change, bucket, key string, v *version, name string) error {
	old, err := s.newest(bucket, key)
	if err != nil {
		return err
	}
	b := s.buckets[bucket]
	v.Null = b.Versioning != types.BucketVersioningStatusEnabled
	if v.Null { // replaces the null version, wherever it is
		gone := old
		if b.Versioning != "" {
			if gone, err = s.nullOf(bucket, key); err != nil {
				return err
			}
		}
		s.end(c, bucket, key, gone)
	}
	var least ulid.ULID
	if old != nil {
		least = old.id
	}
	v.key, v.id, v.Time = key, s.newID(least), time.Now().UTC()
	if v.Lock.Retention == nil {
		v.Lock.Retention = b.byDefault(v.Time)
	}
	s.above(c, bucket, key, old, v)
	c.tell(b, name, v)
	return nil
}

// above adds to c that v lies above old, the newest version so far, which may
// be nil.
func (s *Store) above(c *change, bucket, key string, old, v *version) {
	if old != nil && old.Null && !v.Null {
		c.set(objectKey(tabNull, bucket, key), old.id)
	}
	c.set(versionKey(bucket, key, v.id), v)
}

// remove adds to c that the key has no object any more: in a bucket that keeps
// versions by a delete marker, which it returns, and else for good. v is the
// key's newest version; the caller holds the key's lock.
func (s *Store) remove(c *change, bucket, key string, v *version) (marker *version, err error) {
	b := s.buckets[bucket]
	if b.Versioning == "" {
		s.erase(c, bucket, key, v)
		return nil, nil
	}
	marker = &version{key: key, Marker: true, Time: time.Now().UTC(), id: s.newID(v.id)}
	if b.Versioning == types.BucketVersioningStatusSuspended {
		marker.Null = true
		gone, err := s.nullOf(bucket, key)
		if err != nil {
			return nil, err
		}
		s.end(c, bucket, key, gone)
	}
	s.above(c, bucket, key, v, marker)
	c.tell(b, "ObjectRemoved:DeleteMarkerCreated", marker)
	return marker, nil
}

// erase adds to c that a version is no more. Who answers for it calls settle
// after the commit, without locks.
func (s *Store) erase(c *change, bucket, key string, v *version) {
	s.end(c, bucket, key, v)
	c.erasing(bucket, key)
	c.tell(s.buckets[bucket], "ObjectRemoved:Delete", v)
}

// end drops a version's record and its hold on blobs; nil does nothing.
func (s *Store) end(c *change, bucket, key string, v *version) {
	if v == nil {
		return
	}
	c.dropOf(bucket, key, v.Extents)
	c.delete(versionKey(bucket, key, v.id))
	if v.Null && s.buckets[bucket].Versioning != "" {
		c.delete(objectKey(tabNull, bucket, key))
	}
}
