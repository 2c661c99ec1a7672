package disk

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lethe"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/cockroachdb/pebble/v2"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3response"
	"golang.org/x/time/rate"
)

// A scrub reads everything that the index promises and holds it against the
// checksums it was written with, and then looks for files that the index does
// not know. It changes nothing but, if asked, removes such files.

// ScrubOptions say how to scrub.
type ScrubOptions struct {
	// Rate is how many bytes are read in a second at most; 0 is no bound.
	Rate int64
	// Restart begins anew, and does not go on where an earlier scrub ended.
	Restart bool
	// RemoveStrays removes files in the store's folder of blobs that belong to
	// nothing. They may be what is left of deleted objects.
	RemoveStrays bool
}

// A Fault is something that a scrub found wrong.
type Fault struct {
	Kind FaultKind
	// The version, or the part of an unfinished upload. Of a stray file nothing
	// of this is known.
	Bucket, Key, Version string
	Upload               string `json:",omitempty"`
	Part                 int32  `json:",omitempty"`

	Path   string // of the file, where it is one
	Detail string // what is wrong, for people
}

// FaultKind is a kind of Fault.
type FaultKind string

// Kinds of faults.
const (
	Damaged FaultKind = "damaged" // the bytes are not those that were written
	Missing FaultKind = "missing" // the file is not there, or cannot be read
	Stray   FaultKind = "stray"   // the file belongs to nothing
)

// ScrubSummary is what a scrub has done so far, over all calls that it took.
type ScrubSummary struct {
	Began    time.Time
	Versions int64 // read and compared
	Parts    int64 // of unfinished uploads
	Bytes    int64
	Damaged  int64
	Missing  int64
	Strays   int64
	Done     bool // everything was looked at
}

// progress is how far a scrub is: everything up to an entry of the index, or a
// folder of blobs, is done.
type scrubProgress struct {
	After []byte
	Sum   ScrubSummary
}

// saveEvery is how often a scrub notes how far it is.
const saveEvery = 10 * time.Second

// scrubChunk is how much a scrub reads at once.
const scrubChunk = 256 << 10

// Scrub goes over the whole store and calls report for everything that is
// wrong, with no lock held. When ctx ends it returns what it has done and the
// error; the next call, also of a later start, goes on from there. Deletions do
// not wait for it. It answers Conflict if a scrub is under way.
func (s *Store) Scrub(ctx context.Context, o ScrubOptions, report func(Fault)) (ScrubSummary, error) {
	if !s.scrubbing.TryLock() {
		return ScrubSummary{}, lethe.Errorf(lethe.Conflict, "the object store is being scrubbed already")
	}
	defer s.scrubbing.Unlock()
	c := &scrub{s: s, ctx: ctx, o: o, report: report, limit: rate.NewLimiter(rate.Inf, scrubChunk), saved: time.Now()}
	if o.Rate > 0 {
		c.limit = rate.NewLimiter(rate.Limit(o.Rate), scrubChunk)
	}
	if !o.Restart {
		if _, err := s.index.get(tableKey(tabScrub), &c.at); err != nil {
			return c.at.Sum, err
		}
	}
	if c.at.Sum.Began.IsZero() || c.at.Sum.Done {
		c.at = scrubProgress{Sum: ScrubSummary{Began: time.Now().UTC()}}
	}
	err := c.run()
	if err == nil {
		c.at.After, c.at.Sum.Done = nil, true
	}
	if serr := c.save(); err == nil {
		err = serr
	}
	return c.at.Sum, err
}

type scrub struct {
	s      *Store
	ctx    context.Context
	o      ScrubOptions
	report func(Fault)
	limit  *rate.Limiter
	at     scrubProgress
	saved  time.Time
}

func (c *scrub) run() error {
	for _, step := range []struct {
		table byte
		one   func(k, v []byte) error
	}{{tabVersion, c.version}, {tabPart, c.part}} {
		for {
			k, v, err := c.next(step.table)
			if err != nil {
				return err
			}
			if k == nil {
				break
			}
			if err := step.one(k, v); err != nil {
				return err
			}
			if err := c.reach(k); err != nil {
				return err
			}
		}
	}
	return c.files()
}

