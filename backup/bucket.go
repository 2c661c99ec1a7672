package backup

import (
	"context"
	"io"
	"iter"
	"strings"

	"lethe/object"
)

// Bucket is a place below a prefix of a bucket. Prune leaves there what may be a backup
// that another process is making, as nothing tells.
type Bucket struct {
	Store  object.Store
	Bucket string
	Prefix string // "" or ending in a slash
}

var _ Place = Bucket{}

func (b Bucket) String() string { return "s3://" + b.Bucket + "/" + b.Prefix }

// Put implements Place.
func (b Bucket) Put(ctx context.Context, name string, r io.Reader) error {
	_, err := b.Store.Put(ctx, b.Bucket, b.Prefix+name, r, object.Header{}, object.Condition{})
	return err
}

// Sync implements Place: what S3 has answered is durable.
func (b Bucket) Sync(context.Context) error { return nil }

// Open implements Place.
func (b Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, _, err := b.Store.Open(ctx, b.Bucket, b.Prefix+name, 0, -1)
	return r, err
}

// List implements Place.
func (b Bucket) List(ctx context.Context, prefix string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for o, err := range object.All(ctx, b.Store, b.Bucket, b.Prefix+prefix) {
			if !yield(File{strings.TrimPrefix(o.Key, b.Prefix), o.Size, o.Modified}, err) || err != nil {
				return
			}
		}
	}
}

// Remove implements Place.
func (b Bucket) Remove(ctx context.Context, name string) error {
	return b.Store.Delete(ctx, b.Bucket, b.Prefix+name, object.Condition{})
}

// Lock implements Place.
func (b Bucket) Lock(context.Context) (unlock func() error, err error) {
	return func() error { return nil }, nil
}

// Locks implements Place.
func (b Bucket) Locks() bool { return false }
