package object

import (
	"context"
	"iter"
	"time"
)

// NullVersion names the version that was written while its bucket kept none.
const NullVersion = "null"

// Version is an entry of a bucket's history. Its Object.Version is never "".
type Version struct {
	Object
	Marker bool // a delete marker: it hides the versions below and has no bytes
	Latest bool // what reads without a version see
}

// VersionMark is a place in a listing of versions.
type VersionMark struct{ Key, Version string }

// VersionOptions say which versions to list.
type VersionOptions struct {
	Prefix string
	After  VersionMark // begin at a previous page's Next
	Limit  int         // at most this many entries; 0 means 1000
}

// VersionListing is one page: keys in byte order, versions of a key newest first.
type VersionListing struct {
	Versions []Version
	// Next continues the listing; the zero value at its end.
	Next VersionMark
}

// Details are what a store knows about a version of an object.
type Details struct {
	Object
	Tags map[string]string
	Lock Lock
}

// Lock is what keeps a version from being deleted.
type Lock struct {
	Mode  string    // "GOVERNANCE", "COMPLIANCE", or "" without a retention
	Until time.Time // end of the retention
	Hold  bool      // legal hold
}

// Holds reports whether the lock forbids a deletion at time t.
func (l Lock) Holds(t time.Time) bool { return l.Hold || l.Mode != "" && t.Before(l.Until) }

// Upload is a multipart upload that was neither completed nor aborted.
type Upload struct {
	Key, ID string
	Started time.Time
}

// AllVersions yields every version and delete marker of keys that begin with
// prefix, reading pages as needed. Who deletes meanwhile does so after the end of
// the listing, as a store may not find its place again. It stops after the first
// error.
func AllVersions(ctx context.Context, s Store, bucket, prefix string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		o := VersionOptions{Prefix: prefix, Limit: allPage}
		for {
			l, err := s.ListVersions(ctx, bucket, o)
			if err != nil {
				yield(Version{}, err)
				return
			}
			for _, v := range l.Versions {
				if !yield(v, nil) {
					return
				}
			}
			if l.Next == (VersionMark{}) {
				return
			}
			o.After = l.Next
		}
	}
}
