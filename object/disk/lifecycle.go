package disk

import (
	"context"
	"errors"
	"slices"
	"time"

	"lethe"
	"lethe/lib/orderkey"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Summary is what a run of [Store.Lifecycle] did.
type Summary struct {
	Buckets int   // with rules
	Expired int   // delete markers made above current versions
	Deleted int   // versions deleted for good
	Bytes   int64 // of them
	Markers int   // delete markers removed
	Uploads int   // aborted
	Locked  int   // versions whose time has come, and that a retention or a legal hold keeps
}

// A batch changes at most so many keys and versions, under their locks, in one
// commit.
const (
	lifecycleKeys     = 100
	lifecycleVersions = 1000
)

// Lifecycle applies the buckets' lifecycle rules as of now. It may run beside
// any writer: what is found due is judged again under its key's lock. What a
// run that ended early left, the next one does; a run that finds nothing due
// writes nothing. A bucket is read once from end to end for its rules.
//
// Events are named as Amazon S3 names them, LifecycleExpiration:Delete and
// LifecycleExpiration:DeleteMarkerCreated; an aborted upload has none.
func (s *Store) Lifecycle(ctx context.Context, now time.Time) (sum Summary, err error) {
	ctx = lethe.WithPrincipal(ctx, lethe.System)
	for _, b := range s.allBuckets() {
		if !slices.ContainsFunc(b.Lifecycle, func(r object.LifecycleRule) bool { return r.Enabled }) {
			continue
		}
		sum.Buckets++
		e := &expiry{s: s, ctx: ctx, now: now, bucket: b.Name, sum: &sum}
		if err := errors.Join(e.versions(), e.uploads()); err != nil && !s.deleted(b.Name) {
			return sum, s.plain(err, b.Name, "")
		}
	}
	return sum, nil
}

// deleted says whether the bucket went away meanwhile.
func (s *Store) deleted(bucket string) bool {
	_, err := s.bucketNamed(bucket)
	return err != nil
}

// expiry is a run over one bucket.
type expiry struct {
	s      *Store
	ctx    context.Context
	now    time.Time
	bucket string
	sum    *Summary
}

// versions finds the keys with something due and hands them to apply.
func (e *expiry) versions() error {
	for from, more := keysFrom(tabVersion, e.bucket, ""), true; more; {
		keys, next, err := e.due(from)
		if err != nil {
			return err
		}
		from, more = next, next != nil
		for len(keys) > 0 {
			if err := e.ctx.Err(); err != nil {
				return err
			}
			if keys, err = e.apply(keys); err != nil {
				return err
			}
		}
	}
	return nil
}

// due reads on from an index key until a batch of keys has something due, and
// answers them and where to go on; next is nil at the end of the bucket.
func (e *expiry) due(from []byte) (keys []string, next []byte, err error) {
	b, err := e.s.bucketNamed(e.bucket)
	if err != nil {
		return nil, nil, err
	}
	it, err := e.s.index.seek(keysFrom(tabVersion, e.bucket, ""))
	if err != nil {
		return nil, nil, err
	}
	defer it.Close()
	j := judge{b: &b, now: e.now}
	for ok, n := it.SeekGE(from), 0; ok; n++ {
		if n%lifecycleVersions == 0 && e.ctx.Err() != nil {
			return nil, nil, e.ctx.Err()
		}
		v, err := decodeVersion(it.Key(), it.Value())
		if err != nil {
			return nil, nil, err
		}
		past := orderkey.After(objectKey(tabVersion, e.bucket, v.key))
		last := true
		if ok = it.Next(); ok {
			last = string(it.Key()) >= string(past)
		}
		if j.of(v, last) == keep {
			continue
		}
		if keys = append(keys, v.key); len(keys) == lifecycleKeys {
			return keys, past, nil
		}
		if !last {
			ok = it.SeekGE(past)
		}
	}
	return keys, nil, it.Error()
}

// apply does what is due with the keys, in one change, and answers the keys it
// has not come to.
func (e *expiry) apply(keys []string) (rest []string, err error) {
	c := e.s.changeBy(e.ctx)
	c.expiring = true
	defer func() { e.s.settle(c) }() // after the locks
	unlock, err := e.s.lock(e.bucket, keys...)
	if err != nil {
		return nil, err
	}
	defer unlock()
	b := e.s.buckets[e.bucket]
	done := Summary{}
	for len(keys) > 0 && done.Expired+done.Deleted+done.Markers < lifecycleVersions {
		more, err := e.key(c, b, keys[0], &done)
		if err != nil {
			return nil, err
		}
		if more {
			break // more versions of this key in the next batch
		}
		keys = keys[1:]
	}
	e.sum.Locked += done.Locked
	if done.Expired+done.Deleted+done.Markers == 0 {
		return keys, nil // somebody else was faster
	}
	if err := c.commit(); err != nil {
		return nil, err
	}
	e.sum.Expired += done.Expired
	e.sum.Deleted += done.Deleted
	e.sum.Bytes += done.Bytes
	e.sum.Markers += done.Markers
	return keys, nil
}

// key adds to c what is due with one key; the caller holds its lock. It answers
// whether it stopped before the key's end.
func (e *expiry) key(c *change, b *bucket, key string, done *Summary) (more bool, err error) {
	it, err := e.s.index.seek(objectKey(tabVersion, e.bucket, key))
	if err != nil {
		return false, err
	}
	defer it.Close()
	j := judge{b: b, now: e.now}
	noNull := false // its null version went already
	for ok := it.First(); ok; {
		v, err := decodeVersion(it.Key(), it.Value())
		if err != nil {
			return false, err
		}
		ok = it.Next()
		switch verdict := j.of(v, !ok); {
		case noNull && v.Null:
		case verdict == locked:
			done.Locked++
		case verdict == expire && b.Versioning != "":
			if _, err := e.s.remove(c, e.bucket, key, v); err != nil {
				return false, err
			}
			done.Expired++
			if b.Versioning == types.BucketVersioningStatusSuspended {
				noNull = true // the marker took its place
			}
		case verdict == expire || verdict == erase:
			e.s.erase(c, e.bucket, key, v)
			if v.Marker {
				done.Markers++
			} else {
				done.Deleted, done.Bytes = done.Deleted+1, done.Bytes+v.Size
			}
		}
		if ok && done.Deleted+done.Markers >= lifecycleVersions {
			return true, nil
		}
	}
	return false, it.Error()
}

// uploads aborts the uploads that were abandoned.
func (e *expiry) uploads() error {
	b, err := e.s.bucketNamed(e.bucket)
	if err != nil {
		return err
	}
	var found []upload
	if err := e.s.index.scan(keysFrom(tabUpload, e.bucket, ""), func(k, v []byte) error {
		u, err := decodeUpload(k, v)
		if err == nil && abandoned(&b, &u, e.now) {
			found = append(found, upload{key: u.key, id: u.id})
		}
		return err
	}); err != nil {
		return err
	}
	for _, u := range found {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		if err := e.abort(u.key, u.id); err != nil {
			return err
		}
	}
	return nil
}

func (e *expiry) abort(key, id string) error {
	unlock, err := e.s.lock(e.bucket, key)
	if err != nil {
		return err
	}
	defer unlock()
	u, err := e.s.uploadIn(e.bucket, key, id)
	if err != nil || !abandoned(e.s.buckets[e.bucket], &u, e.now) {
		return nil // completed or aborted meanwhile
	}
	c := e.s.changeBy(e.ctx)
	if err := e.s.dropUpload(c, e.bucket, key, id); err != nil {
		return err
	}
	if err := c.commit(); err != nil {
		return err
	}
	e.sum.Uploads++
	return nil
}

// due reports whether now is at least so many days after t.
func due(now, t time.Time, days int) bool {
	return days > 0 && !now.Before(object.After(t, days))
}

func abandoned(b *bucket, u *upload, now time.Time) bool {
	return slices.ContainsFunc(b.Lifecycle, func(r object.LifecycleRule) bool {
		return r.Matches(u.key, -1, nil) && due(now, u.Started, r.AbortDays)
	})
}

// verdict is what the rules want of a version.
type verdict int

const (
	keep   verdict = iota
	expire         // it is current: no longer
	erase          // for good
	locked         // erase, but a lock keeps it
)

// judge applies a bucket's rules to versions in the order of the index: by key,
// and of a key newest first.
type judge struct {
	b   *bucket
	now time.Time

	key  string
	seen bool
	// of the versions of the key so far
	noncurrent int       // how many of them
	since      time.Time // when the next version was superseded
}

// of is what is due with v; last says that no older version of its key follows.
func (j *judge) of(v *version, last bool) (out verdict) {
	current := !j.seen || v.key != j.key
	superseded := j.since
	if current {
		j.key, j.seen, j.noncurrent = v.key, true, 0
	} else {
		j.noncurrent++
	}
	j.since = v.Time
	size, tags := v.Size, v.Tags
	if v.Marker {
		size, tags = -1, nil
	}
	for _, r := range j.b.Lifecycle {
		if !r.Matches(v.key, size, tags) {
			continue
		}
		switch {
		case !current:
			if j.noncurrent > r.KeepNoncurrent && due(j.now, superseded, r.NoncurrentDays) {
				out = erase
			}
		case v.Marker:
			// A delete marker with nothing below it has no purpose. The age
			// that a rule asks of objects it asks of such markers too.
			if last && (r.ExpireMarkers || j.expired(r, v.Time)) {
				out = erase
			}
		case j.expired(r, v.Time):
			out = expire
		}
		if out != keep {
			break
		}
	}
	forGood := out == erase || out == expire && (j.b.Versioning == "" || v.Null && j.b.Versioning == types.BucketVersioningStatusSuspended)
	if forGood && v.Lock.holds(j.now) {
		out = locked
	}
	return out
}

func (j *judge) expired(r object.LifecycleRule, t time.Time) bool {
	return r.ExpireDate != nil && !j.now.Before(*r.ExpireDate) || due(j.now, t, r.ExpireDays)
}