// next is the entry of a table after the last one done; k is nil at its end.
// Each is looked up anew, because reading one may take hours, and an iterator
// keeps old files of the index.
func (c *scrub) next(table byte) (k, v []byte, err error) {
	if len(c.at.After) > 0 && order(c.at.After[0]) > order(table) {
		return nil, nil, nil
	}
	it, err := c.s.index.seek(tableKey(table))
	if err != nil {
		return nil, nil, err
	}
	defer it.Close()
	ok := false
	if len(c.at.After) > 0 && c.at.After[0] == table {
		ok = it.SeekGE(append(bytes.Clone(c.at.After), 0))
	} else {
		ok = it.First()
	}
	if !ok {
		return nil, nil, it.Error()
	}
	v, err = it.ValueAndErr()
	return bytes.Clone(it.Key()), bytes.Clone(v), err
}

// order is that of a scrub's steps.
func order(table byte) int {
	return strings.IndexByte(string([]byte{tabVersion, tabPart, tabEpoch}), table)
}

// reach notes that everything up to k is done.
func (c *scrub) reach(k []byte) error {
	c.at.After = k
	if c.s.scrubbed != nil {
		c.s.scrubbed(c.at.Sum)
	}
	if time.Since(c.saved) > saveEvery {
		if err := c.save(); err != nil {
			return err
		}
	}
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return nil
}

// save notes how far the scrub is, by an object that is there: the name of one
// that is deleted shall not stay here.
func (c *scrub) save() error {
	c.saved = time.Now()
	at := c.at
	if len(at.After) > 0 && at.After[0] == tabVersion {
		it, err := c.s.index.seek(tableKey(tabVersion))
		if err != nil {
			return err
		}
		if it.SeekLT(append(bytes.Clone(at.After), 0)) {
			at.After = bytes.Clone(it.Key())
		} else {
			at.After = nil
		}
		if err := it.Close(); err != nil {
			return err
		}
	}
	b := c.s.index.db.NewBatch()
	_ = b.Set(tableKey(tabScrub), encode(at), nil)
	return c.s.index.commit(b, pebble.NoSync)
}

// renameScrub notes anew how far an interrupted scrub is, after deletions.
func (s *Store) renameScrub() error {
	if !s.scrubbing.TryLock() { // it will note it again
		b := s.index.db.NewBatch()
		_ = b.Delete(tableKey(tabScrub), nil)
		return s.index.commit(b, pebble.NoSync)
	}
	defer s.scrubbing.Unlock()
	c := &scrub{s: s}
	if ok, err := s.index.get(tableKey(tabScrub), &c.at); err != nil || !ok {
		return err
	}
	return c.save()
}

func (c *scrub) fault(f Fault) {
	switch f.Kind {
	case Damaged:
		c.at.Sum.Damaged++
	case Missing:
		c.at.Sum.Missing++
	case Stray:
		c.at.Sum.Strays++
	}
	c.report(f)
}

func (c *scrub) version(k, b []byte) error {
	v := &version{}
	v.key, v.id = splitVersionKey(k)
	bucket := string(k[1:bytes.IndexByte(k, 0)])
	f := Fault{Bucket: bucket, Key: v.key}
	if err := decode(k, b, v); err != nil {
		f.Kind, f.Version, f.Detail = Damaged, v.id.String(), err.Error()
		c.fault(f)
		return nil
	}
	f.Version = v.versionID()
	if v.Marker {
		return nil
	}
	c.at.Sum.Versions++
	return c.compare(f, v.Extents, v.Size, promise{v.Checksum, v.ETag, v.Parts}, func() bool { return c.s.replaced(bucket, v.key, v) })
}

