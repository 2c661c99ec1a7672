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
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(Pattern(path))) // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed, it is not there any more
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
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
