package rewrite

import (
	"context"
	"io"
	"iter"

	"lethe"
	"lethe/erasure"
	"lethe/object"
)

// headSize is how many bytes of an object tell what it is.
const headSize = 16

// sniffed is the format of an object whose first bytes decide about it.
type sniffed struct {
	choose func(head []byte) (erasure.Format, error)
}

var (
	_ erasure.Format   = (*sniffed)(nil)
	_ erasure.Vacuumer = (*sniffed)(nil)
)

// format reads the first bytes of an object; read is how many.
func (s *sniffed) format(ctx context.Context, src object.Content) (f erasure.Format, read int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	head := make([]byte, headSize)
	n, err := src.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, 0, err
	}
	f, err = s.choose(head[:n])
	return f, int64(n), err
}

// Records implements erasure.Format.
func (s *sniffed) Records(ctx context.Context, src object.Content, columns []string, rows []int64) iter.Seq2[erasure.Record, error] {
	return func(yield func(erasure.Record, error) bool) {
		f, _, err := s.format(ctx, src)
		if err != nil {
			yield(erasure.Record{}, err)
			return
		}
		f.Records(ctx, src, columns, rows)(yield)
	}
}

// Plan implements erasure.Format.
func (s *sniffed) Plan(ctx context.Context, src object.Content, c erasure.Cut) (*erasure.Plan, error) {
	f, read, err := s.format(ctx, src)
	if err != nil {
		return nil, err
	}
	p, err := f.Plan(ctx, src, c)
	if err != nil {
		return nil, err
	}
	p.Read += read
	return p, nil
}

// Vacuum implements erasure.Vacuumer.
func (s *sniffed) Vacuum(ctx context.Context, src object.Content, dir string) (*erasure.Plan, error) {
	f, read, err := s.format(ctx, src)
	if err != nil {
		return nil, err
	}
	v, ok := f.(erasure.Vacuumer)
	if !ok {
		return nil, lethe.Errorf(lethe.Unsupported, "blank records cannot be dropped from this format yet")
	}
	p, err := v.Vacuum(ctx, src, dir)
	if err != nil {
		return nil, err
	}
	p.Read += read
	return p, nil
}
