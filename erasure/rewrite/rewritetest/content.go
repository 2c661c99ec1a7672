package rewritetest

import (
	"bytes"
	"io"
	"sync/atomic"

	"lethe/object"
)

// counted counts the bytes read from a Content.
type counted struct {
	object.Content
	read atomic.Int64
	each func() // called before each read; nil: nothing
	fail func(off int64) error
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	if c.each != nil {
		c.each()
	}
	if c.fail != nil {
		if err := c.fail(off); err != nil {
			return 0, err
		}
	}
	n, err := c.Content.ReadAt(b, off)
	c.read.Add(int64(n))
	return n, err
}

// Repeat is content that consists of a block again and again, of about size
// bytes, and once, in the middle, of something else. It is not in memory.
func Repeat(size int64, block, once []byte) object.Content {
	return &repeated{block: block, once: once, n: max(1, size/int64(len(block))/2)}
}

type repeated struct {
	block, once []byte
	n           int64 // times before once, and after
}

func (r *repeated) Size() int64 { return 2*r.n*int64(len(r.block)) + int64(len(r.once)) }

func (r *repeated) ReadAt(b []byte, off int64) (n int, err error) {
	size := int64(len(r.block))
	middle := r.n * size
	for n < len(b) {
		at := off + int64(n)
		switch {
		case at >= r.Size():
			return n, io.EOF
		case at >= middle && at < middle+int64(len(r.once)):
			n += copy(b[n:], r.once[at-middle:])
			continue
		case at >= middle:
			at -= int64(len(r.once))
			n += copy(b[n:], r.block[at%size:])
		default:
			n += copy(b[n:min(int64(len(b)), int64(n)+middle-at)], r.block[at%size:])
		}
	}
	return n, nil
}

// Apply returns an object after edits.
func Apply(old []byte, edits []object.Edit) ([]byte, error) {
	sorted, size, err := object.Edits(int64(len(old)), edits)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, p := range object.Pieces(int64(len(old)), sorted) {
		data := p.Data
		if data == nil {
			data = bytes.NewReader(old)
		}
		if _, err := io.Copy(&out, io.NewSectionReader(data, p.Off, p.Len)); err != nil {
			return nil, err
		}
	}
	if int64(out.Len()) != size {
		return nil, io.ErrUnexpectedEOF
	}
	return out.Bytes(), nil
}