func (c *scrub) part(k, b []byte) error {
	upload, n, _ := strings.Cut(string(k[1:]), "\x00")
	p := &part{n: int32(n[0])<<8 | int32(n[1])}
	f := Fault{Upload: upload, Part: p.n}
	if err := decode(k, b, p); err != nil {
		f.Kind, f.Detail = Damaged, err.Error()
		c.fault(f)
		return nil
	}
	c.at.Sum.Parts++
	sum := p.Checksum
	if sum.Algorithm == "" && p.CRC64 != "" {
		sum = checksumOf(types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject, p.CRC64)
	}
	return c.compare(f, p.Extents, p.Size, promise{sum, p.ETag, nil}, func() bool {
		var now part
		ok, err := c.s.index.get(k, &now)
		return err == nil && (!ok || !sameExtents(now.Extents, p.Extents))
	})
}

// promise is what the index says of bytes.
type promise struct {
	sum   s3response.Checksum
	etag  string
	parts []int64 // where parts end, if there are several
}

// compare reads bytes and holds them against what was promised of them. A fault
// is none if the bytes were replaced meanwhile.
func (c *scrub) compare(f Fault, exts []extent, size int64, want promise, replaced func() bool) error {
	got, err := c.sums(exts, size, want)
	switch {
	case c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case errors.Is(err, errClosed):
		return err
	case err != nil:
		f.Kind, f.Detail = Missing, err.Error()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			f.Kind, f.Detail = Damaged, "the file ends too early"
		}
	case got != want.text():
		f.Kind, f.Detail = Damaged, fmt.Sprintf("the checksum is %s, not %s", got, want.text())
	default:
		return nil
	}
	if replaced() {
		return nil
	}
	for _, e := range exts {
		if f.Path = c.s.blobPath(e.Blob); len(exts) == 1 || f.Kind == Missing && !exists(f.Path) {
			break
		}
		f.Path = ""
	}
	c.fault(f)
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// text is the promise in the form of sums.
func (p promise) text() string {
	if s := value(p.sum); s != "" {
		return string(p.sum.Algorithm) + " " + s
	}
	return "MD5 " + strings.Trim(p.etag, `"`)
}

// sums computes what want promises.
func (c *scrub) sums(exts []extent, size int64, want promise) (string, error) {
	var sum summing
	var err error
	switch {
	case value(want.sum) == "":
		sum = newETag(want)
	case want.sum.Type == types.ChecksumTypeComposite:
		sum, err = newComposite(want)
	default:
		sum, err = newWhole(want)
	}
	if err != nil {
		return "", err
	}
	r, err := c.s.open(exts, 0, size)
	if err != nil {
		return "", err
	}
	defer r.Close()
	body := &slowReader{c, r, cut(exts, 0, size)}
	ends := []int64{size}
	if want.parts != nil {
		ends = want.parts
	}
	var at int64
	for _, end := range ends {
		n, err := sum.part(io.LimitReader(body, end-at))
		if err != nil {
			return "", err
		}
		if n < end-at {
			return "", io.ErrUnexpectedEOF
		}
		at = end
	}
	return sum.text(), nil
}

// slowReader reads no faster than the scrub may, and gives up what is deleted.
type slowReader struct {
	c    *scrub
	r    io.Reader
	exts []extent
}

func (r *slowReader) Read(p []byte) (int, error) {
	if len(p) > scrubChunk {
		p = p[:scrubChunk]
	}
	if r.c.s.leases.anyDead(r.exts) {
		return 0, errErased
	}
	n, err := r.r.Read(p)
	r.c.at.Sum.Bytes += int64(n)
	if werr := r.c.limit.WaitN(r.c.ctx, n); err == nil {
		err = werr
	}
	return n, err
}

// summing computes a checksum of what is given part by part.
type summing interface {
	part(r io.Reader) (int64, error)
	text() string
}

// whole is a checksum of all bytes.
type whole struct {
	algo types.ChecksumAlgorithm
	hash *utils.HashReader
}

func newWhole(p promise) (*whole, error) {
	h, err := utils.NewHashReader(nil, "", hashType(p.sum.Algorithm))
	return &whole{p.sum.Algorithm, h}, err
}

func (w *whole) part(r io.Reader) (int64, error) { w.hash.SetReader(r); return readAll(w.hash) }
func (w *whole) text() string                    { return string(w.algo) + " " + w.hash.Sum() }

// composite is a checksum of the parts' checksums.
type composite struct {
	algo  types.ChecksumAlgorithm
	parts *utils.CompositeChecksumReader
	n     int
}

