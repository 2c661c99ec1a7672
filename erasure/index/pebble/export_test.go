package pebble

import "context"

// Compact compacts all postings, as Pebble does in time.
func Compact(ctx context.Context, x *Index) error {
	if err := x.db.Flush(); err != nil {
		return err
	}
	return x.db.Compact(ctx, []byte{0}, []byte{0xFF}, true)
}
