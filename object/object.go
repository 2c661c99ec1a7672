// Package object says what lethe needs of an object store: buckets, objects,
// versions and listings with S3's meaning, staging and replacement of many
// objects, replacement of byte ranges, and local reading.
//
// Package object/disk is the store that lethe brings, object/remote is any S3,
// and object/mount makes several stores look like one. All of them pass the suite
// in object/objecttest.
//
// Errors are of the kinds of package lethe: NotFound for a missing bucket or
// object, Exists for a bucket that is there already, Conflict for a condition
// that does not hold (ETag, non-empty bucket), Denied for what the store does not
// let us do or a lock forbids, Unsupported for what the store cannot do,
// Exhausted when space or patience ends.
//
// Deletions are idempotent: to delete what is not there is no error.
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

	// Header as the writer gave it. Listings leave it empty. A store may name a
	// content type of its own where the writer named none.
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
// common prefixes, each in byte order. A page of object/disk shows one moment of
// the store, so a Commit is in it whole or not at all; the next page shows a
// later moment.
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

// Staged are bytes that wait for their key. A Staged that is never committed is
// gone after the store's next start.
type Staged interface {
	Size() int64
	// ETag is what the object has after the commit.
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
// without error survives the loss of power, as far as the store promises that.
type Store interface {
	Buckets(ctx context.Context) ([]Bucket, error)
	CreateBucket(ctx context.Context, bucket string) error
	DeleteBucket(ctx context.Context, bucket string) error

	// Head describes the current version.
	Head(ctx context.Context, bucket, key string) (Object, error)
	// Open reads n bytes from offset off, or to the end if n < 0, of the
	// version that was current at the call, even if it is replaced meanwhile. It
	// answers Invalid if the object ends before off.
	Open(ctx context.Context, bucket, key string, off, n int64) (io.ReadCloser, Object, error)
	// Put writes an object. The reader's error is returned and nothing is written.
	Put(ctx context.Context, bucket, key string, r io.Reader, h Header, c Condition) (Object, error)
	// Splice replaces byte ranges of the current version, if its ETag is etag;
	// else, also if there is no object, it answers Conflict and changes nothing.
	// The object keeps its header, tags and lock, and gets another ETag; a bucket
	// that keeps versions gets a new one. Edits may come in any order and must
	// not overlap. Where lengths stay as they were, or change by a multiple of
	// 4096, a local store need not copy what stays. Without edits nothing is
	// written.
	Splice(ctx context.Context, bucket, key, etag string, edits []Edit) (Object, error)
	// Delete removes the current version; in a bucket that keeps versions a
	// delete marker hides it.
	Delete(ctx context.Context, bucket, key string, c Condition) error
	// List returns one page.
	List(ctx context.Context, bucket string, o ListOptions) (Listing, error)

	// Stage takes bytes that get a key later; Commit gives all puts their keys
	// and removes all deletes. On object/disk that is one atomic step, which
	// readers and listings see whole or not at all. Elsewhere objects appear one
	// after the other, the first of puts last, and then the deletes are made: who
	// sees the first sees all the others, and no moment lacks both old and new. A
	// Commit that failed there may have been made in part; to repeat its deletes
	// is safe.
	Stage(ctx context.Context, bucket string, r io.Reader) (Staged, error)
	Commit(ctx context.Context, bucket string, puts []Named, deletes []string) error

	// Link makes the bytes of the current version appear as the file path, if
	// its ETag is etag: object/disk without copying them, so path must be on its
	// file system; object/remote by fetching them. The file must not exist
	// before, and must not be written. It answers Conflict for another ETag.
	Link(ctx context.Context, bucket, key, etag, path string) error

	// Describe says all that the store knows about a version; of the current one
	// if version is "". It answers NotFound for a delete marker.
	Describe(ctx context.Context, bucket, key, version string) (Details, error)
	// OpenVersion is Open for a named version.
	OpenVersion(ctx context.Context, bucket, key, version string, off, n int64) (io.ReadCloser, Object, error)
	// DeleteVersion removes a version or a delete marker for good. It answers
	// Denied while a retention or a legal hold keeps the version.
	DeleteVersion(ctx context.Context, bucket, key, version string) error
	// ListVersions returns one page of all versions and delete markers.
	ListVersions(ctx context.Context, bucket string, o VersionOptions) (VersionListing, error)

	// Uploads yields the unfinished multipart uploads of keys that begin with
	// prefix. Their parts are bytes that no listing of objects shows.
	Uploads(ctx context.Context, bucket, prefix string) iter.Seq2[Upload, error]
	// AbortUpload ends an unfinished upload and frees its parts.
	AbortUpload(ctx context.Context, bucket, key, id string) error
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
