package duckdb

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// linkFile makes the bytes of a local file appear at path, by a hard link where
// the file system can.
func linkFile(from, path string) error {
	err := os.Link(from, path)
	if !errors.Is(err, syscall.EXDEV) && !errors.Is(err, syscall.EPERM) {
		return err
	}
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// links returns how many names a file has.
func links(i os.FileInfo) int {
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		return int(st.Nlink)
	}
	return 1
}

// closing releases what belongs to an outcome that will not be returned.
func closing(release func() error, err error) error { return errors.Join(err, release()) }
