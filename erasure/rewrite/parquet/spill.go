package parquet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"lethe/object"
)

// spill keeps the new bytes of a plan: few in memory, more in a temporary file.
type spill struct {
	dir string

	mu   sync.Mutex
	buf  []byte
	file *os.File
	size int64
}

// maxBuffered is how many bytes stay in memory.
const maxBuffered = 1 << 20

// add keeps bytes and says where they are.
func (s *spill) add(b []byte) (off int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil && s.size+int64(len(b)) > maxBuffered {
		if s.file, err = os.CreateTemp(s.dir, "parquet-*"); err != nil {
			return 0, err
		}
		if _, err := s.file.Write(s.buf); err != nil {
			return 0, fmt.Errorf("keep new pages: %w", err)
		}
		s.buf = nil
	}
	off = s.size
	s.size += int64(len(b))
	if s.file == nil {
		s.buf = append(s.buf, b...)
		return off, nil
	}
	if _, err := s.file.Write(b); err != nil {
		return 0, fmt.Errorf("keep new pages: %w", err)
	}
	return off, nil
}

// ReadAt reads what was added.
func (s *spill) ReadAt(b []byte, off int64) (int, error) {
	s.mu.Lock()
	file, buf := s.file, s.buf
	s.mu.Unlock()
	if file != nil {
		return file.ReadAt(b, off)
	}
	if off > int64(len(buf)) {
		return 0, io.EOF
	}
	n := copy(b, buf[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// section is a part of what was added.
func (s *spill) section(off, n int64) object.Content { return io.NewSectionReader(s, off, n) }

// close drops what was added.
func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = nil
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := s.file.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
