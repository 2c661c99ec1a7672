package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"lethe"
)

// Folder is a place in the file system, made when something is put there. Its files are
// readable by their owner alone.
type Folder string

var _ Place = Folder("")

func (d Folder) String() string { return string(d) }

func (d Folder) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

// partial begins the names of files that are being written.
const partial = ".partial-"

// Put implements Place.
func (d Folder) Put(_ context.Context, name string, r io.Reader) error {
	to := d.path(name)
	f, err := createIn(filepath.Dir(to))
	if err != nil {
		return failed("write", to, err)
	}
	defer os.Remove(f.Name()) // once renamed, it is not there any more
	_, err = io.Copy(f, r)
	if err := errors.Join(err, f.Close()); err != nil {
		return failed("write", to, err)
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return failed("write", to, err)
	}
	return nil
}

// createIn makes a file for writing in a folder that may be missing.
func createIn(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, partial+"*")
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, partial+"*")
}

// Sync implements Place: by one call for all files, as an fsync of each of a million
// would take hours.
func (d Folder) Sync(context.Context) error {
	f, err := os.Open(string(d))
	if err != nil {
		return failed("sync", string(d), err)
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return failed("sync", string(d), err)
	}
	// The folder's own name, where it was made.
	up, err := os.Open(filepath.Dir(filepath.Clean(string(d))))
	if err != nil {
		return failed("sync", string(d), err)
	}
	return errors.Join(up.Sync(), up.Close())
}

// Open implements Place.
func (d Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, failed("read", d.path(name), err)
	}
	return f, nil
}

// List implements Place.
func (d Folder) List(ctx context.Context, prefix string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		// Where the prefix is a folder, only that is gone through.
		root := d.path(path.Dir(prefix + "x"))
		err := filepath.WalkDir(root, func(at string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			rel, err := filepath.Rel(string(d), at)
			name := filepath.ToSlash(rel)
			if err != nil || e.IsDir() || !strings.HasPrefix(name, prefix) || name == lockName || strings.HasPrefix(e.Name(), partial) {
				return err
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && !yield(File{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			yield(File{}, failed("list", root, err))
		}
	}
}

// Remove implements Place. Folders that it leaves empty go too.
func (d Folder) Remove(_ context.Context, name string) error {
	at := d.path(name)
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove", at, err)
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if os.Remove(d.path(dir)) != nil {
			break // something is in it
		}
	}
	return nil
}

const lockName = "lock"

// Lock implements Place. What writers that were killed left half written goes.
func (d Folder) Lock(context.Context) (unlock func() error, err error) {
	f, err := os.OpenFile(d.path(lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, failed("lock", string(d), err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, lethe.Errorf(lethe.Conflict, "somebody is making a backup at %s, or deleting old ones", d).WithHint("try again when that has ended")
		}
		return nil, failed("lock", string(d), err)
	}
	return f.Close, nil
}

// Locks implements Place.
func (d Folder) Locks() bool { return true }

func failed(what, at string, err error) error {
	kind := lethe.KindOf(err)
	var known *lethe.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist):
		kind = lethe.NotFound
	case errors.Is(err, fs.ErrPermission):
		kind = lethe.Denied
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		kind = lethe.Exhausted
	}
	return lethe.Errorf(kind, "cannot %s %s: %w", what, at, err)
}
