// Package mount makes several object stores look like one: some buckets live in
// other stores, and all the rest in the local one. Who uses the whole need not
// know which is where.
//
// What a store promises, it promises for its buckets: a Commit in a bucket of
// object/disk is atomic, one in a bucket of object/remote is not.
//
// Buckets of other stores are neither made nor deleted here.
package mount

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"

	"lethe"
	"lethe/object"
)

// Store is a local store and other ones at some of its buckets.
type Store struct {
	local  object.Store
	mounts map[string]object.Store // by bucket
}

var _ object.Store = (*Store)(nil)

// New makes the store. It answers Conflict if the local store has a bucket of the
// name of a mounted one, whose objects would be hidden.
func New(ctx context.Context, local object.Store, mounts map[string]object.Store) (*Store, error) {
	bs, err := local.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range bs {
		if other := mounts[b.Name]; other != nil {
			return nil, lethe.Errorf(lethe.Conflict, "bucket %s is configured to be in %v, and there is one of this name in this lake", b.Name, other).
				WithHint("move its objects and delete it, or take it out of stores in the configuration")
		}
	}
	return &Store{local: local, mounts: mounts}, nil
}

// at returns the store that a bucket is in.
func (s *Store) at(bucket string) object.Store {
	if m := s.mounts[bucket]; m != nil {
		return m
	}
	return s.local
}

// Mounted returns the store that a bucket is mounted from, nil if it is local or
// not there.
func (s *Store) Mounted(bucket string) object.Store { return s.mounts[bucket] }

// Buckets returns the local buckets and the mounted ones, of which it is not
// known when they were made.
func (s *Store) Buckets(ctx context.Context) ([]object.Bucket, error) {
	list, err := s.local.Buckets(ctx)
	for name := range s.mounts {
		list = append(list, object.Bucket{Name: name})
	}
	slices.SortFunc(list, func(a, b object.Bucket) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// CreateBucket makes a local bucket.
func (s *Store) CreateBucket(ctx context.Context, bucket string) error {
	if m := s.mounts[bucket]; m != nil {
		return lethe.Errorf(lethe.Exists, "bucket %s is in %v", bucket, m)
	}
	return s.local.CreateBucket(ctx, bucket)
}

// DeleteBucket deletes a local bucket.
func (s *Store) DeleteBucket(ctx context.Context, bucket string) error {
	if m := s.mounts[bucket]; m != nil {
		return lethe.Errorf(lethe.Unsupported, "bucket %s is in %v and is not deleted from here", bucket, m).
			WithHint("delete it there, and take it out of stores in the configuration")
	}
	return s.local.DeleteBucket(ctx, bucket)
}

// Head implements object.Store.
func (s *Store) Head(ctx context.Context, bucket, key string) (object.Object, error) {
	return s.at(bucket).Head(ctx, bucket, key)
}

// Open implements object.Store.
func (s *Store) Open(ctx context.Context, bucket, key string, off, n int64) (io.ReadCloser, object.Object, error) {
	return s.at(bucket).Open(ctx, bucket, key, off, n)
}

// Put implements object.Store.
func (s *Store) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	return s.at(bucket).Put(ctx, bucket, key, r, h, c)
}

// Splice implements object.Store.
func (s *Store) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	return s.at(bucket).Splice(ctx, bucket, key, etag, edits)
}

// Delete implements object.Store.
func (s *Store) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	return s.at(bucket).Delete(ctx, bucket, key, c)
}

// List implements object.Store.
func (s *Store) List(ctx context.Context, bucket string, o object.ListOptions) (object.Listing, error) {
	return s.at(bucket).List(ctx, bucket, o)
}

// Stage implements object.Store.
func (s *Store) Stage(ctx context.Context, bucket string, r io.Reader) (object.Staged, error) {
	return s.at(bucket).Stage(ctx, bucket, r)
}

// Commit implements object.Store.
func (s *Store) Commit(ctx context.Context, bucket string, puts []object.Named, deletes []string) error {
	return s.at(bucket).Commit(ctx, bucket, puts, deletes)
}

// Link implements object.Store.
func (s *Store) Link(ctx context.Context, bucket, key, etag, path string) error {
	return s.at(bucket).Link(ctx, bucket, key, etag, path)
}

// Hold forwards to the lake's own store; the others' links are copies.
func (s *Store) Hold(dir string, cancel func(cause error)) (release func()) {
	return object.Hold(s.local, dir, cancel)
}

// Describe implements object.Store.
func (s *Store) Describe(ctx context.Context, bucket, key, version string) (object.Details, error) {
	return s.at(bucket).Describe(ctx, bucket, key, version)
}

// OpenVersion implements object.Store.
func (s *Store) OpenVersion(ctx context.Context, bucket, key, version string, off, n int64) (io.ReadCloser, object.Object, error) {
	return s.at(bucket).OpenVersion(ctx, bucket, key, version, off, n)
}

// DeleteVersion implements object.Store.
func (s *Store) DeleteVersion(ctx context.Context, bucket, key, version string) error {
	return s.at(bucket).DeleteVersion(ctx, bucket, key, version)
}

// ListVersions implements object.Store.
func (s *Store) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (object.VersionListing, error) {
	return s.at(bucket).ListVersions(ctx, bucket, o)
}

// Uploads implements object.Store.
func (s *Store) Uploads(ctx context.Context, bucket, prefix string) iter.Seq2[object.Upload, error] {
	return s.at(bucket).Uploads(ctx, bucket, prefix)
}

// AbortUpload implements object.Store.
func (s *Store) AbortUpload(ctx context.Context, bucket, key, id string) error {
	return s.at(bucket).AbortUpload(ctx, bucket, key, id)
}