func newComposite(p promise) (*composite, error) {
	h, err := utils.NewCompositeChecksumReader(hashType(p.sum.Algorithm))
	return &composite{p.sum.Algorithm, h, 0}, err
}

func (c *composite) part(r io.Reader) (int64, error) {
	h, err := utils.NewHashReader(r, "", hashType(c.algo))
	if err != nil {
		return 0, err
	}
	n, err := readAll(h)
	if err == nil {
		c.n++
		err = c.parts.Process(h.Sum())
	}
	return n, err
}

func (c *composite) text() string { return fmt.Sprintf("%s %s-%d", c.algo, c.parts.Sum(), c.n) }

// etag is an MD5, or the MD5 of the parts' MD5s.
type etag struct {
	multi bool
	all   []byte
	n     int
}

func newETag(p promise) *etag { return &etag{multi: strings.Contains(p.etag, "-")} }

func (e *etag) part(r io.Reader) (int64, error) {
	h := md5.New()
	n, err := io.Copy(h, r)
	e.all, e.n = h.Sum(e.all), e.n+1
	return n, err
}

func (e *etag) text() string {
	if !e.multi {
		return "MD5 " + hex.EncodeToString(e.all)
	}
	sum := md5.Sum(e.all)
	return fmt.Sprintf("MD5 %s-%d", hex.EncodeToString(sum[:]), e.n)
}

// readAll reads r to its end without a detour for io.WriterTo.
func readAll(r io.Reader) (n int64, err error) {
	buf := buffers.Get().(*[bufSize]byte)
	defer buffers.Put(buf)
	for {
		m, err := r.Read(buf[:])
		n += int64(m)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// files looks for files that belong to nothing.
func (c *scrub) files() error {
	root := filepath.Join(c.s.dir, "blobs")
	epochs, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range epochs {
		if !e.IsDir() {
			c.stray(filepath.Join(root, e.Name()), "")
			continue
		}
		shards, err := readDir(filepath.Join(root, e.Name()))
		if err != nil {
			return err
		}
		for _, d := range shards {
			k := tableKey(tabEpoch, e.Name(), "/", d.Name())
			if len(c.at.After) > 0 && c.at.After[0] == tabEpoch && bytes.Compare(k, c.at.After) <= 0 {
				continue
			}
			if err := c.shard(e.Name(), filepath.Join(root, e.Name(), d.Name()), d); err != nil {
				return err
			}
			if err := c.reach(k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *scrub) shard(epoch, path string, d fs.DirEntry) error {
	if !d.IsDir() {
		c.stray(path, "")
		return nil
	}
	files, err := readDir(path)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.IsDir() || !strings.HasPrefix(f.Name(), d.Name()) {
			c.stray(filepath.Join(path, f.Name()), "")
			continue
		}
		blob := epoch + "." + f.Name()
		known, err := c.s.knows(blob)
		if err != nil {
			return err
		}
		if !known {
			c.stray(filepath.Join(path, f.Name()), blob)
		}
	}
	return nil
}

func readDir(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // its last blob was removed
	}
	return entries, err
}

// knows says whether a blob belongs to something: a write that is under way, a
// record, or the blobs that are to be unlinked. It is asked in this order,
// because that is the one of a blob's life.
func (s *Store) knows(blob string) (bool, error) {
	if s.fresh.has(blob) {
		return true, nil
	}
	if n, err := s.refs(blob); err != nil || n > 0 {
		return true, err
	}
	return s.index.has(tableKey(tabDead, blob))
}

// stray reports a file; one that has the name of a blob may be removed.
func (c *scrub) stray(path, blob string) {
	info, err := os.Lstat(path)
	if err != nil {
		return // it is gone
	}
	f := Fault{Kind: Stray, Path: path, Detail: fmt.Sprintf("%d bytes that belong to nothing", info.Size())}
	if blob != "" && c.o.RemoveStrays {
		f.Detail += ", removed"
		if err := c.s.files.remove(path); err != nil {
			f.Detail = err.Error()
		}
	}
	c.fault(f)
}
