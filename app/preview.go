package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"lethe"
	"lethe/ingest"
	"lethe/object"
	"lethe/query"
)

// previews read the beginning of files for the console: columns from a file's
// footer, rows by the engine, in a worker as for every query.
type previews struct {
	objects object.Store
	queries *query.Service
}

// maxFooter bounds what is read of an object to find its columns.
const maxFooter = 16 << 20

// Preview implements console.Previews.
func (p previews) Preview(ctx context.Context, o object.Object, limit int) (query.Page, error) {
	columns, _, err := ingest.ParquetColumns(&readerAt{ctx: ctx, store: p.objects, o: o, left: maxFooter}, o.Size)
	var known *lethe.Error
	if errors.As(err, &known) {
		return query.Page{}, lethe.Errorf(known.Kind, "s3://%s/%s: %w", o.Bucket, o.Key, err)
	}
	if err != nil {
		return query.Page{}, lethe.Errorf(lethe.BadData, "s3://%s/%s is not a whole Parquet file: %w", o.Bucket, o.Key, err)
	}
	return p.queries.Peek(ctx, o, columns, limit)
}

// readerAt reads an object by ranges, and no more than it may.
type readerAt struct {
	ctx   context.Context
	store object.Store
	o     object.Object
	left  int64 // bytes
}

// ReadAt implements io.ReaderAt.
func (r *readerAt) ReadAt(b []byte, off int64) (int, error) {
	if r.left -= int64(len(b)); r.left < 0 {
		return 0, fmt.Errorf("its footer is over %d bytes", maxFooter)
	}
	if off >= r.o.Size {
		return 0, io.EOF
	}
	body, o, err := r.store.Open(r.ctx, r.o.Bucket, r.o.Key, off, int64(len(b)))
	if err != nil {
		return 0, err
	}
	defer body.Close()
	if o.ETag != r.o.ETag {
		return 0, lethe.Errorf(lethe.Conflict, "it was replaced while it was read")
	}
	n, err := io.ReadFull(body, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF // as io.ReaderAt has it at the end
	}
	return n, err
}
