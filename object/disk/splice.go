package disk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
)

// Splice makes a new blob of the runs of the old one that stay and of the edits.
// On file systems that can (XFS, btrfs) the runs are not copied but shared, block
// by block; elsewhere the kernel copies them. The new blob is a file of its own
// all the same: what an edit took out is gone with the old file, as no block that
// held a byte of it is shared.
//
// The object's ETag says that it is no MD5 (it ends in -1, as that of an object
// uploaded in one part), because an MD5 would have to read everything. Its
// checksum is CRC32, which follows from the blob's marks.
func (s *Store) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	v, err := s.live(bucket, key)
	if err != nil {
		return object.Object{}, s.conflict(err, bucket, key)
	}
	if etag == "" || !sameETag(v.ETag, etag) {
		return object.Object{}, conflictErr(bucket, key)
	}
	edits, size, err := object.Edits(v.Size, edits)
	if err != nil {
		return object.Object{}, lethe.Errorf(lethe.Invalid, "s3://%s/%s: %w", bucket, key, err)
	}
	if len(edits) == 0 {
		return describe(bucket, key, v), nil
	}
	// Whoever deletes the object for good waits until this copy is dropped.
	if s.leases.take(joining, v.Extents) != nil {
		return object.Object{}, conflictErr(bucket, key)
	}
	defer func() { s.bury(s.leases.give(joining, v.Extents)) }()
	sp := &splicing{s: s, ctx: ctx, id: sha256.New(), sums: newMarker()}
	sp.id.Write([]byte(v.ETag))
	blob, _, err := s.newBlob(func(f *blobFile) (int64, error) {
		defer sp.close()
		sp.to = f
		if err := sp.write(v, object.Pieces(v.Size, edits)); err != nil {
			return 0, err
		}
		sp.sums.end().save(f.File)
		return size, nil
	})
	if errors.Is(err, fs.ErrNotExist) && s.replaced(bucket, key, v) {
		return object.Object{}, conflictErr(bucket, key)
	}
	if err != nil {
		return object.Object{}, s.plain(err, bucket, key)
	}
	next := &version{
		Size: size, Extents: []extent{{Blob: blob, Len: size}}, Parts: []int64{size},
		ETag:     `"` + hex.EncodeToString(sp.id.Sum(nil)[:16]) + `-1"`,
		Checksum: checksumOf(types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject, base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sp.sums.sum))),
	}
	want := strings.Trim(v.ETag, `"`)
	if _, err := s.publish(ctx, bucket, key, next, "ObjectCreated:Put", &want, nil, func(c *change) error {
		now, err := s.newest(bucket, key) // its tags and lock may have changed meanwhile
		if err != nil {
			return err
		}
		if now == nil || now.Marker {
			return s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		next.Header, next.Tags, next.Lock = now.Header, now.Tags, now.Lock
		c.own(next.Extents)
		return nil
	}); err != nil {
		s.discardUnless(err, next.Extents)
		return object.Object{}, s.conflict(err, bucket, key)
	}
	return describe(bucket, key, next), nil
}

// splicing writes the blob of a spliced object.
type splicing struct {
	s    *Store
	ctx  context.Context
	to   *blobFile
	at   int64 // how much is written
	sums *marker
	// id takes what makes the object differ from the old one: the ETag of this,
	// and what stays and what comes, in order.
	id hash.Hash

	blob  string // that is read
	from  *os.File
	marks marks
	copy  bool // the file system cannot share blocks
}

func (sp *splicing) write(v *version, pieces []object.Piece) error {
	for _, p := range pieces {
		var err error
		sp.say(p)
		if p.Data != nil {
			err = sp.insert(p.Data, p.Len)
		} else {
			err = sp.keep(v.Extents, p.Off, p.Len)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// say adds to the ETag where a piece comes from.
func (sp *splicing) say(p object.Piece) {
	from := int64(-1)
	if p.Data == nil {
		from = p.Off
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(from))
	sp.id.Write(binary.BigEndian.AppendUint64(b, uint64(p.Len)))
}

// insert writes an edit's bytes.
func (sp *splicing) insert(data object.Content, n int64) error {
	if _, err := sp.to.Seek(sp.at, io.SeekStart); err != nil {
		return err
	}
	from := withContext(sp.ctx, io.NewSectionReader(data, 0, n))
	m, err := pump(io.MultiWriter(sp.to, sp.sums, sp.id), from)
	if err == nil && m < n {
		err = lethe.Errorf(lethe.Invalid, "the bytes of an edit end after %d of %d", m, n)
	}
	sp.at += m
	return err
}

// keep writes bytes of the old object.
func (sp *splicing) keep(exts []extent, off, n int64) error {
	for _, e := range cut(exts, off, n) {
		if err := sp.open(e.Blob); err != nil {
			return err
		}
		if err := sp.sums.keep(sp.marks, sp.from, e.Off, e.Len); err != nil {
			return err
		}
		head, shared := sp.aligned(e)
		if shared > 0 {
			if err := sp.copyRange(e.Off, head); err != nil {
				return err
			}
			if share(sp.to.File, sp.from, sp.at, e.Off+head, shared) == nil {
				sp.at += shared
				e.Off, e.Len = e.Off+head+shared, e.Len-head-shared
			} else {
				sp.copy = true // what was shared, if anything, is written again
				e.Off, e.Len = e.Off+head, e.Len-head
			}
		}
		if err := sp.copyRange(e.Off, e.Len); err != nil {
			return err
		}
	}
	return nil
}

// aligned returns after how many bytes of e whole blocks begin, in the old file
// and in the new one, and how many bytes these are.
func (sp *splicing) aligned(e extent) (head, n int64) {
	block := blockSize(sp.from)
	if sp.copy || block <= 0 || (e.Off-sp.at)%block != 0 {
		return 0, 0
	}
	head = (block - e.Off%block) % block
	if head >= e.Len {
		return 0, 0
	}
	return head, (e.Len - head) / block * block
}

// copyRange copies bytes of the old file to the end of the new one.
func (sp *splicing) copyRange(off, n int64) error {
	if n == 0 {
		return nil
	}
	if _, err := sp.to.Seek(sp.at, io.SeekStart); err != nil {
		return err
	}
	sp.at += n
	return sp.s.append(sp.ctx, sp.to, extent{Blob: sp.blob, Off: off, Len: n})
}

// open makes a blob the one that is read.
func (sp *splicing) open(blob string) error {
	if sp.blob == blob {
		return nil
	}
	sp.close()
	f, err := os.Open(sp.s.blobPath(blob))
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	sp.blob, sp.from, sp.marks = blob, f, loadMarks(f, st.Size())
	return nil
}

func (sp *splicing) close() {
	if sp.from != nil {
		sp.from.Close()
		sp.from, sp.blob = nil, ""
	}
}
