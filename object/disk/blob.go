package disk

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/versity/versitygw/s3err"
)

// A blob is an immutable file with a random name below the epoch (the start of
// the store) that made it. Its life:
//
//	create, write, fsync               nobody else knows the name
//	index batch with sync              now it is part of an object
//	index batch that drops the last reference, with a "d" record
//	unlink, then the "d" record goes
//
// A blob has its final name from the beginning: what makes it one is the index.
// A write that fails removes its file; of a crash, the next start removes what
// has no "r" record.

// spaceEvery is how often a long write looks whether space is left.
const spaceEvery = 8 << 20

func (s *Store) epochDir(epoch string) string { return filepath.Join(s.dir, "blobs", epoch) }

func (s *Store) blobPath(blob string) string {
	epoch, name, _ := strings.Cut(blob, ".")
	return filepath.Join(s.epochDir(epoch), name[:2], name)
}

// newBlob makes a durable blob of what fill writes. The blob belongs to nothing
// until a change owns it; a caller for whom that does not come discards it.
func (s *Store) newBlob(fill func(f *blobFile) (int64, error)) (blob string, size int64, err error) {
	var r [16]byte
	rand.Read(r[:])
	blob = s.epoch + "." + hex.EncodeToString(r[:])
	path := s.blobPath(blob)
	if err := s.index.enter(); err != nil {
		return "", 0, err
	}
	s.fresh.add(blob)
	s.index.leave()
	f, err := s.create(path)
	if err != nil {
		s.fresh.remove(extent{Blob: blob})
		return "", 0, noSpace(fmt.Errorf("new blob: %w", err))
	}
	size, err = fill(&blobFile{File: f, s: s})
	if err == nil {
		err = s.files.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		s.discard(extent{Blob: blob})
		return "", 0, noSpace(err)
	}
	return blob, size, nil
}

func (s *Store) create(path string) (*os.File, error) {
	if err := s.checkSpace(); err != nil {
		return nil, err
	}
	// Read-only from the start: the descriptor may write all the same, and
	// nobody who has a link can open it to write.
	create := func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400) }
	f, err := create()
	if errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(path)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return nil, err
		}
		f, err = create()
	}
	return f, err
}

// fresh are the blobs of this start that are not in the index (yet).
type fresh struct {
	mu    sync.Mutex
	blobs map[string]bool
}

func (f *fresh) add(blob string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blobs == nil {
		f.blobs = map[string]bool{}
	}
	f.blobs[blob] = true
}

func (f *fresh) remove(exts ...extent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range exts {
		delete(f.blobs, e.Blob)
	}
}

func (f *fresh) has(blob string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blobs[blob]
}

func (f *fresh) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.blobs)
}

// discard removes blobs that no change owns.
func (s *Store) discard(exts ...extent) {
	for _, e := range exts {
		if err := s.files.remove(s.blobPath(e.Blob)); err == nil || errors.Is(err, fs.ErrNotExist) {
			s.fresh.remove(e)
		} // else the next start removes it
	}
}

// discardUnless discards blobs after a change that failed, unless the change
// may have been made after all.
func (s *Store) discardUnless(err error, exts []extent) {
	if !uncertain(err) {
		s.discard(exts...)
	}
}

// blobFile is a blob that is being written; it stops before the disk is full.
type blobFile struct {
	*os.File
	s       *Store
	written int64
}

func (f *blobFile) Write(p []byte) (int, error) {
	if err := f.wrote(int64(len(p))); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// wrote counts bytes that are about to be written.
func (f *blobFile) wrote(n int64) error {
	before := f.written / spaceEvery
	f.written += n
	if f.written/spaceEvery == before {
		return nil
	}
	return f.s.checkSpace()
}

// checkSpace fails when less than the reserve is left.
func (s *Store) checkSpace() error {
	free, err := freeSpace(s.dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", s.dir, err)
	}
	if free < s.reserve {
		return syscall.ENOSPC
	}
	return nil
}

func noSpace(err error) error {
	switch {
	case errors.Is(err, syscall.EDQUOT):
		return s3err.GetAPIError(s3err.ErrQuotaExceeded)
	case errors.Is(err, syscall.ENOSPC):
		return s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
	}
	return err
}

// fileOps is how blobs are made durable and removed; tests that emulate a loss
// of power watch it.
type fileOps struct {
	sync   func(*os.File) error
	remove func(path string) error
}

// durably makes files durable, and names where an fsync of the file does not
// make its name so.
func durably(names bool) fileOps {
	return fileOps{
		sync: func(f *os.File) error {
			if err := f.Sync(); err != nil || !names {
				return err
			}
			return syncDir(filepath.Dir(f.Name()))
		},
		remove: os.Remove,
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// store writes a body as one blob and returns its extent and ETag. The body is
// read (signature and checksum hashing) in one goroutine, MD5 and the write run
// in another, so a large body costs the larger of the two, not the sum.
func (s *Store) store(body io.Reader) (exts []extent, size int64, etag string, err error) {
	sum, sums := md5.New(), newMarker()
	blob, size, err := s.newBlob(func(f *blobFile) (int64, error) {
		n, err := pump(io.MultiWriter(sum, sums, f), body)
		sums.end().save(f.File)
		return n, err
	})
	if err != nil {
		return nil, 0, "", err
	}
	return []extent{{Blob: blob, Len: size}}, size, `"` + hex.EncodeToString(sum.Sum(nil)) + `"`, nil
}

const bufSize = 256 << 10

// buffers are shared, because one for each small write costs four times the write.
var buffers = sync.Pool{New: func() any { return new([bufSize]byte) }}

// pump copies r to w, reading ahead in a second goroutine if there is much.
func pump(w io.Writer, r io.Reader) (n int64, err error) {
	first := buffers.Get().(*[bufSize]byte)
	m, err := io.ReadFull(r, first[:])
	if err != nil { // it all fits: no second goroutine
		defer buffers.Put(first)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			_, err = w.Write(first[:m])
		}
		return int64(m), err
	}
	type chunk struct {
		buf *[bufSize]byte
		n   int
	}
	full := make(chan chunk, 3)
	stop := make(chan struct{})
	var rerr error
	go func() {
		defer close(full)
		full <- chunk{first, m}
		for rerr == nil {
			b := buffers.Get().(*[bufSize]byte)
			m, err := io.ReadFull(r, b[:])
			full <- chunk{b, m}
			rerr = err
			select {
			case <-stop: // nobody wants more
				return
			default:
			}
		}
	}()
	for c := range full { // always drained, so the reader is done when we return
		if err == nil {
			if _, err = w.Write(c.buf[:c.n]); err != nil {
				close(stop)
			}
			n += int64(c.n)
		}
		buffers.Put(c.buf)
	}
	if err == nil && rerr != io.EOF && rerr != io.ErrUnexpectedEOF {
		err = rerr
	}
	return n, err
}
