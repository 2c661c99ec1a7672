// Package backup keeps copies of a lake in a place apart from it, and makes a lake of
// one again.
//
// # A repository
//
// A place of backups is a [Repository]: a folder, or a prefix of a bucket.
//
//	lethe-backups.json     says that it is one, and its format
//	lock                   held while a backup is made, or old ones are deleted (folders only)
//	blobs/xx/BLOB          blobs of the lake's object store, which all backups share
//	backups/ID/...         what else a backup has: state, catalog, keys, index of objects
//	backups/ID/blobs.jsonl       which blobs the backup has, with sizes and SHA-256
//	backups/ID/manifest.json     the [Manifest], written last
//	erased/REQUEST.json    who was erased, by keyed hashes: see [Erased]
//	holds.json             what forbids to erase, so that it is not erased from a restored lake either
//
// A folder ID without a manifest is no backup: something ended before it was whole, and
// the next Prune deletes it. A manifest is written when all it names is on the disk, and
// holds the size and SHA-256 of every file, and its own.
//
// Blobs never change once they have their random names. One that a whole backup has,
// and that is there with its size, is therefore not copied again, nor read; Verify reads
// everything.
//
// # Persons
//
// A backup holds who was in the lake, also those who are erased later, until it expires
// and is deleted. So the lake keeps a [Ledger] of its backups, and each erasure leaves
// an Erased beside each of them. Restore gathers these, and the lake that it makes does
// not serve before it has erased them again: see [Restored].
package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"regexp"
	"strings"
	"time"

	"lethe"
)

// Place is where a repository is kept: names with slashes, and bytes. Its errors are of
// the kinds of package lethe.
type Place interface {
	// Put writes a file, in place of what was there, whole or not at all. It is sure to
	// be durable after the next Sync only.
	Put(ctx context.Context, name string, r io.Reader) error
	// Sync makes durable what was put and removed before.
	Sync(ctx context.Context) error
	// Open reads a file; an error of kind NotFound says that there is none.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List yields the files whose names begin with a prefix, in the order of names.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]
	// Remove removes a file; one that is not there is no error.
	Remove(ctx context.Context, name string) error
	// Lock keeps others from changing which backups there are, where the place can
	// tell; an error of kind Conflict says that somebody does.
	Lock(ctx context.Context) (unlock func() error, err error)
	// Locks says whether Lock keeps anybody out.
	Locks() bool
	// String is the place as commands name it.
	String() string
}

// File is a file of a Place.
type File struct {
	Name     string
	Size     int64
	Modified time.Time
}

// Repository is a place of backups.
type Repository struct {
	Place
	ID string // which it is, whatever its place is called
}

// format is the version of what a repository looks like.
const format = 1

const markName = "lethe-backups.json"

type mark struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
}

// Open opens a repository; an error of kind NotFound says that the place is none.
func Open(ctx context.Context, p Place) (*Repository, error) {
	var m mark
	raw, err := readAll(ctx, p, markName)
	if lethe.Is(err, lethe.NotFound) {
		return nil, lethe.Errorf(lethe.NotFound, "there are no backups at %s", p).WithHint("make one with: lethe backup --to %s", p)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &m); err != nil || m.Format < 1 || !lethe.IsID(m.ID) {
		return nil, lethe.Errorf(lethe.BadData, "%s of %s is damaged", markName, p)
	}
	if m.Format > format {
		return nil, lethe.Errorf(lethe.Unsupported, "the backups at %s were made by a newer lethe (format %d; this one knows %d)", p, m.Format, format)
	}
	return &Repository{p, m.ID}, nil
}

// Create opens a repository, or makes one of a place that has nothing in it: an error
// of kind Conflict says that it has.
func Create(ctx context.Context, p Place) (*Repository, error) {
	r, err := Open(ctx, p)
	if !lethe.Is(err, lethe.NotFound) {
		return r, err
	}
	for f, err := range p.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		return nil, lethe.Errorf(lethe.Conflict, "%s has %s in it, and is no place of backups", p, f.Name).WithHint("choose an empty one, or one that does not exist yet")
	}
	m := mark{format, lethe.NewID()}
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if err := p.Put(ctx, markName, bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	return &Repository{p, m.ID}, p.Sync(ctx)
}

// Manifest says what a backup is made of.
type Manifest struct {
	ID      string    `json:"id"`
	Version string    `json:"lethe"` // that made it
	Made    time.Time `json:"made"`  // when it was begun: what was answered before is in it
	Expires time.Time `json:"expires"`
	// Keys says where the lake's keys are: included, or apart.
	Keys string `json:"keys"`
	// Outside are databases and stores that the lake uses and this backup does not have.
	Outside []string `json:"outside,omitempty"`
	// Missing counts blobs that the lake itself had lost.
	Missing int64 `json:"missing,omitempty"`
	// Files are all files but the blobs and this one.
	Files []Sum `json:"files"`
	// BlobsAt is the folder in the lake's folder that blobs are in.
	BlobsAt   string `json:"blobs_at"`
	Blobs     int64  `json:"blobs"`
	BlobBytes int64  `json:"blob_bytes"`
	// Digest is the SHA-256 of this document with an empty Digest.
	Digest string `json:"digest"`
}

