package remote

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// S3's bounds of multipart uploads (Amazon S3 User Guide, "Amazon S3 multipart
// upload limits").
const (
	minPart  = 5 << 20 // of every part but the last
	maxCopy  = 5 << 30 // of a part that is copied
	maxParts = 10_000
)

// multipart is a multipart upload under way. Whoever begins one ends it, by
// complete or abort.
type multipart struct {
	s               *Store
	bucket, key, id string
	note            string
	algo            types.ChecksumAlgorithm // of the parts, "" if none is asked for

	mu    sync.Mutex
	parts []types.CompletedPart
	size  int64
}

// note is what a file in the folder uploads says.
type note struct{ Bucket, Key, ID string }

// begin begins an upload and notes it, durably, before a byte is sent.
func (s *Store) begin(ctx context.Context, bucket, key string, h header) (*multipart, error) {
	in := h.begin(&s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if s.sums {
		// The checksum of the whole follows from those of the parts, so readers
		// can verify it.
		in.ChecksumAlgorithm, in.ChecksumType = types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject
		if h.hasCRC32 {
			in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc64nvme
		}
	}
	out, err := s.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return nil, s.fail(ctx, err, bucket, key)
	}
	u := &multipart{s: s, bucket: bucket, key: key, id: aws.ToString(out.UploadId), algo: in.ChecksumAlgorithm}
	u.note = filepath.Join(s.dir, "uploads", lethe.NewID()+".json")
	if err := writeNote(u.note, note{bucket, key, u.id}); err != nil {
		u.abort(ctx)
		return nil, lethe.Errorf(lethe.Internal, "%s: note the upload of s3://%s/%s: %w", s, bucket, key, err)
	}
	return u, nil
}

func writeNote(path string, n note) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		var d *os.File
		if d, err = os.Open(filepath.Dir(path)); err == nil {
			err = errors.Join(d.Sync(), d.Close())
		}
	}
	return err
}

// Sweep aborts the uploads that an earlier process noted and did not end: those
// that were noted when the store was made.
func (s *Store) Sweep(ctx context.Context) error {
	var errs []error
	for _, f := range s.left {
		path := filepath.Join(s.dir, "uploads", f.Name())
		var n note
		text, err := os.ReadFile(path)
		if err == nil && json.Unmarshal(text, &n) == nil && n.ID != "" {
			err = s.AbortUpload(ctx, n.Bucket, n.Key, n.ID)
			if lethe.Is(err, lethe.NotFound) { // the bucket is gone
				err = nil
			}
		} // else it was not written whole, so nothing was sent
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// upload sends a part.
func (u *multipart) upload(ctx context.Context, n int32, data []byte) error {
	out, err := u.s.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.id, PartNumber: &n, ChecksumAlgorithm: u.algo,
		Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data)))})
	if err != nil {
		return u.s.fail(ctx, err, u.bucket, u.key)
	}
	u.add(int64(len(data)), types.CompletedPart{PartNumber: &n, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC64NVME: out.ChecksumCRC64NVME})
	return nil
}

// copyPart lets the store copy a part from a version of the same object.
func (u *multipart) copyPart(ctx context.Context, n int32, src object.Object, off, size int64) error {
	from := url.PathEscape(u.bucket) + "/" + escapeKey(u.key)
	if src.Version != "" {
		from += "?versionId=" + url.QueryEscape(src.Version)
	}
	out, err := u.s.client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.id, PartNumber: &n,
		CopySource: &from, CopySourceIfMatch: &src.ETag, CopySourceRange: byteRange(off, size)})
	if err != nil {
		return u.s.fail(ctx, err, u.bucket, u.key)
	}
	r := out.CopyPartResult
	u.add(size, types.CompletedPart{PartNumber: &n, ETag: r.ETag, ChecksumCRC32: r.ChecksumCRC32, ChecksumCRC64NVME: r.ChecksumCRC64NVME})
	return nil
}

// escapeKey escapes a key for a copy source.
func escapeKey(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "+", "%20")
}

