package own

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
	"lethe/lib/delimited"
	"lethe/object"

	"github.com/klauspost/compress/gzip"
)

// files are objects of records that ingests wrote aside or read.
type files struct {
	Config
	name  string
	list  func(context.Context) ([]file, error)
	locks *locks
	// each says that there are few records: composite identifiers of whom only hashes are
	// known are looked for in all of them.
	each bool
}

// file is a key, with what may be done about it.
type file struct {
	lethe.Location
	// staged is a copy that nobody needs any more: it goes whole, also if it cannot
	// be told whether the person is in it.
	staged bool
}

func (c Config) quarantined(ctx context.Context) (all []file, err error) {
	ls, err := c.Ingests.Quarantined(ctx)
	for _, l := range ls {
		all = append(all, file{Location: l})
	}
	return all, err
}

// originals are what ingests read, and uploads that none has read.
func (c Config) originals(ctx context.Context) (all []file, err error) {
	ls, err := c.Ingests.Originals(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range ls {
		all = append(all, file{l, l.Bucket == c.Staging})
	}
	if c.Staging == "" {
		return all, nil
	}
	for v, err := range object.AllVersions(ctx, c.Store, c.Staging, "") {
		if lethe.Is(err, lethe.NotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		l := lethe.Location{Bucket: v.Bucket, Key: v.Key}
		if !slices.ContainsFunc(all, func(f file) bool { return f.Location == l }) {
			all = append(all, file{Location: l}) // perhaps about to be read
		}
	}
	return all, nil
}

// Name implements erasure.Holder.
func (f *files) Name() string { return f.name }

// Locate implements erasure.Holder.
func (f *files) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	return f.all(ctx, p, false)
}

// Erase implements erasure.Holder.
func (f *files) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	if err := f.Ingests.Settle(ctx); err != nil {
		return nil, err
	}
	return f.all(ctx, p, true)
}

// tally counts records by what becomes of them, and files that keep some.
type tally struct {
	found, locked, unread, named int64
	until                        ending // of what is locked
	cut                          string // ETag of what was cut last, which may be a version now
}

func (f *files) all(ctx context.Context, p erasure.Person, erase bool) ([]erasure.Holding, error) {
	list, err := f.list(ctx)
	if err != nil {
		return nil, err
	}
	m, t := f.match(p), tally{}
	m.each = f.each
	for _, one := range list {
		if err = f.one(ctx, m, one, erase, &t); err != nil {
			break
		}
	}
	hs := held("records of CSV and JSON lines", t.found)
	for _, h := range []erasure.Holding{
		{Place: "versions that are locked", Records: t.locked, Reason: lockedReason, Until: t.until.time()},
		{Place: "files of other formats", Records: t.unread, Reason: "only CSV and JSON lines that may be read are looked into; a mapping of a table over them, or deleting them, erases whoever is there"},
		{Place: "keys that name the person", Records: t.named, Reason: "whether others are in these files nobody has said; a mapping of their names, or deleting them, erases the person"},
	} {
		if h.Records > 0 {
			hs = append(hs, h)
		}
	}
	return hs, err
}

// cuts is how often a key is begun with anew that others write meanwhile.
const cuts = 5

// one erases the person from all versions of a key, or only counts.
func (f *files) one(ctx context.Context, m *matcher, at file, erase bool, t *tally) error {
	for range cuts {
		versions, err := f.versions(ctx, at)
		if lethe.Is(err, lethe.Denied) {
			t.unread++
			return nil
		}
		if err != nil {
			return err
		}
		again, left := false, tally{}
		for _, v := range versions {
			if again, err = f.version(ctx, m, at, v, erase, t, &left); err != nil {
				return err
			}
			if again {
				break
			}
		}
		if again {
			continue
		}
		if len(versions) > 0 && m.in(at.Key) && !at.staged {
			t.named++
		}
		t.unread += left.unread
		if left.locked > 0 {
			t.locked += left.locked
			t.until.join(left.until)
		}
		return nil
	}
	return lethe.Errorf(lethe.Conflict, "somebody keeps writing an object that an ingest left or read")
}

// version erases the person from a version, or only counts. It says whether there are
// other versions now.
func (f *files) version(ctx context.Context, m *matcher, at file, v object.Version, erase bool, t, left *tally) (again bool, err error) {
	s, err := f.scan(ctx, m, at, v)
	switch {
	case lethe.Is(err, lethe.NotFound):
		return false, nil
	case lethe.Is(err, lethe.Denied):
		left.unread++
		return false, nil
	case err != nil:
		return false, err
	case s.unread && !s.whole:
		left.unread++
		return false, nil
	case s.records == 0:
		return false, nil
	case !erase:
		kept, err := left.locks(ctx, f.locks, v, s.records)
		if !kept || v.Latest && !s.whole && !f.locks.refuses(v) { // a newer one is to be without the records
			t.found += s.records
		}
		return false, err
	}
	err = f.cut(ctx, m, v, s)
	switch {
	case lethe.Is(err, lethe.Conflict):
		return true, nil
	case lethe.Is(err, lethe.Denied):
		f.locks.tried(v, true)
		_, err := left.locks(ctx, f.locks, v, s.records)
		return false, err
	case err != nil:
		return false, err
	}
	f.locks.tried(v, false)
	if v.Latest || v.ETag != t.cut {
		t.found += s.records
	}
	if s.whole || !v.Latest {
		return false, nil
	}
	t.cut = v.ETag
	return true, nil // what it is now is read too
}

