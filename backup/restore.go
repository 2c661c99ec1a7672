package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"lethe"
	"lethe/lib/atomicfile"
)

// Restored is what a file in a restored lake's folder says, from before anything else is
// in it until those who were erased since the backup are erased again. A lake whose
// folder has it must not be read.
type Restored struct {
	From   string    `json:"from"`
	Backup string    `json:"backup"`
	Made   time.Time `json:"made"` // when the backup was
	// Whole says that all files are there. Otherwise Restore was stopped, and goes on
	// when it is called again.
	Whole bool `json:"whole"`
	// Erased are to be erased again, and Backups hold persons still.
	Erased  []Erased        `json:"erased"`
	Holds   json.RawMessage `json:"holds,omitempty"`
	Backups []Manifest      `json:"backups"` // without their files
}

// RestoredFile is the name of that file.
const RestoredFile = "restored.json"

// ReadRestored reads it from a lake's folder; an error that is fs.ErrNotExist says that
// the lake was not restored, or that its erasures are done.
func ReadRestored(dir string) (r Restored, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, RestoredFile))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, lethe.Errorf(lethe.BadData, "%s: %w", filepath.Join(dir, RestoredFile), err).WithHint("restore the lake anew, into another folder")
	}
	return r, nil
}

func (r Restored) write(dir string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, RestoredFile), append(raw, '\n'), 0o600)
}

