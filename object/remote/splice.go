package remote

import (
	"context"
	"errors"
	"io"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// Splice replaces byte ranges of an object. What stays is copied within the store
// (UploadPartCopy, at the ETag), the edits are sent, and the completion carries
// the ETag as its condition; where a whole rewrite moves no more bytes, as for
// objects of at most 5 MiB, the object is fetched and put back under the same
// condition.
func (s *Store) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	for try := 1; ; try++ {
		o, err := s.splice(ctx, bucket, key, etag, edits)
		// Another write met ours, and S3 wants the upload to be made again; if
		// the other won, the ETag says so then.
		if c, _ := code(err); c == "ConditionalRequestConflict" && try < conflicts && pause(ctx, try) {
			continue
		}
		return o, s.lost(ctx, err, bucket, key, object.Condition{IfMatch: etag})
	}
}

// splice makes one attempt. It returns errors of the completion as they are.
func (s *Store) splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	if err := s.keepsConditions(ctx, bucket); err != nil {
		return object.Object{}, err
	}
	h, err := s.head(ctx, bucket, key, "")
	if lethe.Is(err, lethe.NotFound) {
		if _, err := s.List(ctx, bucket, object.ListOptions{Limit: 1}); err != nil {
			return object.Object{}, err
		}
		return object.Object{}, conflict(bucket, key)
	}
	if err != nil {
		return object.Object{}, err
	}
	o := described(bucket, key, h)
	if etag == "" || !sameETag(o.ETag, etag) {
		return object.Object{}, conflict(bucket, key)
	}
	edits, size, err := object.Edits(o.Size, edits)
	if err != nil {
		return object.Object{}, lethe.Errorf(lethe.Invalid, "s3://%s/%s: %w", bucket, key, err)
	}
	if len(edits) == 0 {
		return o, nil
	}
	hd, err := s.headerFrom(ctx, bucket, key, h)
	if err != nil {
		return object.Object{}, err
	}
	parts, ok := s3Limits.plan(o.Size, edits)
	// S3 copies ranges only of objects above 5 MiB.
	if !ok || o.Size <= minPart {
		return s.rewrite(ctx, o, hd, object.Pieces(o.Size, edits))
	}
	u, err := s.begin(ctx, bucket, key, hd)
	if err != nil {
		return object.Object{}, err
	}
	if err := s.assemble(ctx, u, o, parts); err != nil {
		u.abort(ctx)
		if lethe.Is(err, lethe.NotFound) { // it was there a moment ago
			err = conflict(bucket, key)
		}
		return object.Object{}, err
	}
	if u.size != size {
		u.abort(ctx)
		return object.Object{}, lethe.Errorf(lethe.Internal, "s3://%s/%s: the parts of a splice have %d bytes and should have %d", bucket, key, u.size, size)
	}
	done, err := u.complete(ctx, object.Condition{IfMatch: o.ETag})
	if err != nil {
		u.abort(ctx)
		return object.Object{}, err
	}
	return hd.on(done), nil
}

// making is how many parts are copied or sent at a time.
const making = 4

// assemble copies and sends the parts.
func (s *Store) assemble(ctx context.Context, u *multipart, o object.Object, parts []part) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(making)
	for i, p := range parts {
		if within.Err() != nil {
			break
		}
		g.Go(func() error {
			n := int32(i + 1)
			if p.sent == nil {
				return u.copyPart(within, n, o, p.off, p.len)
			}
			data := make([]byte, p.size())
			r := &pieces{s: s, ctx: within, o: o, left: p.sent}
			defer r.close()
			if _, err := io.ReadFull(r, data); err != nil {
				return err
			}
			return u.upload(within, n, data)
		})
	}
	return ended(ctx, g)
}

// rewrite puts the object anew as a whole.
func (s *Store) rewrite(ctx context.Context, o object.Object, h header, all []object.Piece) (object.Object, error) {
	r := &pieces{s: s, ctx: ctx, o: o, left: all}
	defer r.close()
	return s.put(ctx, o.Bucket, o.Key, r, h, object.Condition{IfMatch: o.ETag})
}

// pieces reads pieces one after the other; those that are kept come from the
// store, at the ETag.
type pieces struct {
	s    *Store
	ctx  context.Context
	o    object.Object
	left []object.Piece
	r    io.ReadCloser
}

func (r *pieces) Read(b []byte) (int, error) {
	for {
		if r.r == nil {
			if len(r.left) == 0 {
				return 0, io.EOF
			}
			if err := r.open(r.left[0]); err != nil {
				return 0, err
			}
			r.left = r.left[1:]
		}
		n, err := r.r.Read(b)
		if errors.Is(err, io.EOF) {
			r.close()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (r *pieces) open(p object.Piece) error {
	if p.Data != nil {
		r.r = io.NopCloser(&exact{r: &canceling{r.ctx, io.NewSectionReader(p.Data, p.Off, p.Len)}, left: p.Len})
		return nil
	}
	out, err := r.s.client.GetObject(r.ctx, &s3.GetObjectInput{Bucket: &r.o.Bucket, Key: &r.o.Key, VersionId: some(r.o.Version),
		IfMatch: &r.o.ETag, Range: byteRange(p.Off, p.Len), ChecksumMode: types.ChecksumMode("")})
	if err != nil {
		return r.s.fail(r.ctx, err, r.o.Bucket, r.o.Key)
	}
	r.r = &body{s: r.s, ctx: r.ctx, o: r.o, r: out.Body, at: p.Off, left: p.Len}
	return nil
}

func (r *pieces) close() {
	if r.r != nil {
		r.r.Close()
		r.r = nil
	}
}

// exact complains if there is less than promised.
type exact struct {
	r    io.Reader
	left int64
}

func (e *exact) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if e.left -= int64(n); err == io.EOF && e.left > 0 {
		err = lethe.Errorf(lethe.Invalid, "the bytes of an edit end %d early", e.left)
	}
	return n, err
}