// locks counts records of a version if it is locked, and says whether it is.
func (t *tally) locks(ctx context.Context, l *locks, v object.Version, records int64) (kept bool, err error) {
	kept, until, err := l.keep(ctx, v)
	if kept {
		t.locked += records
		t.until.add(until)
	}
	return kept, err
}

func (f *files) versions(ctx context.Context, at file) (vs []object.Version, err error) {
	for v, err := range object.AllVersions(ctx, f.Store, at.Bucket, at.Key) {
		if lethe.Is(err, lethe.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if v.Key == at.Key && !v.Marker {
			vs = append(vs, v)
		}
	}
	return vs, nil
}

// scanned is what was found in a version.
type scanned struct {
	records int64
	edits   []object.Edit // that take them out
	whole   bool          // it goes whole
	zipped  bool
	csv     bool
	delim   byte
	unread  bool // it cannot be told
}

// scan looks for the person in a version.
func (f *files) scan(ctx context.Context, m *matcher, at file, v object.Version) (s scanned, err error) {
	if at.staged && m.in(at.Key) {
		return scanned{records: 1, whole: true}, nil
	}
	body, _, err := f.Store.OpenVersion(ctx, v.Bucket, v.Key, v.Object.Version, 0, -1)
	if err != nil {
		return s, err
	}
	defer body.Close()
	s.whole = at.staged
	s.csv, s.delim = csvOf(at.Key)
	in, zipped, text, err := open(body)
	s.zipped = zipped
	if err != nil || !text {
		s.unread = true
		if s.whole {
			s.records = 1
		}
		return s, err
	}
	next := reader(in, s.csv, s.delim)
	var rec delimited.Record
	for {
		err := next(&rec)
		switch {
		case errors.Is(err, io.EOF):
			return s, nil
		case err != nil && zipped && damaged(err):
			s.unread = true
			return s, nil
		case err != nil:
			return s, err
		case rec.Cut:
			s.unread = true
			return s, nil
		case m.record(&rec):
			s.records++
			s.edits = append(s.edits, object.Edit{Off: rec.Offset, Len: rec.Length})
		}
	}
}

// csvOf tells CSV from lines by a key's ending, and what is between its fields.
func csvOf(key string) (csv bool, delim byte) {
	name := strings.ToLower(path.Base(key))
	switch path.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".gzip")) {
	case ".csv":
		return true, ','
	case ".tsv":
		return true, '\t'
	}
	return false, 0
}

// open returns the records of a file, uncompressed; text is false if they are none.
func open(r io.Reader) (in io.Reader, zipped, text bool, err error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, true, false, nil
		}
		b, zipped = bufio.NewReaderSize(z, 64<<10), true
	}
	begin, err := b.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !(zipped && damaged(err)) {
		return nil, zipped, false, err
	}
	return b, zipped, bytes.IndexByte(begin, 0) < 0 && !bytes.HasPrefix(begin, []byte("PAR1")), nil
}

func damaged(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || strings.Contains(err.Error(), "flate")
}

// cut takes what was found out of a version: in place of the current one there is one
// without it, and those below are deleted, because nothing can be written there. It
// answers Conflict if the current version is another by now, and Denied if a lock
// keeps a version.
func (f *files) cut(ctx context.Context, m *matcher, v object.Version, s scanned) error {
	switch {
	case s.whole || !v.Latest:
		err := f.Store.DeleteVersion(ctx, v.Bucket, v.Key, v.Object.Version)
		if lethe.Is(err, lethe.NotFound) {
			err = nil
		}
		return err
	case s.zipped:
		return f.rewrite(ctx, m, v, s)
	}
	_, err := f.Store.Splice(ctx, v.Bucket, v.Key, v.ETag, s.edits)
	return err
}

// rewrite writes a compressed file without the person's records.
func (f *files) rewrite(ctx context.Context, m *matcher, v object.Version, s scanned) error {
	body, o, err := f.Store.OpenVersion(ctx, v.Bucket, v.Key, v.Object.Version, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	z, err := gzip.NewReader(body)
	if err != nil {
		return err
	}
	out, to := io.Pipe()
	go func() {
		w := gzip.NewWriter(to)
		to.CloseWithError(errors.Join(without(w, z, m, s), w.Close()))
	}()
	_, err = f.Store.Put(ctx, v.Bucket, v.Key, out, object.Header{ContentType: o.ContentType, Metadata: o.Metadata}, object.Condition{IfMatch: v.ETag})
	out.CloseWithError(err) // if it was not read to the end
	return err
}

// without copies records but the person's, byte for byte.
func without(w io.Writer, r io.Reader, m *matcher, s scanned) error {
	var copied bytes.Buffer
	at := int64(0) // of the first byte in copied
	next := reader(io.TeeReader(r, &copied), s.csv, s.delim)
	var rec delimited.Record
	for {
		if err := next(&rec); errors.Is(err, io.EOF) {
			_, err := copied.WriteTo(w)
			return err
		} else if err != nil {
			return err
		}
		if n := rec.Offset - at; n > 0 { // a mark at the file's beginning
			if _, err := w.Write(copied.Next(int(n))); err != nil {
				return err
			}
		}
		bytes := copied.Next(int(rec.Length))
		at = rec.Offset + rec.Length
		if m.record(&rec) {
			continue
		}
		if _, err := w.Write(bytes); err != nil {
			return err
		}
	}
}