// Served says that a restored lake may be read: what was erased since is erased again.
// It may be called again.
func Served(dir string) error {
	if err := os.Remove(filepath.Join(dir, RestoredFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(dir)
}

// Restore makes a lake's folder of a backup. The folder must be empty, not exist, or
// hold what an earlier call for the same backup left. Every file is held against its
// checksum, and is on the disk when Restore returns. further are erasures that are known
// from elsewhere than beside the backups. last, unless nil, adds to the folder what no
// backup has, before it counts as whole; it may be called again.
//
// An error of kind BadData names the file that is damaged. After an error or a kill the
// folder says that it is no lake yet.
func (r *Repository) Restore(ctx context.Context, id, dir string, further []Erased, meter *Meter, last func() error) (done Restored, err error) {
	m, err := r.Manifest(ctx, id)
	if err != nil {
		return done, err
	}
	kept, err := r.Erasures(ctx)
	if err != nil {
		return done, err
	}
	holds, err := r.Holds(ctx)
	if err != nil {
		return done, err
	}
	all, err := r.Backups(ctx)
	if err != nil {
		return done, err
	}
	done = Restored{From: r.String(), Backup: id, Made: m.Made, Erased: Merge(kept, further), Holds: holds, Backups: []Manifest{}}
	for _, f := range all {
		if f.Err == nil {
			f.Manifest.Files = nil
			done.Backups = append(done.Backups, f.Manifest)
		}
	}
	if err := begin(dir, done); err != nil {
		return done, err
	}
	meter.expect(int64(len(m.Files))+m.Blobs, m.Bytes())
	if err := r.restore(ctx, m, dir, meter); err != nil {
		return done, err
	}
	if last != nil {
		if err := last(); err != nil {
			return done, err
		}
	}
	if err := syncAll(dir); err != nil {
		return done, err
	}
	done.Whole = true
	return done, done.write(dir)
}

// begin sees that a folder may be restored into, and notes that it is no lake yet.
func begin(dir string, r Restored) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return lethe.Errorf(lethe.Internal, "restore: %w", err)
	}
	if err := syncFolder(filepath.Dir(filepath.Clean(dir))); err != nil {
		return err
	}
	before, err := ReadRestored(dir)
	switch {
	case err == nil && before.Backup == r.Backup && !before.Whole:
		return r.write(dir) // go on
	case err == nil:
		return lethe.Errorf(lethe.Conflict, "%s holds a lake that was restored from backup %s", dir, before.Backup).WithHint("choose a folder that is empty or does not exist")
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	have, err := os.ReadDir(dir)
	if err != nil {
		return lethe.Errorf(lethe.Internal, "restore: %w", err)
	}
	for _, e := range have {
		// A kill while the note was written the first time may have left this.
		if ok, _ := filepath.Match(filepath.Base(atomicfile.Pattern(RestoredFile)), e.Name()); !ok {
			return lethe.Errorf(lethe.Conflict, "%s is not empty: %s is in it", dir, e.Name()).WithHint("choose a folder that is empty or does not exist")
		}
	}
	return r.write(dir)
}

func (r *Repository) restore(ctx context.Context, m Manifest, dir string, meter *Meter) error {
	if !filepath.IsLocal(filepath.FromSlash(m.BlobsAt)) {
		return outside(m, m.BlobsAt)
	}
	// First what says which blobs there are: it is held against its checksum.
	var list bytes.Buffer
	for _, f := range m.Files {
		if f.Name != blobsName {
			continue
		}
		if err := r.fetch(ctx, file(m.ID, f.Name), f, &list); err != nil {
			return err
		}
		meter.did(f.Size, true)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	put := func(name, to string, want Sum, mode fs.FileMode) {
		g.Go(func() error {
			copied, err := r.place(gctx, name, to, want, mode)
			if err == nil {
				meter.did(want.Size, copied)
			}
			return err
		})
	}
	for _, f := range m.Files {
		if f.Name == blobsName {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return errors.Join(outside(m, f.Name), g.Wait())
		}
		put(file(m.ID, f.Name), filepath.Join(dir, filepath.FromSlash(f.Name)), f, 0o600)
	}
	d := json.NewDecoder(&list)
	for {
		var b Sum
		err := d.Decode(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || !blobName.MatchString(b.Name) {
			return errors.Join(g.Wait(), lethe.Errorf(lethe.BadData, "%s of %s is damaged", file(m.ID, blobsName), r))
		}
		put(pooled(b.Name), filepath.Join(dir, filepath.FromSlash(m.BlobsAt), filepath.FromSlash(b.Name)), b, 0o400)
	}
	return g.Wait()
}

func outside(m Manifest, name string) error {
	return lethe.Errorf(lethe.BadData, "backup %s names a file %q, which is outside of a lake's folder", m.ID, name)
}

// fetch reads a file whose checksum is known.
func (r *Repository) fetch(ctx context.Context, name string, want Sum, to io.Writer) error {
	f, err := r.Open(ctx, name)
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Errorf(lethe.BadData, "%s of %s is missing", name, r)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	in := newSummed(ctx, f)
	if _, err := io.Copy(to, in); err != nil {
		return err
	}
	if bad := differs(Sum{SHA256: in.text(), Size: in.n}, want); bad != "" {
		return lethe.Errorf(lethe.BadData, "%s of %s is damaged: %s", name, r, bad)
	}
	return nil
}

// place makes a file of a lake, unless an earlier call has.
func (r *Repository) place(ctx context.Context, name, to string, want Sum, mode fs.FileMode) (copied bool, err error) {
	if f, err := os.Open(to); err == nil {
		defer f.Close()
		in := newSummed(ctx, f)
		if _, err := io.Copy(io.Discard, in); err != nil {
			return false, err
		}
		if differs(Sum{SHA256: in.text(), Size: in.n}, want) == "" {
			return false, nil
		}
	}
	f, err := createIn(filepath.Dir(to))
	if err != nil {
		return false, failed("write", to, err)
	}
	defer os.Remove(f.Name()) // once renamed, it is not there any more
	err = r.fetch(ctx, name, want, f)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return false, failed("write", to, err)
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return false, failed("write", to, err)
	}
	return true, nil
}

// syncAll makes a folder durable with all that is below it, and removes what an earlier
// call left half written.
func syncAll(dir string) error {
	err := filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ok, _ := filepath.Match(partial+"*", e.Name()); ok && !e.IsDir() {
			return os.Remove(at)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return failed("sync", dir, err)
	}
	return nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