func (u *multipart) add(size int64, p types.CompletedPart) {
	if u.algo == "" { // then S3 takes none, though the SDK sent one with the part
		p.ChecksumCRC32, p.ChecksumCRC64NVME = nil, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.parts = append(u.parts, p)
	u.size += size
}

// complete makes the upload the object, if the condition holds.
func (u *multipart) complete(ctx context.Context, c object.Condition) (object.Object, error) {
	slices.SortFunc(u.parts, func(a, b types.CompletedPart) int { return cmp.Compare(*a.PartNumber, *b.PartNumber) })
	in := &s3.CompleteMultipartUploadInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.id, IfMatch: some(c.IfMatch),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts}}
	if c.IfNoneMatch {
		in.IfNoneMatch = aws.String("*")
	}
	out, err := u.s.client.CompleteMultipartUpload(ctx, in)
	if c, _ := code(err); c == "NoSuchUpload" {
		// The SDK may have repeated a request whose answer was lost.
		if o, herr := u.s.Head(ctx, u.bucket, u.key); herr == nil && o.Size == u.size && sameETag(o.ETag, u.etag()) {
			u.forget()
			return o, nil
		}
	}
	if err != nil {
		return object.Object{}, err // as it is: the caller looks for what can be repeated
	}
	u.forget()
	return object.Object{Bucket: u.bucket, Key: u.key, Version: version(out.VersionId), Size: u.size, ETag: aws.ToString(out.ETag), Modified: time.Now().UTC()}, nil
}

// etag is what S3 calls an object of these parts: the MD5 of their MD5s, and how
// many they are. Of parts with other ETags it is none that an object has.
func (u *multipart) etag() string {
	all := md5.New()
	for _, p := range u.parts {
		sum, err := hex.DecodeString(strings.Trim(aws.ToString(p.ETag), `"`))
		if err != nil || len(sum) != md5.Size {
			return "none"
		}
		all.Write(sum)
	}
	return fmt.Sprintf("%x-%d", all.Sum(nil), len(u.parts))
}

// abort ends the upload; its parts are gone then. It is done although the
// caller's context has ended. If the store does not answer, the note stays, and
// Sweep tries again.
func (u *multipart) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if u.s.AbortUpload(ctx, u.bucket, u.key, u.id) == nil {
		u.forget()
	}
}

func (u *multipart) forget() {
	if u.note != "" {
		// If it stays, Sweep finds no such upload and removes it.
		_ = os.Remove(u.note)
	}
}

// AbortUpload ends an unfinished upload.
func (s *Store) AbortUpload(ctx context.Context, bucket, key, id string) error {
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &id})
	if c, status := code(err); c == "NoSuchUpload" || c != "NoSuchBucket" && status == http.StatusNotFound {
		return nil
	}
	return s.fail(ctx, err, bucket, key)
}

// partSize is how large part n, from 1 on, is: 8 MiB, and more where there are
// many, so that 10,000 are enough for half a terabyte of unknown length.
func partSize(n int32) int { return 8 << 20 << ((n - 1) / 2000) }

// sending is how many parts are sent at a time.
const sending = 3

// send uploads what r has, beginning with first, and returns the reader's error
// as it is.
func (u *multipart) send(ctx context.Context, first []byte, r io.Reader) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(sending)
	buf, last := first, false
	for n := int32(1); within.Err() == nil; n++ {
		if n > maxParts {
			_ = g.Wait() // the size is what the caller is told
			return lethe.Errorf(lethe.Exhausted, "s3://%s/%s is larger than %d parts", u.bucket, u.key, maxParts)
		}
		data := buf
		g.Go(func() error { return u.upload(within, n, data) })
		if last {
			break
		}
		buf = make([]byte, partSize(n+1))
		m, err := io.ReadFull(r, buf)
		switch {
		case err == io.EOF:
			last = true
		case err == io.ErrUnexpectedEOF:
			buf, last = buf[:m], true
		case err != nil:
			_ = g.Wait() // the reader's error is what the caller is told
			return err
		}
		if err == io.EOF {
			break
		}
	}
	return ended(ctx, g)
}

// Uploads yields the unfinished uploads.
func (s *Store) Uploads(ctx context.Context, bucket, prefix string) iter.Seq2[object.Upload, error] {
	return func(yield func(object.Upload, error) bool) {
		in := &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: some(prefix), EncodingType: types.EncodingTypeUrl}
		for {
			out, err := s.client.ListMultipartUploads(ctx, in)
			if err != nil {
				yield(object.Upload{}, s.fail(ctx, err, bucket, ""))
				return
			}
			for _, u := range out.Uploads {
				x := object.Upload{Key: decoded(out.EncodingType, u.Key), ID: aws.ToString(u.UploadId), Started: aws.ToTime(u.Initiated)}
				if strings.HasPrefix(x.Key, prefix) && !yield(x, nil) {
					return
				}
			}
			if !aws.ToBool(out.IsTruncated) || len(out.Uploads) == 0 {
				return
			}
			in.KeyMarker, in.UploadIdMarker = aws.String(decoded(out.EncodingType, out.NextKeyMarker)), out.NextUploadIdMarker
		}
	}
}
