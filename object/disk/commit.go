package disk

import (
	"context"
	"io"
	"sync"

	"lethe"
	"lethe/object"
)

// staged is a blob that waits for its key.
type staged struct {
	s      *Store
	bucket string
	v      *version

	mu   sync.Mutex
	done bool // committed or discarded
}

func (g *staged) Size() int64  { return g.v.Size }
func (g *staged) ETag() string { return g.v.ETag }

func (g *staged) Discard() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.done {
		g.done = true
		g.s.discard(g.v.Extents...)
	}
}

// Stage makes bytes durable without a key.
func (s *Store) Stage(ctx context.Context, bucket string, r io.Reader) (object.Staged, error) {
	if _, err := s.bucketNamed(bucket); err != nil {
		return nil, s.plain(err, bucket, "")
	}
	v, err := s.stage(ctx, r)
	if err != nil {
		return nil, s.plain(err, bucket, "")
	}
	return &staged{s: s, bucket: bucket, v: v}, nil
}

// Commit gives staged objects their keys and removes others, in one batch of
// the index. Several objects staged, put and deleted together are visible
// together. It answers Invalid for a key named twice and for a Staged that is
// used up, of another bucket or of another store.
func (s *Store) Commit(ctx context.Context, bucket string, puts []object.Named, deletes []string) error {
	keys, parts, err := s.prepare(bucket, puts, deletes)
	if err != nil {
		return err
	}
	for _, g := range parts {
		g.mu.Lock()
		defer g.mu.Unlock()
	}
	for i, g := range parts {
		if g.done {
			return lethe.Errorf(lethe.Invalid, "the bytes staged for s3://%s/%s are committed or discarded already", bucket, puts[i].Key)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	unlock, err := s.lock(bucket, keys...)
	if err != nil {
		return s.plain(err, bucket, "")
	}
	defer unlock()
	c := s.changeBy(ctx)
	for i, g := range parts {
		v := *g.v // a failed commit leaves the staged bytes as they were
		v.Header = headerOf(puts[i].Header)
		c.own(v.Extents)
		if err := s.place(c, bucket, puts[i].Key, &v, "ObjectCreated:Put"); err != nil {
			return s.plain(err, bucket, puts[i].Key)
		}
	}
	for _, k := range deletes {
		v, err := s.newest(bucket, k)
		if err == nil && v != nil && !v.Marker {
			_, err = s.remove(c, bucket, k, v)
		}
		if err != nil {
			return s.plain(err, bucket, k)
		}
	}
	err = c.commit()
	for _, g := range parts {
		g.done = err == nil || uncertain(err)
	}
	return s.plain(err, bucket, "")
}

// prepare checks a commit's arguments and returns its keys and its blobs.
func (s *Store) prepare(bucket string, puts []object.Named, deletes []string) (keys []string, parts []*staged, err error) {
	seen := map[string]bool{}
	used := map[*staged]bool{}
	for _, p := range puts {
		g, ok := p.Staged.(*staged)
		if !ok || g.s != s || g.bucket != bucket {
			return nil, nil, lethe.Errorf(lethe.Invalid, "s3://%s/%s: the bytes were not staged for this bucket of this store", bucket, p.Key)
		}
		if used[g] {
			return nil, nil, lethe.Errorf(lethe.Invalid, "s3://%s/%s: the staged bytes are given two keys", bucket, p.Key)
		}
		if err := object.CheckKey(p.Key); err != nil {
			return nil, nil, err
		}
		used[g] = true
		parts = append(parts, g)
		keys = append(keys, p.Key)
	}
	keys = append(keys, deletes...)
	for _, k := range keys {
		if seen[k] {
			return nil, nil, lethe.Errorf(lethe.Invalid, "a commit names s3://%s/%s twice", bucket, k)
		}
		seen[k] = true
	}
	return keys, parts, nil
}
