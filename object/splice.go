package object

import (
	"io"
	"slices"

	"lethe"
)

// Content is what an edit puts in place. A *bytes.Reader is one, a
// *strings.Reader and an *io.SectionReader; it may be read more than once, and in
// parts.
type Content interface {
	io.ReaderAt
	Size() int64
}

// Edit replaces Len bytes from offset Off, of the object as it was, by Data,
// which may be longer or shorter; nil takes the bytes out.
type Edit struct {
	Off, Len int64
	Data     Content
}

// NewLen is how many bytes the edit puts in place.
func (e Edit) NewLen() int64 {
	if e.Data == nil {
		return 0
	}
	return e.Data.Size()
}

// Edits returns edits of an object of the given size in order, and the size they
// make. It answers Invalid for edits beyond the object and for those that
// overlap. Several insertions at one place keep their order.
func Edits(size int64, edits []Edit) (sorted []Edit, newSize int64, err error) {
	sorted = slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		if a.Off != b.Off {
			return int(min(max(a.Off-b.Off, -1), 1))
		}
		return int(min(max(a.Len-b.Len, -1), 1)) // an insertion comes before what replaces bytes there
	})
	newSize = size
	var end int64
	for _, e := range sorted {
		switch {
		case e.Off < 0 || e.Len < 0 || e.Off > size || e.Len > size-e.Off:
			return nil, 0, lethe.Errorf(lethe.Invalid, "an edit of %d bytes at %d lies outside the object of %d bytes", e.Len, e.Off, size)
		case e.Off < end:
			return nil, 0, lethe.Errorf(lethe.Invalid, "two edits replace the byte at %d", e.Off)
		}
		end = e.Off + e.Len
		newSize += e.NewLen() - e.Len
	}
	return sorted, newSize, nil
}

// Piece is a run of bytes of a spliced object: kept ones of the old object
// (Data is nil), or new ones.
type Piece struct {
	Off, Len int64 // in the old object, or in Data
	Data     Content
}

// Pieces returns what the spliced object consists of, in order, without empty
// pieces. The edits must be in order.
func Pieces(size int64, edits []Edit) (ps []Piece) {
	var at int64
	for _, e := range edits {
		if e.Off > at {
			ps = append(ps, Piece{Off: at, Len: e.Off - at})
		}
		if n := e.NewLen(); n > 0 {
			ps = append(ps, Piece{Len: n, Data: e.Data})
		}
		at = e.Off + e.Len
	}
	if at < size {
		ps = append(ps, Piece{Off: at, Len: size - at})
	}
	return ps
}
