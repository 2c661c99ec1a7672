package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
)

// The face that lethe's own parts see: object.Store.

const maxKey = object.MaxKey

// Buckets returns all buckets, by name.
func (s *Store) Buckets(ctx context.Context) ([]object.Bucket, error) {
	var list []object.Bucket
	for _, b := range s.allBuckets() {
		list = append(list, object.Bucket{Name: b.Name, Created: b.Created})
	}
	return list, ctx.Err()
}

// CreateBucket makes a bucket. Names follow S3's rules.
func (s *Store) CreateBucket(_ context.Context, name string) error {
	if !utils.IsValidBucketName(name) {
		return lethe.Errorf(lethe.Invalid, "%q is no bucket name", name).
			WithHint("3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] != nil {
		return lethe.Errorf(lethe.Exists, "bucket %s exists already", name)
	}
	return s.plain(s.putBucket(newBucket(name, lethe.Account)), name, "")
}

// DeleteBucket deletes an empty bucket, and with it its unfinished uploads.
func (s *Store) DeleteBucket(_ context.Context, name string) error {
	return s.plain(s.deleteBucket(name), name, "")
}

// live returns the current version of a key.
func (s *Store) live(bucket, key string) (*version, error) {
	if _, err := s.bucketNamed(bucket); err != nil {
		return nil, err
	}
	v, err := s.newest(bucket, key)
	if err == nil && (v == nil || v.Marker) {
		err = s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	return v, err
}

// Head describes the current version.
func (s *Store) Head(_ context.Context, bucket, key string) (object.Object, error) {
	v, err := s.live(bucket, key)
	if err != nil {
		return object.Object{}, s.plain(err, bucket, key)
	}
	return describe(bucket, key, v), nil
}

func describe(bucket, key string, v *version) object.Object {
	o := listed(bucket, key, v)
	o.ContentType, o.Metadata = v.Header.ContentType, v.Header.Metadata
	return o
}

// listed is what listings say about an object.
func listed(bucket, key string, v *version) object.Object {
	o := object.Object{Bucket: bucket, Key: key, Size: v.Size, ETag: v.ETag, Modified: v.Time}
	if !v.Null {
		o.Version = v.versionID()
	}
	return o
}

// Open reads a range of the current version. It answers Invalid if the object
// ends before off.
func (s *Store) Open(ctx context.Context, bucket, key string, off, n int64) (io.ReadCloser, object.Object, error) {
	return s.OpenVersion(ctx, bucket, key, "", off, n)
}

// replaced says whether v is not what the index says about its key any more. If
// it is, a missing blob is lost and not merely replaced.
func (s *Store) replaced(bucket, key string, v *version) bool {
	now, err := s.find(bucket, key, v.versionID())
	return err == nil && (now == nil || now.id != v.id || !sameExtents(now.Extents, v.Extents))
}

// Put writes an object.
func (s *Store) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	if err := object.CheckKey(key); err != nil {
		return object.Object{}, err
	}
	ifMatch, ifNone, err := condition(c)
	if err != nil {
		return object.Object{}, err
	}
	// Before the bytes, to fail early; again when it counts.
	if _, err := s.bucketNamed(bucket); err != nil {
		return object.Object{}, s.plain(err, bucket, key)
	}
	if err := s.checkWrite(bucket, key, ifMatch, ifNone); err != nil {
		return object.Object{}, s.conflict(err, bucket, key)
	}
	v, err := s.stage(ctx, r)
	if err != nil {
		return object.Object{}, s.plain(err, bucket, key)
	}
	v.Header = headerOf(h)
	if _, err := s.publish(ctx, bucket, key, v, "ObjectCreated:Put", ifMatch, ifNone, func(c *change) error {
		c.own(v.Extents)
		return nil
	}); err != nil {
		s.discardUnless(err, v.Extents)
		return object.Object{}, s.conflict(err, bucket, key)
	}
	return describe(bucket, key, v), nil
}

func headerOf(h object.Header) header {
	m := make(map[string]string, len(h.Metadata))
	for k, v := range h.Metadata {
		m[strings.ToLower(k)] = v
	}
	if len(m) == 0 {
		m = nil
	}
	return header{ContentType: h.ContentType, Metadata: maps.Clone(m)}
}

// stage writes bytes as a blob of a version that has no key yet.
func (s *Store) stage(ctx context.Context, r io.Reader) (*version, error) {
	body := newCheckedBody(withContext(ctx, r), sums{}, types.ChecksumAlgorithmCrc64nvme)
	if err := body.compute(body.algo, ""); err != nil {
		return nil, err
	}
	exts, size, etag, err := s.store(body)
	if err != nil {
		return nil, err
	}
	return &version{Size: size, ETag: etag, Extents: exts,
		Checksum: checksumOf(body.algo, types.ChecksumTypeFullObject, body.sum())}, nil
}

// withContext makes reads of r fail once ctx has ended.
func withContext(ctx context.Context, r io.Reader) io.Reader { return &contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// condition gives a Condition the form of S3's headers.
func condition(c object.Condition) (ifMatch, ifNone *string, err error) {
	switch {
	case c.IfMatch != "" && c.IfNoneMatch:
		return nil, nil, lethe.Errorf(lethe.Invalid, "a write cannot ask for an ETag and for no object at once")
	case c.IfMatch != "":
		return ptr(strings.Trim(c.IfMatch, `"`)), nil, nil
	case c.IfNoneMatch:
		return nil, ptr("*"), nil
	}
	return nil, nil, nil
}

// Delete removes the current version; in a bucket that keeps versions it puts a
// delete marker above it.
func (s *Store) Delete(ctx context.Context, bucket, key string, cond object.Condition) error {
	if cond.IfNoneMatch {
		return lethe.Errorf(lethe.Invalid, "a deletion cannot ask for no object")
	}
	var c *change
	defer func() { s.settle(c) }() // after the lock
	unlock, err := s.lock(bucket, key)
	if err != nil {
		return s.plain(err, bucket, key)
	}
	defer unlock()
	v, err := s.newest(bucket, key)
	if err != nil {
		return s.plain(err, bucket, key)
	}
	if cond.IfMatch != "" && (v == nil || v.Marker || !sameETag(v.ETag, cond.IfMatch)) {
		return conflictErr(bucket, key)
	}
	if v == nil || v.Marker {
		return nil
	}
	c = s.changeBy(ctx)
	if _, err := s.remove(c, bucket, key, v); err != nil {
		return s.plain(err, bucket, key)
	}
	return s.plain(c.commit(), bucket, key)
}

func sameETag(a, b string) bool { return strings.Trim(a, `"`) == strings.Trim(b, `"`) }

// List returns one page, of one moment. It honours any limit.
func (s *Store) List(ctx context.Context, bucket string, o object.ListOptions) (object.Listing, error) {
	if o.Limit < 0 {
		return object.Listing{}, lethe.Errorf(lethe.Invalid, "a listing cannot have %d entries", o.Limit)
	}
	if o.Limit == 0 {
		o.Limit = 1000
	}
	if _, err := s.bucketNamed(bucket); err != nil {
		return object.Listing{}, s.plain(err, bucket, "")
	}
	var l object.Listing
	next, err := s.page(bucket, o.Prefix, o.Delimiter, o.After, o.Limit, func(v *version, prefix string) error {
		if v == nil {
			l.Prefixes = append(l.Prefixes, prefix)
			return nil
		}
		l.Objects = append(l.Objects, listed(bucket, v.key, v))
		return ctx.Err()
	})
	l.Next = next
	return l, s.plain(err, bucket, "")
}

// plain turns an error of the parts that both faces share, which speak S3, into
// one of lethe's kinds.
func (s *Store) plain(err error, bucket, key string) error {
	var e s3err.S3Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	where := "s3://" + bucket
	if key != "" {
		where += "/" + key
	}
	switch e.BaseError() {
	case s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice), s3err.GetAPIError(s3err.ErrQuotaExceeded):
		free, _ := freeSpace(s.dir)
		return lethe.Errorf(lethe.Exhausted, "no space left in %s to write %s (%d MiB free, %d MiB kept in reserve)", s.dir, where, free>>20, s.reserve>>20).
			WithHint("delete objects or make the file system larger")
	}
	switch e.BaseError().Code {
	case "NoSuchBucket":
		return lethe.Errorf(lethe.NotFound, "there is no bucket %s", bucket)
	case "NoSuchKey":
		return lethe.Errorf(lethe.NotFound, "there is no object %s", where)
	case "BucketNotEmpty", "VersionedBucketNotEmpty":
		return lethe.Errorf(lethe.Conflict, "bucket %s is not empty", bucket).WithHint("delete its objects, and their versions, first")
	case "PreconditionFailed":
		return conflictErr(bucket, key)
	}
	return &lethe.Error{Kind: lethe.Internal, Message: fmt.Sprintf("%s: %s", where, e.BaseError().Description), Cause: err}
}

// conflict is plain for conditional writes: there, a missing object is a
// condition that does not hold.
func (s *Store) conflict(err error, bucket, key string) error {
	if err = s.plain(err, bucket, key); lethe.Is(err, lethe.NotFound) {
		if _, missing := s.bucketNamed(bucket); missing == nil {
			return conflictErr(bucket, key)
		}
	}
	return err
}

func conflictErr(bucket, key string) error {
	return lethe.Errorf(lethe.Conflict, "s3://%s/%s is not what the write expects it to be", bucket, key).
		WithHint("somebody else wrote or deleted it; read it again and repeat")
}

func noSuchBucket(name string) error { return s3err.GetBucketErr(s3err.ErrNoSuchBucket, name) }
