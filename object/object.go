// Package object says what lethe needs of an object store: buckets, objects and
// listings with S3's meaning, staging and atomic replacement, and local reading
// without a copy. Package object/disk is the store that lethe brings.
//
// Errors are of the kinds of package lethe: NotFound for a missing bucket or
// object, Exists for a bucket that is there already, Conflict for a condition
// that does not hold (ETag, non-empty bucket), Exhausted when space ends.
package object

import (
	"context"
	"io"
	"iter"
	"time"
)

// Bucket is a named collection of objects.
type Bucket struct {
	Name    string
	Created time.Time
}

// Object describes one version of an object, without its bytes.
type Object struct {
	Bucket   string
	Key      string
	Version  string // "" where the bucket keeps no versions
	Size     int64
	ETag     string // with its quotes, as HTTP has it
	Modified time.Time

	// Header as the writer gave it. Listings leave it empty.
	ContentType string
	Metadata    map[string]string // user metadata, keys in lower case
}

// Header is what a writer may say about an object.
type Header struct {
	ContentType string
	Metadata    map[string]string
}

// Condition makes a write depend on what is there.
type Condition struct {
	IfMatch     string // the present ETag must be this one
	IfNoneMatch bool   // there must be no such object
}

// Listing is one page of a listing: objects and, where a delimiter was given,
// common prefixes, each in byte order. A page shows one moment of the store, so
// a Commit is in it whole or not at all; the next page shows a later moment.
type Listing struct {
	Objects  []Object
	Prefixes []string
	// Next continues the listing; "" at its end.
	Next string
}

// ListOptions say what to list.
type ListOptions struct {
	Prefix    string
	Delimiter string
	After     string // begin after this key, or at a previous page's Next; after all of a common prefix
	Limit     int    // at most this many entries; 0 means 1000
}

// Staged are bytes that are durable in the store but have no key yet. A Staged
// that is never committed is gone after the store's next start.
type Staged interface {
	Size() int64
	ETag() string
	// Discard frees the bytes. It does nothing after a commit.
	Discard()
}

// Named is a staged object and the key it is to get.
type Named struct {
	Key    string
	Staged Staged
	Header Header
}

// Store keeps objects. It is safe for concurrent use. A write that returned
// without error survives the loss of power.
type Store interface {
	Buckets(ctx context.Context) ([]Bucket, error)
	CreateBucket(ctx context.Context, bucket string) error
	DeleteBucket(ctx context.Context, bucket string) error

	// Head describes the current version.
	Head(ctx context.Context, bucket, key string) (Object, error)
	// Open reads n bytes from offset off, or to the end if n < 0, of the
	// version that was current at the call, even if it is replaced meanwhile.
	Open(ctx context.Context, bucket, key string, off, n int64) (io.ReadCloser, Object, error)
	// Put writes an object. The reader's error is returned and nothing is written.
	Put(ctx context.Context, bucket, key string, r io.Reader, h Header, c Condition) (Object, error)
	// Delete removes the current version; it is no error if there is none.
	Delete(ctx context.Context, bucket, key string, c Condition) error
	// List returns one page.
	List(ctx context.Context, bucket string, o ListOptions) (Listing, error)

	// Stage makes bytes durable without a key; Commit gives all puts their keys
	// and removes all deletes in one atomic, durable step that readers and
	// listings see whole or not at all.
	Stage(ctx context.Context, bucket string, r io.Reader) (Staged, error)
	Commit(ctx context.Context, bucket string, puts []Named, deletes []string) error

	// Link makes the bytes of the version with the given ETag appear as the
	// file path, which must not exist and be on the store's file system, without
	// copying them where the store can. The file must not be written. It
	// answers Conflict if the current version has another ETag.
	Link(ctx context.Context, bucket, key, etag, path string) error
}

// allPage is how many objects All asks for at once: many, so that a listing is
// of one moment where the store can.
const allPage = 100_000

// All yields every object whose key begins with prefix, in byte order, reading
// pages as needed. It stops after the first error.
func All(ctx context.Context, s Store, bucket, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		o := ListOptions{Prefix: prefix, Limit: allPage}
		for {
			l, err := s.List(ctx, bucket, o)
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, x := range l.Objects {
				if !yield(x, nil) {
					return
				}
			}
			if l.Next == "" {
				return
			}
			o.After = l.Next
		}
	}
}
