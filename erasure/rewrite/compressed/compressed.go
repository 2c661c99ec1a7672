// Package compressed erases from text that is compressed with gzip or zstd.
//
// Both formats let files be joined: a gzip file is a row of members, a zstd file a
// row of frames, each of them compressed by itself. Only those that hold something
// to be erased are written anew, and the bytes of the others stay. An object of one
// long member is written anew as a whole, once: in members of about PartSize that
// end with a line, so that the next time costs little. Readers of the format read
// such a file as before.
//
// Members that are written have nothing in their header: no name and no time, which
// would tell of the file from which they were made. A member that stays and whose
// header names the person is written anew too. Skippable frames of zstd stay unless
// they name the person; the table of zstd's seekable format goes when frames change,
// as it would be wrong.
//
// An object is read as a stream and at most twice, whatever it expands to. What is
// written goes to a file in the directory of the cut.
package compressed

import (
	"context"
	"io"
	"iter"
	"math"
	"os"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite/lines"
	"lethe/object"
)

// PartSize is about how many bytes are compressed by themselves in what is written.
const PartSize = 2 << 20

// codec is a way to compress.
type codec interface {
	name() string
	// parts reads the members or frames of an object from r.
	parts(r *reader) parts
	// writer returns what writes them.
	writer() (writer, error)
}

// writer writes members or frames: one between a Reset and a Close.
type writer interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// parts goes through members or frames. It answers the reader's errors as they are,
// and others about what it read.
type parts interface {
	// next goes to the next one; io.EOF if there is none.
	next() error
	// Read reads what it expands to, to io.EOF, when the reader is at its end.
	io.Reader
	// about returns what is in the part besides content, and whether it is nothing
	// else. It is called at the part's end.
	about() aside
	close()
}

// aside is what is in a part besides compressed content.
type aside struct {
	only  bool // there is no content
	table bool // it says where frames are
	names bool // it names the person
}

// Format erases from compressed objects. It implements erasure.Format and, if what
// is inside does, erasure.Vacuumer.
type Format struct {
	codec func(lines.Traces) codec
	text  erasure.Format
}

var (
	_ erasure.Format   = (*Format)(nil)
	_ erasure.Vacuumer = (*Format)(nil)
)

// Gzip returns the format of objects in gzip with text inside. The text's format
// must read its object onwards, each byte once, and not ask for its size.
func Gzip(text erasure.Format) *Format {
	return &Format{func(t lines.Traces) codec { return gzipCodec{t} }, text}
}

// Zstd is as Gzip, for zstd.
func Zstd(text erasure.Format) *Format {
	return &Format{func(t lines.Traces) codec { return zstdCodec{t} }, text}
}

// Records implements erasure.Format. The records have no Off and Len.
func (f *Format) Records(ctx context.Context, src object.Content, columns []string, rows []int64) iter.Seq2[erasure.Record, error] {
	return func(yield func(erasure.Record, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(erasure.Record{}, err)
			return
		}
		var read int64
		s := newStream(f.codec(nil), newReader(ctx, src, 0, src.Size(), &read))
		defer s.close()
		for r, err := range f.text.Records(ctx, s, columns, rows) {
			r.Off, r.Len = 0, 0
			if !yield(r, err) {
				return
			}
		}
	}
}

// Plan implements erasure.Format.
func (f *Format) Plan(ctx context.Context, src object.Content, c erasure.Cut) (*erasure.Plan, error) {
	c.Marks = nil
	return f.plan(ctx, src, c.Traces, c.Dir, func(s object.Content) (*erasure.Plan, error) { return f.text.Plan(ctx, s, c) })
}

// Vacuum implements erasure.Vacuumer.
func (f *Format) Vacuum(ctx context.Context, src object.Content, dir string) (*erasure.Plan, error) {
	v, ok := f.text.(erasure.Vacuumer)
	if !ok {
		return nil, lethe.Errorf(lethe.Unsupported, "blank records are not known in this format")
	}
	return f.plan(ctx, src, nil, dir, func(s object.Content) (*erasure.Plan, error) { return v.Vacuum(ctx, s, dir) })
}

// plan makes the plan of an object out of that of what it expands to.
func (f *Format) plan(ctx context.Context, src object.Content, names []string, dir string, text func(object.Content) (*erasure.Plan, error)) (*erasure.Plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &erasure.Plan{}
	codec := f.codec(lines.NewTraces(names))
	s := newStream(codec, newReader(ctx, src, 0, src.Size(), &p.Read))
	defer s.close()
	inner, err := text(s)
	if err != nil {
		return nil, err
	}
	defer inner.Close()
	if err := s.drain(); err != nil {
		return nil, err
	}
	p.Rows, p.Cut, p.Empty, p.Notes = inner.Rows, inner.Cut, inner.Empty, inner.Notes
	edits, _, err := object.Edits(math.MaxInt64, inner.Edits)
	if err != nil {
		return nil, err
	}
	w := rewriter{ctx: ctx, codec: codec, src: src, dir: dir, edits: edits, plan: p}
	if err := w.rewrite(s.groups); err != nil {
		w.close()
		return nil, err
	}
	p.Release = w.close
	return p, nil
}

// temp makes a file that is gone when it is closed, or lethe is.
func temp(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "erase-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
