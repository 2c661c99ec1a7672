package remote

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"lethe"
	"lethe/object"

	"golang.org/x/sync/errgroup"
)

// staged are bytes in a file without a name, which is gone with the process. S3
// has no bytes without a key, and a key under which they lay would be listed.
type staged struct {
	s      *Store
	bucket string
	etag   string
	size   int64

	mu sync.Mutex
	f  *os.File // nil: committed or discarded
}

func (g *staged) Size() int64  { return g.size }
func (g *staged) ETag() string { return g.etag }

func (g *staged) Discard() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release()
}

func (g *staged) release() {
	if g.f != nil {
		g.f.Close() // nothing of it is kept
		g.f = nil
	}
}

// Stage takes the bytes.
func (s *Store) Stage(ctx context.Context, bucket string, r io.Reader) (object.Staged, error) {
	if _, err := s.List(ctx, bucket, object.ListOptions{Limit: 1}); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.dir, "staged-")
	if err != nil {
		return nil, full(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	g := &staged{s: s, bucket: bucket, f: f}
	if err := g.fill(ctx, r); err != nil {
		f.Close()
		return nil, err
	}
	return g, nil
}

// fill writes the bytes and finds the ETag that the object will have: the MD5, or
// for a multipart upload that of the parts' MD5s.
func (g *staged) fill(ctx context.Context, r io.Reader) error {
	whole, parts := md5.New(), md5.New()
	for n := int32(1); ; n++ {
		part := md5.New()
		m, err := io.Copy(io.MultiWriter(g.f, whole, part), io.LimitReader(&canceling{ctx, r}, int64(partSize(n))))
		if err != nil {
			return full(err)
		}
		g.size += m
		if m > 0 {
			parts.Write(part.Sum(nil))
		}
		if m < int64(partSize(n)) {
			if m == 0 {
				n--
			}
			g.etag = `"` + hex.EncodeToString(whole.Sum(nil)) + `"`
			if g.size >= int64(partSize(1)) {
				g.etag = fmt.Sprintf(`"%x-%d"`, parts.Sum(nil), n)
			}
			return nil
		}
	}
}

// canceling makes reads fail once the context has ended.
type canceling struct {
	ctx context.Context
	r   io.Reader
}

func (c *canceling) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Commit sends the staged bytes and then lets the objects appear: all but the
// first, the first, and then the deletes.
func (s *Store) Commit(ctx context.Context, bucket string, puts []object.Named, deletes []string) error {
	if err := object.CheckCommit(bucket, puts, deletes); err != nil {
		return err
	}
	parts := make([]*staged, len(puts))
	for i, p := range puts {
		g, ok := p.Staged.(*staged)
		if !ok || g.s != s || g.bucket != bucket {
			return lethe.Errorf(lethe.Invalid, "s3://%s/%s: the bytes were not staged for this bucket of this store", bucket, p.Key)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if parts[i] = g; g.f == nil {
			return lethe.Errorf(lethe.Invalid, "the bytes staged for s3://%s/%s are committed or discarded already", bucket, p.Key)
		}
	}
	if err := object.CheckBucket(bucket); err != nil {
		return lethe.Errorf(lethe.NotFound, "there is no bucket %q", bucket)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	uploads := make([]*multipart, len(puts))
	shown := 0
	defer func() {
		for _, u := range uploads {
			if u != nil {
				u.abort(ctx)
			}
		}
	}()
	for i, g := range parts {
		if g.size < int64(partSize(1)) {
			continue
		}
		u, err := s.begin(ctx, bucket, puts[i].Key, headerOf(puts[i].Header))
		if err != nil {
			return err
		}
		uploads[i] = u
		r := io.NewSectionReader(g.f, 0, g.size)
		first := make([]byte, partSize(1))
		if _, err := io.ReadFull(r, first); err != nil {
			return err
		}
		if err := u.send(ctx, first, r); err != nil {
			return err
		}
	}
	for i := len(puts) - 1; i >= 0; i-- { // the first last
		if err := s.show(ctx, bucket, puts[i], parts[i], uploads[i]); err != nil {
			return partly(err, shown, len(puts), deletes)
		}
		uploads[i] = nil
		shown++
	}
	if err := s.deleteAll(ctx, bucket, deletes); err != nil {
		return partly(err, shown, len(puts), deletes)
	}
	for _, g := range parts {
		g.release()
	}
	return nil
}

// show lets one object appear.
func (s *Store) show(ctx context.Context, bucket string, p object.Named, g *staged, u *multipart) error {
	if u != nil {
		_, err := u.complete(ctx, object.Condition{})
		return s.fail(ctx, err, bucket, p.Key)
	}
	data := make([]byte, g.size)
	if _, err := g.f.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_, err := s.putSmall(ctx, bucket, p.Key, data, headerOf(p.Header), object.Condition{})
	return err
}

// partly says how far a commit came that failed. What failed before anything was
// to be seen has failed as a whole.
func partly(err error, shown, puts int, deletes []string) error {
	if shown == 0 {
		return err
	}
	return lethe.Errorf(lethe.Internal, "of a commit, %d of %d objects appeared, and it is not known which of %d deletions were made: %w", shown, puts, len(deletes), err).
		WithHint("repeat it; objects that are there are replaced by the same bytes")
}

// deleting is how many deletions run at a time.
const deleting = 8

func (s *Store) deleteAll(ctx context.Context, bucket string, keys []string) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(deleting)
	for _, k := range keys {
		if within.Err() != nil {
			break
		}
		g.Go(func() error { return s.Delete(within, bucket, k, object.Condition{}) })
	}
	return ended(ctx, g)
}

// ended waits for a group that was made of ctx and returns its first error, or
// why ctx ended, if it did: the group's errors are then what that broke.
func ended(ctx context.Context, g *errgroup.Group) error {
	err := g.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
