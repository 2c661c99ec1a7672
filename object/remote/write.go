package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// conflicts is how often a write is repeated that met another one
// (ConditionalRequestConflict), before it counts as lost.
const conflicts = 5

// Put writes an object: in one request if it is small, else as a multipart
// upload whose completion carries the condition.
func (s *Store) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	if err := checkCondition(c); err != nil {
		return object.Object{}, err
	}
	return s.put(ctx, bucket, key, r, headerOf(h), c)
}

func checkCondition(c object.Condition) error {
	if c.IfMatch != "" && c.IfNoneMatch {
		return lethe.Errorf(lethe.Invalid, "a write cannot ask for an ETag and for no object at once")
	}
	return nil
}

func (s *Store) put(ctx context.Context, bucket, key string, r io.Reader, h header, c object.Condition) (object.Object, error) {
	if err := object.CheckBucket(bucket); err != nil {
		return object.Object{}, lethe.Errorf(lethe.NotFound, "there is no bucket %s: %w", bucket, err)
	}
	if err := object.CheckKey(key); err != nil {
		return object.Object{}, err
	}
	if err := ctx.Err(); err != nil {
		return object.Object{}, err
	}
	if c != (object.Condition{}) {
		if err := s.keepsConditions(ctx, bucket); err != nil {
			return object.Object{}, err
		}
	}
	first := make([]byte, partSize(1))
	n, err := io.ReadFull(r, first)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return s.putSmall(ctx, bucket, key, first[:n], h, c)
	}
	if err != nil {
		return object.Object{}, err
	}
	u, err := s.begin(ctx, bucket, key, h)
	if err != nil {
		return object.Object{}, err
	}
	if err := u.send(ctx, first, r); err != nil {
		u.abort(ctx)
		return object.Object{}, err
	}
	o, err := u.complete(ctx, c)
	if err != nil {
		u.abort(ctx)
		return object.Object{}, s.lost(ctx, err, bucket, key, c)
	}
	return h.on(o), nil
}

func (s *Store) putSmall(ctx context.Context, bucket, key string, data []byte, h header, c object.Condition) (object.Object, error) {
	in := h.put(&s3.PutObjectInput{Bucket: &bucket, Key: &key, ContentLength: aws.Int64(int64(len(data))), IfMatch: some(c.IfMatch)})
	if c.IfNoneMatch {
		in.IfNoneMatch = aws.String("*")
	}
	for try := 1; ; try++ {
		in.Body = bytes.NewReader(data)
		out, err := s.client.PutObject(ctx, in)
		if c, _ := code(err); c == "ConditionalRequestConflict" && try < conflicts && pause(ctx, try) {
			continue
		}
		if err != nil {
			return object.Object{}, s.lost(ctx, err, bucket, key, c)
		}
		return h.on(object.Object{Bucket: bucket, Key: key, Version: version(out.VersionId), Size: int64(len(data)), ETag: aws.ToString(out.ETag), Modified: time.Now().UTC()}), nil
	}
}

// pause waits a little before another try; false when the context ends.
func pause(ctx context.Context, try int) bool {
	t := time.NewTimer(time.Duration(try) * (20 + rand.N[time.Duration](40)) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// on returns o with what the header says of it.
func (h header) on(o object.Object) object.Object {
	o.ContentType, o.Metadata = aws.ToString(h.contentType), lower(h.metadata)
	return o
}

// lost is fail for conditional writes: there, a missing object is a condition
// that does not hold.
func (s *Store) lost(ctx context.Context, err error, bucket, key string, c object.Condition) error {
	if code, status := code(err); c.IfMatch != "" && code != "NoSuchBucket" && code != "NoSuchUpload" && status == http.StatusNotFound {
		return conflict(bucket, key)
	}
	return s.fail(ctx, err, bucket, key)
}

// Delete removes the current version.
func (s *Store) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	if c.IfNoneMatch {
		return lethe.Errorf(lethe.Invalid, "a deletion cannot ask for no object")
	}
	if c.IfMatch != "" {
		if err := s.keepsConditions(ctx, bucket); err != nil {
			return err
		}
		// Stores answer differently where there is nothing.
		switch o, err := s.Head(ctx, bucket, key); {
		case lethe.Is(err, lethe.NotFound), err == nil && !sameETag(o.ETag, c.IfMatch):
			return conflict(bucket, key)
		case err != nil:
			return err
		}
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, IfMatch: some(c.IfMatch)})
	if code, status := code(err); c.IfMatch == "" && code != "NoSuchBucket" && status == http.StatusNotFound {
		return nil
	}
	return s.lost(ctx, err, bucket, key, c)
}

// keepsConditions sees, once, that the store refuses a write whose condition does
// not hold. It tries with an object that is not there, so that no object changes.
func (s *Store) keepsConditions(ctx context.Context, bucket string) error {
	s.probe.Lock()
	defer s.probe.Unlock()
	if s.probe.done {
		return s.probe.err
	}
	key := ".lethe-probe-" + lethe.NewID()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(nil), ContentLength: aws.Int64(0), IfMatch: aws.String(`"00000000000000000000000000000000"`)}
	_, err := s.client.PutObject(ctx, in)
	if err == nil {
		return s.ignores(ctx, bucket, key)
	}
	if c, status := code(err); c == "NoSuchBucket" || status != http.StatusPreconditionFailed && status != http.StatusNotFound {
		return s.fail(ctx, err, bucket, "")
	}
	u, err := s.begin(ctx, bucket, key, header{})
	if err != nil {
		return err
	}
	defer u.abort(ctx)
	if err := u.upload(ctx, 1, nil); err != nil {
		return err
	}
	if _, err = u.complete(ctx, object.Condition{IfMatch: *in.IfMatch}); err == nil {
		return s.ignores(ctx, bucket, key)
	}
	if _, status := code(err); status != http.StatusPreconditionFailed && status != http.StatusNotFound {
		return s.fail(ctx, err, bucket, key)
	}
	s.probe.done = true
	return nil
}

// ignores removes the object that a conditional write made against its condition.
func (s *Store) ignores(ctx context.Context, bucket, key string) error {
	s.probe.done = true
	s.probe.err = lethe.Errorf(lethe.Unsupported, "%s ignores conditions of writes, so a concurrent write could be lost", s).
		WithHint("use a version of it that checks If-Match")
	return errors.Join(s.probe.err, s.Delete(ctx, bucket, key, object.Condition{}))
}
