package disk

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// What both faces do with buckets. The bucket table is small and kept in memory.

func newBucket(name, owner string) *bucket {
	return &bucket{Name: name, Created: time.Now().UTC(), ACL: encode(auth.ACL{Owner: owner}),
		Ownership: types.ObjectOwnershipBucketOwnerEnforced}
}

func (s *Store) loadBuckets() error {
	return s.index.scan(tableKey(tabBucket), func(k, v []byte) error {
		b := &bucket{}
		if err := decode(k, v, b); err != nil {
			return err
		}
		s.buckets[b.Name] = b
		return nil
	})
}

// bucketNamed returns a copy of the bucket's settings; its slices and maps are never changed in place.
func (s *Store) bucketNamed(name string) (bucket, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[name]
	if b == nil {
		return bucket{}, noSuchBucket(name)
	}
	return *b, nil
}

// changeBucket applies f to the settings of a bucket.
func (s *Store) changeBucket(name string, f func(b *bucket) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.buckets[name]
	if old == nil {
		return noSuchBucket(name)
	}
	b := *old
	if err := f(&b); err != nil {
		return err
	}
	return bare(s.putBucket(&b))
}

// putBucket stores the settings and caches a copy. A copy, because strings and
// bytes that come from the front end point into its request buffers, which it
// uses again: nothing of them may be kept.
func (s *Store) putBucket(b *bucket) error {
	kept := &bucket{}
	if err := json.Unmarshal(encode(b), kept); err != nil {
		return err
	}
	c := s.change()
	c.set(tableKey(tabBucket, kept.Name), kept)
	if err := c.commit(); err != nil {
		return err
	}
	s.buckets[kept.Name] = kept
	return nil
}

func (s *Store) allBuckets() []*bucket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*bucket, 0, len(s.buckets))
	for _, b := range s.buckets {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *bucket) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// errStop ends a scan early.
var errStop = errors.New("stop")

// deleteBucket deletes an empty bucket.
func (s *Store) deleteBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] == nil {
		return noSuchBucket(name)
	}
	code := s3err.ErrBucketNotEmpty
	if err := s.index.scan(tableKey(tabVersion, name, "\x00"), func(k, v []byte) error {
		if x, err := decodeListed(k, v); err == nil && (x.Marker || !x.Null) {
			code = s3err.ErrVersionedBucketNotEmpty
		}
		return errStop
	}); errors.Is(err, errStop) {
		return s3err.GetBucketErr(code, name)
	} else if err != nil {
		return err
	}
	// Unfinished uploads hold data too, and go with the bucket.
	var left []upload
	if err := s.index.scan(tableKey(tabUpload, name, "\x00"), func(k, v []byte) error {
		u, err := decodeUpload(k, v)
		left = append(left, u)
		return err
	}); err != nil {
		return err
	}
	c := s.change()
	for _, u := range left {
		if err := s.dropUpload(c, name, u.key, u.id); err != nil {
			return err
		}
	}
	c.delete(tableKey(tabBucket, name))
	if err := c.commit(); err != nil {
		return err
	}
	delete(s.buckets, name)
	return nil
}

// locks says whether the bucket may hold objects under retention or legal hold.
func locks(b *bucket) bool {
	var c auth.BucketLockConfig
	return b.Lock != nil && json.Unmarshal(b.Lock, &c) == nil && c.Enabled
}
