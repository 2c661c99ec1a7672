package own

import (
	"context"
	"sync"
	"time"

	"lethe"
	"lethe/object"
)

// lockedReason is why versions stay that the store does not let go.
const lockedReason = "an object lock, a legal hold, or what lethe may do in their store keeps them"

// locks say which versions a store does not let go.
type locks struct {
	store object.Store

	mu sync.Mutex
	// refused are versions that the store refused to change, as a bucket's policy elsewhere
	// may have it. They are tried again each time that a person is erased.
	refused map[version]bool
}

// version names a version for good: a null version is written again, with other bytes.
type version struct{ bucket, key, version, etag string }

func versionOf(v object.Version) version {
	return version{v.Bucket, v.Key, v.Object.Version, v.ETag}
}

func newLocks(s object.Store) *locks { return &locks{store: s, refused: map[version]bool{}} }

// keep says whether a version cannot be deleted now, and until when; zero if that is not
// known, as that of a legal hold.
func (l *locks) keep(ctx context.Context, v object.Version) (kept bool, until time.Time, err error) {
	d, err := l.store.Describe(ctx, v.Bucket, v.Key, v.Object.Version)
	switch {
	case lethe.Is(err, lethe.NotFound):
		return false, until, nil
	case err != nil && !lethe.Is(err, lethe.Denied):
		return false, until, err
	case err == nil && d.Lock.Hold:
		return true, until, nil
	case err == nil && d.Lock.Holds(time.Now()):
		return true, d.Lock.Until, nil
	}
	return l.refuses(v), until, nil
}

// refuses says whether the store refused to change a version when that was tried last.
func (l *locks) refuses(v object.Version) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused[versionOf(v)]
}

// tried keeps whether the store refused to delete a version, or to write another in its place.
func (l *locks) tried(v object.Version, refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if refused {
		l.refused[versionOf(v)] = true
	} else {
		delete(l.refused, versionOf(v))
	}
}

// ending is when the last of some locks ends: never, as far as is known, if that is not
// known of one.
type ending struct {
	until time.Time
	never bool
}

func (e *ending) add(until time.Time) {
	e.never = e.never || until.IsZero()
	if until.After(e.until) {
		e.until = until
	}
}

func (e *ending) join(other ending) {
	e.never = e.never || other.never
	if other.until.After(e.until) {
		e.until = other.until
	}
}

func (e *ending) time() time.Time {
	if e.never {
		return time.Time{}
	}
	return e.until
}
