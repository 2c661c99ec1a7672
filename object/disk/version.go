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
	return s.firstVersion(bucket, key, func(*version) bool { return true })
}

// nullOf returns the key's version "null"; it may lie below newer ones.
func (s *Store) nullOf(bucket, key string) (*version, error) {
	return s.firstVersion(bucket, key, func(v *version) bool { return v.Null })
}

func (s *Store) firstVersion(bucket, key string, want func(*version) bool) (*version, error) {
	it, err := s.index.seek(objectKey(tabVersion, bucket, key))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := decodeVersion(it.Key(), it.Value())
		if err != nil || want(v) {
			return v, err
		}
	}
	return nil, it.Error()
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
	c.set(versionKey(bucket, key, v.id), v)
	c.tell(b, name, v)
	return nil
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
	c.set(versionKey(bucket, key, marker.id), marker)
	c.tell(b, "ObjectRemoved:DeleteMarkerCreated", marker)
	return marker, nil
}

// erase adds to c that a version is no more.
func (s *Store) erase(c *change, bucket, key string, v *version) {
	s.end(c, bucket, key, v)
	c.tell(s.buckets[bucket], "ObjectRemoved:Delete", v)
}

// end drops a version's record and its hold on blobs; nil does nothing.
func (s *Store) end(c *change, bucket, key string, v *version) {
	if v == nil {
		return
	}
	c.drop(v.Extents)
	c.delete(versionKey(bucket, key, v.id))
}
