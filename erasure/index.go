package erasure

import (
	"context"
	"iter"
	"time"
)

// Index says which records of which object versions hold an identifier. It knows
// identifiers only by keyed hashes, and is a hint: whoever erases reads a record's
// values again before cutting it. Its implementations are the packages below
// index, and indextest holds what all of them must do.
//
// Object versions have entries in a ledger; postings belong to an entry. A
// version's bytes never change, so an object that is replaced gets a new entry: an
// entry of the same bucket, key and version with another ETag, and its postings
// with it, no longer count once the new one is in.
//
// All methods may be called at the same time and again after a failure; what was
// answered without an error survives a kill. An error of kind Internal or
// Exhausted is one that trying again may mend.
type Index interface {
	// Put enters object versions with their postings, each in place of what was known
	// of it. An object's postings are visible whole or not at all, and all are when
	// Put returns without an error; after an error, or a kill, some objects may be
	// in. Many objects by one call cost less than by many.
	//
	// Put stops at an error that the sequence of objects yields, and returns it. An
	// object whose Postings yield an error is left out, and what was known of it
	// stays; Put goes on with the others.
	Put(ctx context.Context, objects iter.Seq2[*Indexed, error]) error
	// Find yields the places of an identifier in entries that count, ordered by
	// bucket, key and version.
	Find(ctx context.Context, h Hash) iter.Seq2[Place, error]
	// Entry returns what is known of an object version; its error is of kind
	// NotFound if nothing is.
	Entry(ctx context.Context, o ObjectVersion) (Entry, error)
	// Entries yields what is known of the versions of a bucket's objects whose key
	// begins with prefix, ordered by key and version.
	Entries(ctx context.Context, bucket, prefix string) iter.Seq2[Entry, error]
	// Forget takes an object version out with its postings. One that is not there is
	// no error.
	Forget(ctx context.Context, o ObjectVersion) error
	// Erase takes the postings of identifiers out of all entries that count, so that
	// not even the hashes are left in the index's own files when it answers. An
	// object that is being entered meanwhile keeps its postings.
	Erase(ctx context.Context, hs []Hash) error
	// Stats measures the index.
	Stats(ctx context.Context) (IndexStats, error)
	Close() error
}

// ObjectVersion names the bytes of an object.
type ObjectVersion struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version"` // "" in buckets without versions
	ETag    string `json:"etag"`
}

// Entry is an object version in the ledger of an index.
type Entry struct {
	ObjectVersion
	Size      int64
	Rows      int64
	Sequencer string    // of the event that told of it, if one did
	Indexed   time.Time // UTC, to the microsecond
	// Mapping is a fingerprint of the mappings it was read with: an entry that has
	// another than the ones of now must be made again.
	Mapping string
}

// Indexed is an object version with what was found in it.
type Indexed struct {
	// Entry is looked at after Postings have ended, so that it may say what reading
	// the object has shown. The object version must stand in it from the beginning.
	Entry
	// Postings may come in any order, and again.
	Postings iter.Seq2[Posting, error]
}

// Posting is one place of an identifier in an object version.
type Posting struct {
	Hash Hash
	Row  int64
	// Plain is the identifier itself, normalised, for a PlainIndex, and "" for others.
	Plain string
}

// PlainIndex is an index that may keep identifiers in clear beside their hashes,
// where somebody has switched that on.
type PlainIndex interface {
	Index
	// Plain reports whether postings shall have them.
	Plain() bool
}

// plain is what postings have of an identifier itself.
func (s *Service) plain(normal string) string {
	if x, ok := s.Index.(PlainIndex); ok && x.Plain() {
		return normal
	}
	return ""
}

// Place is where an identifier is.
type Place struct {
	Entry
	Rows []int64 // sorted, without repeats
}

// IndexStats are an index's figures.
type IndexStats struct {
	Objects  int64 `json:"objects"`  // entries that count
	Postings int64 `json:"postings"` // of these; about, where counting would take long
	Bytes    int64 `json:"bytes"`    // on disk, all together
}

// Whole is the Row of a posting of an object that is a person's as a whole, as by
// its key, and not by one of its records. It is the greatest integer that any JSON
// reader keeps (RFC 8259, section 6).
const Whole int64 = 1<<53 - 1