// The values of Manifest.Keys.
const (
	KeysIncluded = "included"
	KeysApart    = "apart"
)

// Sum is a file with its checksum.
type Sum struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bytes counts the bytes of a backup, of which it shares those of blobs.
func (m Manifest) Bytes() (n int64) {
	n = m.BlobBytes
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Expired says whether a backup is to be deleted.
func (m Manifest) Expired(now time.Time) bool { return !m.Expires.IsZero() && !now.Before(m.Expires) }

const (
	manifestName = "manifest.json"
	blobsName    = "blobs.jsonl"
	backupsDir   = "backups/"
	blobsDir     = "blobs/"
	erasedDir    = "erased/"
)

// file is the name of a backup's file.
func file(id, name string) string { return backupsDir + id + "/" + name }

func (m Manifest) digest() (string, error) {
	m.Digest = ""
	raw, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Manifest returns the manifest of a backup: an error of kind NotFound says that there
// is none, of kind BadData that it is damaged.
func (r *Repository) Manifest(ctx context.Context, id string) (m Manifest, err error) {
	if !lethe.IsID(id) {
		return m, lethe.Errorf(lethe.Invalid, "%q is no backup's id", id)
	}
	raw, err := readAll(ctx, r, file(id, manifestName))
	if lethe.Is(err, lethe.NotFound) {
		return m, lethe.Errorf(lethe.NotFound, "there is no backup %s at %s", id, r)
	}
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(raw, &m)
	if err == nil {
		var sum string
		if sum, err = m.digest(); err == nil && (sum != m.Digest || m.ID != id) {
			err = errors.New("its checksum is another")
		}
	}
	if err != nil {
		return m, lethe.Errorf(lethe.BadData, "%s of %s is damaged: %w", file(id, manifestName), r, err)
	}
	return m, nil
}

// Found is what Backups found: a backup, or what is left of one.
type Found struct {
	ID       string
	Manifest Manifest
	// Err says why there is no manifest: of kind NotFound where the backup did not come
	// to its end, of kind BadData where it is damaged.
	Err error
	// Modified is when the last of its files was written.
	Modified time.Time
}

// Backups returns all backups, the oldest first, also those that are not whole.
func (r *Repository) Backups(ctx context.Context) (all []Found, err error) {
	for f, err := range r.List(ctx, backupsDir) {
		if err != nil {
			return nil, err
		}
		id, _, ok := strings.Cut(strings.TrimPrefix(f.Name, backupsDir), "/")
		if !ok || !lethe.IsID(id) {
			continue
		}
		if n := len(all); n == 0 || all[n-1].ID != id {
			all = append(all, Found{ID: id})
		}
		if last := &all[len(all)-1]; f.Modified.After(last.Modified) {
			last.Modified = f.Modified
		}
	}
	for i := range all {
		f := &all[i]
		f.Manifest, f.Err = r.Manifest(ctx, f.ID)
		if f.Err != nil && !lethe.Is(f.Err, lethe.NotFound) && !lethe.Is(f.Err, lethe.BadData) {
			return nil, f.Err
		}
	}
	return all, nil
}

// blobs yields which blobs a backup has.
func (r *Repository) blobs(ctx context.Context, id string) iter.Seq2[Sum, error] {
	return func(yield func(Sum, error) bool) {
		f, err := r.Open(ctx, file(id, blobsName))
		if err != nil {
			yield(Sum{}, err)
			return
		}
		defer f.Close()
		d := json.NewDecoder(f)
		for {
			var s Sum
			err := d.Decode(&s)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = lethe.Errorf(lethe.BadData, "%s of %s is damaged: %w", file(id, blobsName), r, err)
			} else if !blobName.MatchString(s.Name) {
				err = lethe.Errorf(lethe.BadData, "%s of %s is damaged: %q is no blob's name", file(id, blobsName), r, s.Name)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// blobName is a path of a blob below the folder of blobs of an object store, as
// 19a/0f/0f3c...
var blobName = regexp.MustCompile(`^[0-9a-f]+/[0-9a-f]{2}/[0-9a-f]{8,64}$`)

// pooled is the name of a blob in a repository.
func pooled(blob string) string {
	epoch, rest, _ := strings.Cut(blob, "/")
	shard, name, _ := strings.Cut(rest, "/")
	return blobsDir + shard + "/" + epoch + "." + name
}

// maxDocument bounds what is read of a document, in bytes.
const maxDocument = 256 << 20

func readAll(ctx context.Context, p Place, name string) ([]byte, error) {
	f, err := p.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxDocument))
}
