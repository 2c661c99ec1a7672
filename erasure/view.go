package erasure

import (
	"io"
	"sort"

	"lethe/object"
)

// view is an object as it would be with some edits made.
type view struct {
	base   object.Content
	pieces []object.Piece
	starts []int64 // of the pieces in the view
	size   int64
}

func newView(base object.Content, edits []object.Edit) (*view, error) {
	edits, size, err := object.Edits(base.Size(), edits)
	if err != nil {
		return nil, err
	}
	v := &view{base: base, pieces: object.Pieces(base.Size(), edits), size: size}
	at := int64(0)
	for _, p := range v.pieces {
		v.starts = append(v.starts, at)
		at += p.Len
	}
	return v, nil
}

// Size implements object.Content.
func (v *view) Size() int64 { return v.size }

// ReadAt implements io.ReaderAt.
func (v *view) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 || off >= v.size {
		return 0, io.EOF
	}
	i := sort.Search(len(v.starts), func(i int) bool { return v.starts[i] > off }) - 1
	for ; n < len(b) && i < len(v.pieces); i++ {
		p, from := v.pieces[i], off+int64(n)-v.starts[i]
		want := min(int64(len(b)-n), p.Len-from)
		src := p.Data
		if src == nil {
			src = v.base
		}
		k, err := src.ReadAt(b[n:n+int(want)], p.Off+from)
		n += k
		switch {
		case int64(k) == want:
		case err == nil || err == io.EOF:
			return n, io.ErrUnexpectedEOF
		default:
			return n, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
