package erasure

import (
	"context"
	"io"

	"lethe"
	"lethe/object"
)

// content reads a version of an object by ranges.
type content struct {
	ctx   context.Context
	store object.Store
	v     object.Object
}

func (c content) Size() int64 { return c.v.Size }

// ReadAt reads exactly that version: a store answers NotFound when it is gone, and
// a version that became another one is told by its ETag.
func (c content) ReadAt(p []byte, off int64) (int, error) {
	if off >= c.v.Size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), c.v.Size-off)
	r, o, err := c.store.OpenVersion(c.ctx, c.v.Bucket, c.v.Key, c.v.Version, off, want)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if o.ETag != c.v.ETag {
		return 0, lethe.Errorf(lethe.Conflict, "s3://%s/%s was replaced while it was read", c.v.Bucket, c.v.Key)
	}
	n, err := io.ReadFull(r, p[:want])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
