package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lethe"
)

// Source is a lake of one moment, as files that nobody writes any more.
type Source struct {
	// Dir holds them, as a lake's folder would.
	Dir string
	// Blobs is the folder of blobs in it, as objects/blobs.
	Blobs   string
	Keys    string // see Manifest
	Outside []string
	Missing int64
}

// Order says what backup is to be made.
type Order struct {
	ID      string // of lethe.NewOrderedID
	Version string // of the program
	Made    time.Time
	Expires time.Time
}

// Progress tells how far something with files is.
type Progress struct {
	Files     int64 `json:"files"` // to be gone through; 0 until that is known
	Bytes     int64 `json:"bytes"`
	FilesDone int64 `json:"files_done"`
	BytesDone int64 `json:"bytes_done"`
	// Copied are the bytes among those done that were not there before.
	Copied int64 `json:"copied"`
}

// Meter is a Progress that is made.
type Meter struct{ files, bytes, filesDone, bytesDone, copied atomic.Int64 }

// Progress returns how far it is. A nil Meter is nowhere.
func (m *Meter) Progress() Progress {
	if m == nil {
		return Progress{}
	}
	return Progress{m.files.Load(), m.bytes.Load(), m.filesDone.Load(), m.bytesDone.Load(), m.copied.Load()}
}

func (m *Meter) expect(files, bytes int64) {
	if m != nil {
		m.files.Add(files)
		m.bytes.Add(bytes)
	}
}

func (m *Meter) did(bytes int64, copied bool) {
	if m == nil {
		return
	}
	m.filesDone.Add(1)
	m.bytesDone.Add(bytes)
	if copied {
		m.copied.Add(bytes)
	}
}

// together is how many files are copied at a time.
const together = 4

// Write makes a backup of a source. It is one when Write has returned without an error;
// after an error, or a kill, there is none, and what was copied of blobs is copied again
// by the next. The caller holds the place's Lock.
func (r *Repository) Write(ctx context.Context, src Source, o Order, meter *Meter) (m Manifest, err error) {
	m = Manifest{ID: o.ID, Version: o.Version, Made: o.Made.UTC(), Expires: o.Expires.UTC(), Keys: src.Keys, Outside: src.Outside, Missing: src.Missing, BlobsAt: src.Blobs}
	if !lethe.IsID(m.ID) {
		return m, lethe.Errorf(lethe.Invalid, "%q is no backup's id", m.ID)
	}
	var files, blobs []Sum
	err = filepath.WalkDir(src.Dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(src.Dir, at)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if blob, ok := strings.CutPrefix(name, src.Blobs+"/"); ok {
			blobs = append(blobs, Sum{Name: blob, Size: info.Size()})
		} else if path.Base(name) != "LOCK" { // which Pebble makes anew
			files = append(files, Sum{Name: name, Size: info.Size()})
		}
		meter.expect(1, info.Size())
		return nil
	})
	if err != nil {
		return m, lethe.Errorf(lethe.Internal, "backup of %s: %w", src.Dir, err)
	}
	have, err := r.known(ctx)
	if err != nil {
		return m, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	copying := func(to, from string, s *Sum) {
		g.Go(func() error {
			err := r.copyIn(gctx, to, from, s)
			if err == nil {
				meter.did(s.Size, true)
			}
			return err
		})
	}
	for i := range files {
		copying(file(m.ID, files[i].Name), filepath.Join(src.Dir, filepath.FromSlash(files[i].Name)), &files[i])
	}
	for i := range blobs {
		b := &blobs[i]
		if there, ok := have[b.Name]; ok && there.Size == b.Size {
			b.SHA256 = there.SHA256
			meter.did(b.Size, false)
			continue
		}
		copying(pooled(b.Name), filepath.Join(src.Dir, filepath.FromSlash(src.Blobs), filepath.FromSlash(b.Name)), b)
	}
	if err := g.Wait(); err != nil {
		return m, err
	}
	var list bytes.Buffer
	enc := json.NewEncoder(&list)
	for _, b := range blobs {
		if err := enc.Encode(b); err != nil {
			return m, err
		}
		m.Blobs++
		m.BlobBytes += b.Size
	}
	sum := sha256.Sum256(list.Bytes())
	m.Files = append(files, Sum{blobsName, int64(list.Len()), hex.EncodeToString(sum[:])})
	if err := r.Put(ctx, file(m.ID, blobsName), &list); err != nil {
		return m, err
	}
	// All that the manifest names is there before it is.
	if err := r.Sync(ctx); err != nil {
		return m, err
	}
	if m.Digest, err = m.digest(); err != nil {
		return m, err
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := r.Put(ctx, file(m.ID, manifestName), bytes.NewReader(append(raw, '\n'))); err != nil {
		return m, err
	}
	return m, r.Sync(ctx)
}

// known are the blobs that whole backups have, and that are there with their sizes.
func (r *Repository) known(ctx context.Context) (map[string]Sum, error) {
	all, err := r.Backups(ctx)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	have := map[string]Sum{}
	for _, f := range all {
		if f.Err != nil {
			continue
		}
		if len(sizes) == 0 {
			for b, err := range r.List(ctx, blobsDir) {
				if err != nil {
					return nil, err
				}
				sizes[b.Name] = b.Size
			}
		}
		for b, err := range r.blobs(ctx, f.ID) {
			if lethe.Is(err, lethe.BadData) || lethe.Is(err, lethe.NotFound) {
				break // a damaged backup spares nobody a copy
			}
			if err != nil {
				return nil, err
			}
			if size, ok := sizes[pooled(b.Name)]; ok && size == b.Size {
				have[b.Name] = b
			}
		}
	}
	return have, nil
}

// copyIn puts a file, and notes its checksum. It must have the size that it had.
func (r *Repository) copyIn(ctx context.Context, to, from string, s *Sum) error {
	f, err := os.Open(from)
	if err != nil {
		return lethe.Errorf(lethe.Internal, "backup: %w", err)
	}
	defer f.Close()
	sum := newSummed(ctx, f)
	if err := r.Put(ctx, to, sum); err != nil {
		return err
	}
	if sum.n != s.Size {
		return lethe.Errorf(lethe.Internal, "backup: %s had %d bytes and now has %d", from, s.Size, sum.n)
	}
	s.SHA256 = sum.text()
	return nil
}

// summed is what is read, with its checksum, until ctx ends.
type summed struct {
	ctx  context.Context
	r    io.Reader
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	n int64
}

func newSummed(ctx context.Context, r io.Reader) *summed {
	return &summed{ctx: ctx, r: r, hash: sha256.New()}
}

func (s *summed) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	n, err := s.r.Read(p)
	s.hash.Write(p[:n])
	s.n += int64(n)
	return n, err
}

func (s *summed) text() string { return hex.EncodeToString(s.hash.Sum(nil)) }

// sumOf reads a file of the repository to its end.
func (r *Repository) sumOf(ctx context.Context, name string) (Sum, error) {
	f, err := r.Open(ctx, name)
	if err != nil {
		return Sum{}, err
	}
	defer f.Close()
	s := newSummed(ctx, f)
	if _, err := io.Copy(io.Discard, s); err != nil {
		return Sum{}, errors.Join(lethe.Errorf(lethe.KindOf(err), "read %s of %s: %w", name, r, err))
	}
	return Sum{name, s.n, s.text()}, nil
}
