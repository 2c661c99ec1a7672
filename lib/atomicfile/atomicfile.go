// Package atomicfile replaces small files such that there is always a whole one:
// after a crash, the old or the new.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Pattern is the pattern, as of [os.CreateTemp], of the files beside path that hold
// what is being written. A process that is killed may leave one.
func Pattern(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"-*")
}

// Write puts content in place as the file at path. When it returns, the file and
// its name are on disk.
func Write(path string, content []byte, mode os.FileMode) error {
	return write(path, content, func(f *os.File) error { return f.Chmod(mode) })
}

// WriteAs does the same with a file that belongs to another user and group. It may lie
// in a folder of theirs: no link that is there is followed.
func WriteAs(path string, content []byte, mode os.FileMode, uid, gid int) error {
	return write(path, content, func(f *os.File) error {
		return errors.Join(f.Chmod(mode), f.Chown(uid, gid))
	})
}

func write(path string, content []byte, prepare func(*os.File) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(Pattern(path))) // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed, it is not there any more
	_, err = f.Write(content)
	if err := errors.Join(err, prepare(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
