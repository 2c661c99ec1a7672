package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"lethe"
)

// Link makes the object's blob appear as the file path, as a hard link. The
// parts of a multipart object are first joined into one blob, once. See Hold for
// what becomes of the link when the object is deleted.
func (s *Store) Link(ctx context.Context, bucket, key, etag, path string) error {
	for {
		v, err := s.live(bucket, key)
		if err != nil {
			return s.plain(err, bucket, key)
		}
		if !sameETag(v.ETag, etag) {
			return conflictErr(bucket, key)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		switch len(v.Extents) {
		case 0: // a multipart object without a byte
			err = createEmpty(path)
		case 1:
			blob := v.Extents[0].Blob
			err = s.leases.link(blob, path, func() error { return os.Link(s.blobPath(blob), path) })
		default:
			if err := s.join(ctx, bucket, key, v.versionID()); err != nil && !errors.Is(err, errGone) {
				return s.plain(err, bucket, key)
			}
			continue
		}
		if errors.Is(err, fs.ErrNotExist) && s.replaced(bucket, key, v) {
			continue // between the index and the file: look again
		}
		return linkErr(err, bucket, key, path)
	}
}

func createEmpty(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return err
	}
	return f.Close()
}

func linkErr(err error, bucket, key, path string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return lethe.Errorf(lethe.Exists, "cannot link s3://%s/%s: %s exists: %w", bucket, key, path, err)
	case errors.Is(err, syscall.EXDEV):
		return lethe.Errorf(lethe.Invalid, "cannot link s3://%s/%s to %s, which is on another file system: %w", bucket, key, filepath.Dir(path), err).
			WithHint("keep query folders below the data folder")
	case errors.Is(err, syscall.EMLINK), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return lethe.Errorf(lethe.Exhausted, "cannot link s3://%s/%s: %w", bucket, key, err)
	case errors.Is(err, fs.ErrNotExist) && missing(filepath.Dir(path)):
		return lethe.Errorf(lethe.Invalid, "cannot link s3://%s/%s: there is no folder %s", bucket, key, filepath.Dir(path))
	case errors.Is(err, fs.ErrNotExist):
		return lethe.Errorf(lethe.Internal, "the bytes of s3://%s/%s are missing from the store: %w", bucket, key, err)
	}
	return lethe.Errorf(lethe.Internal, "cannot link s3://%s/%s: %w", bucket, key, err)
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// join gives a version of several blobs a single one with the same bytes.
// Readers see the same object before and after. It answers errGone if the
// version changed meanwhile.
func (s *Store) join(ctx context.Context, bucket, key, id string) error {
	// One at a time for a key: the second finds it done.
	m := &s.joins[s.hash(bucket, key)%uint64(len(s.joins))]
	m.Lock()
	defer m.Unlock()
	v, err := s.find(bucket, key, id)
	if err != nil {
		return err
	}
	if v == nil || v.Marker {
		return errGone
	}
	if len(v.Extents) < 2 {
		return nil
	}
	// Whoever deletes the object for good waits until this copy is dropped.
	if err := s.leases.take(joining, v.Extents); err != nil {
		return errGone
	}
	defer func() { s.bury(s.leases.give(joining, v.Extents)) }()
	blob, n, err := s.newBlob(func(f *blobFile) (n int64, err error) {
		for _, e := range v.Extents {
			if err := s.append(ctx, f, e); err != nil {
				return n, err
			}
			n += e.Len
		}
		return n, nil
	})
	if err != nil {
		if s.replaced(bucket, key, v) { // which may have broken the copy
			return errGone
		}
		return err
	}
	one := []extent{{Blob: blob, Len: n}}
	if err := s.swap(bucket, key, v, one); err != nil {
		s.discardUnless(err, one)
		return err
	}
	return nil
}

// append copies an extent to the end of f, where the kernel can without
// touching the bytes.
func (s *Store) append(ctx context.Context, f *blobFile, e extent) error {
	src, err := os.Open(s.blobPath(e.Blob))
	if err != nil {
		return err
	}
	defer src.Close()
	if _, err := src.Seek(e.Off, io.SeekStart); err != nil {
		return err
	}
	for left := e.Len; left > 0; {
		n := min(left, 8*spaceEvery)
		if err := errors.Join(ctx.Err(), f.wrote(n)); err != nil {
			return err
		}
		if m, err := io.CopyN(f.File, src, n); err != nil {
			if err == io.EOF {
				return lethe.Errorf(lethe.BadData, "blob %s is %d bytes shorter than the index says", e.Blob, left-m)
			}
			return err
		}
		left -= n
	}
	return nil
}

// swap gives a version, unchanged since it was read, other blobs of the same content.
func (s *Store) swap(bucket, key string, v *version, exts []extent) error {
	unlock, err := s.lock(bucket, key)
	if err != nil {
		return err
	}
	defer unlock()
	now, err := s.find(bucket, key, v.versionID())
	if err != nil {
		return err
	}
	if now == nil || now.id != v.id || !sameExtents(now.Extents, v.Extents) {
		return errGone
	}
	c := s.change()
	c.dropOf(bucket, key, now.Extents)
	c.own(exts)
	now.Extents = exts
	c.set(versionKey(bucket, key, now.id), now)
	return c.commit()
}

func sameExtents(a, b []extent) bool { return slices.Equal(a, b) }
