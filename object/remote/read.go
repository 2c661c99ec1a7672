package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// version is the id of a version as object.Object has it: "" for "null".
func version(id *string) string {
	if v := aws.ToString(id); v != object.NullVersion {
		return v
	}
	return ""
}

// some is nil for the empty string.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func described(bucket, key string, h *s3.HeadObjectOutput) object.Object {
	return object.Object{Bucket: bucket, Key: key, Version: version(h.VersionId), Size: aws.ToInt64(h.ContentLength),
		ETag: aws.ToString(h.ETag), Modified: aws.ToTime(h.LastModified), ContentType: aws.ToString(h.ContentType), Metadata: h.Metadata}
}

func (s *Store) head(ctx context.Context, bucket, key, id string) (*s3.HeadObjectOutput, error) {
	if err := errors.Join(object.CheckBucket(bucket), object.CheckKey(key)); err != nil {
		return nil, lethe.Errorf(lethe.NotFound, "there is no object s3://%s/%s: %w", bucket, key, err)
	}
	in := &s3.HeadObjectInput{Bucket: &bucket, Key: &key, VersionId: some(id)}
	if s.sums {
		in.ChecksumMode = types.ChecksumModeEnabled
	}
	h, err := s.client.HeadObject(ctx, in)
	if _, status := code(err); id != "" && (status == http.StatusMethodNotAllowed || status == http.StatusBadRequest) {
		// A delete marker, or an id that no version can have.
		return nil, lethe.Errorf(lethe.NotFound, "s3://%s/%s has no version %s", bucket, key, id)
	}
	return h, s.fail(ctx, err, bucket, key)
}

// Head describes the current version.
func (s *Store) Head(ctx context.Context, bucket, key string) (object.Object, error) {
	h, err := s.head(ctx, bucket, key, "")
	if err != nil {
		return object.Object{}, err
	}
	return described(bucket, key, h), nil
}

// Open reads a range of the current version.
func (s *Store) Open(ctx context.Context, bucket, key string, off, n int64) (io.ReadCloser, object.Object, error) {
	return s.OpenVersion(ctx, bucket, key, "", off, n)
}

// OpenVersion reads a range of a version. A body that breaks off is read on.
func (s *Store) OpenVersion(ctx context.Context, bucket, key, id string, off, n int64) (io.ReadCloser, object.Object, error) {
	o := object.Object{}
	if off < 0 {
		return nil, o, lethe.Errorf(lethe.Invalid, "s3://%s/%s: there is nothing at %d", bucket, key, off)
	}
	if n == 0 {
		return s.nothing(ctx, bucket, key, id, off)
	}
	if err := errors.Join(object.CheckBucket(bucket), object.CheckKey(key)); err != nil {
		return nil, o, lethe.Errorf(lethe.NotFound, "there is no object s3://%s/%s: %w", bucket, key, err)
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: some(id), Range: byteRange(off, n)})
	switch _, status := code(err); {
	case status == http.StatusRequestedRangeNotSatisfiable:
		return s.nothing(ctx, bucket, key, id, off)
	case id != "" && (status == http.StatusMethodNotAllowed || status == http.StatusBadRequest):
		return nil, o, lethe.Errorf(lethe.NotFound, "s3://%s/%s has no version %s", bucket, key, id)
	case err != nil:
		return nil, o, s.fail(ctx, err, bucket, key)
	}
	o = object.Object{Bucket: bucket, Key: key, Version: version(out.VersionId), Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag),
		Modified: aws.ToTime(out.LastModified), ContentType: aws.ToString(out.ContentType), Metadata: out.Metadata}
	if _, total, ok := strings.Cut(aws.ToString(out.ContentRange), "/"); ok {
		if o.Size, err = strconv.ParseInt(total, 10, 64); err != nil {
			out.Body.Close()
			return nil, o, lethe.Errorf(lethe.Internal, "s3://%s/%s: %s answers the range %q", bucket, key, s, *out.ContentRange)
		}
	}
	return &body{s: s, ctx: ctx, o: o, r: out.Body, at: off, left: aws.ToInt64(out.ContentLength)}, o, nil
}

// nothing answers a read that has no bytes, or lies beyond the end.
func (s *Store) nothing(ctx context.Context, bucket, key, id string, off int64) (io.ReadCloser, object.Object, error) {
	h, err := s.head(ctx, bucket, key, id)
	if err != nil {
		return nil, object.Object{}, err
	}
	o := described(bucket, key, h)
	if off > o.Size {
		return nil, o, lethe.Errorf(lethe.Invalid, "s3://%s/%s has %d bytes; there is nothing at %d", bucket, key, o.Size, off)
	}
	return http.NoBody, o, nil
}

// byteRange is the header of a range; a whole object has none, so that the SDK
// can verify its checksum.
func byteRange(off, n int64) *string {
	switch {
	case off == 0 && n < 0:
		return nil
	case n < 0:
		return aws.String(fmt.Sprintf("bytes=%d-", off))
	}
	return aws.String(fmt.Sprintf("bytes=%d-%d", off, off+n-1))
}

// resumes is how often a body may break off without a byte in between.
const resumes = 4

// body reads one version of an object, and asks for the rest where the
// connection breaks.
type body struct {
	s        *Store
	ctx      context.Context
	o        object.Object
	r        io.ReadCloser
	at, left int64
	failed   int
}

func (b *body) Read(p []byte) (int, error) {
	for {
		n, err := b.r.Read(p)
		b.at, b.left = b.at+int64(n), b.left-int64(n)
		if n > 0 {
			b.failed = 0
		}
		switch {
		case err == nil, n > 0 && err != io.EOF && b.left > 0:
			return n, nil
		case err == io.EOF && b.left <= 0:
			return n, io.EOF
		case b.left <= 0: // all bytes came, and the checksum is wrong
			return n, lethe.Errorf(lethe.BadData, "s3://%s/%s: %w", b.o.Bucket, b.o.Key, err)
		}
		if b.failed++; b.failed > resumes || b.ctx.Err() != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n, b.s.fail(b.ctx, err, b.o.Bucket, b.o.Key)
		}
		if err := b.resume(); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// resume asks for what is left, at the same version.
func (b *body) resume() error {
	b.r.Close()
	pause := time.NewTimer(time.Duration(b.failed*b.failed) * 50 * time.Millisecond)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	}
	out, err := b.s.client.GetObject(b.ctx, &s3.GetObjectInput{Bucket: &b.o.Bucket, Key: &b.o.Key, VersionId: some(b.o.Version),
		IfMatch: &b.o.ETag, Range: byteRange(b.at, b.left), ChecksumMode: types.ChecksumMode("")})
	if err != nil {
		return b.s.fail(b.ctx, err, b.o.Bucket, b.o.Key)
	}
	b.r = out.Body
	return nil
}

func (b *body) Close() error { return b.r.Close() }
