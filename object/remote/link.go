package remote

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"lethe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// md5ETag is an ETag that is the MD5 of the bytes, as far as its form tells. An
// encrypted object's may look so and be none.
var md5ETag = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Link fetches an object into the new file path. Its bytes are those of the ETag:
// every request asks for it, the length must be right, the store's checksum, which
// the SDK verifies, and the ETag itself if it is an MD5. The latter is not the same
// twice: a store that looks at the ETag and then opens the file may send the bytes
// of a replacement, with a checksum that is right.
func (s *Store) Link(ctx context.Context, bucket, key, etag, path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	switch {
	case errors.Is(err, fs.ErrExist):
		return lethe.Errorf(lethe.Exists, "cannot fetch s3://%s/%s: %s exists: %w", bucket, key, path, err)
	case errors.Is(err, fs.ErrNotExist):
		return s.orMissing(ctx, bucket, key, lethe.Errorf(lethe.Invalid, "cannot fetch s3://%s/%s: there is no folder %s", bucket, key, filepath.Dir(path)))
	case err != nil:
		return full(fmt.Errorf("cannot fetch s3://%s/%s: %w", bucket, key, err))
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	return s.fetch(ctx, bucket, key, etag, f)
}

// orMissing says that the object is missing if it is, else err.
func (s *Store) orMissing(ctx context.Context, bucket, key string, err error) error {
	if _, herr := s.Head(ctx, bucket, key); lethe.Is(herr, lethe.NotFound) {
		return herr
	}
	return err
}

func (s *Store) fetch(ctx context.Context, bucket, key, etag string, to io.Writer) error {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, IfMatch: &etag})
	if err != nil {
		return s.fail(ctx, err, bucket, key)
	}
	o := described(bucket, key, &s3.HeadObjectOutput{ContentLength: out.ContentLength, ETag: out.ETag, VersionId: out.VersionId})
	r := &body{s: s, ctx: ctx, o: o, r: out.Body, left: o.Size}
	defer r.Close()
	sum := md5.New()
	plain := strings.Trim(o.ETag, `"`)
	if !sameETag(o.ETag, etag) {
		return conflict(bucket, key)
	}
	// Amazon encrypts with AES256 always, and its ETags are MD5s nevertheless.
	verify := md5ETag.MatchString(plain) && (out.ServerSideEncryption == "" || out.ServerSideEncryption == types.ServerSideEncryptionAes256)
	if verify {
		to = io.MultiWriter(to, sum)
	}
	n, err := io.Copy(to, r)
	switch {
	case err != nil:
		return full(err)
	case n != o.Size || aws.ToInt64(out.ContentLength) != n:
		return lethe.Errorf(lethe.BadData, "s3://%s/%s: %s sent %d of %d bytes", bucket, key, s, n, o.Size)
	case verify && hex.EncodeToString(sum.Sum(nil)) != plain:
		if now, err := s.Head(ctx, bucket, key); lethe.Is(err, lethe.NotFound) || err == nil && !sameETag(now.ETag, etag) {
			return conflict(bucket, key)
		}
		return lethe.Errorf(lethe.BadData, "s3://%s/%s: the bytes that %s sent are not those of its ETag", bucket, key, s)
	}
	return nil
}

// full classes an error of the local disk.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return lethe.Errorf(lethe.Exhausted, "no space left: %w", err)
	}
	return err
}
