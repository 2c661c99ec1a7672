package disk

import (
	"context"
	"fmt"

	"lethe"
	"lethe/lib/wipe"
)

// purge rewrites the index, so that no file holds what was deleted from it
// before.
func (ix *index) purge(ctx context.Context) error {
	if err := ix.enter(); err != nil {
		return err
	}
	defer ix.leave()
	err := ix.fs.Wipe(ctx, ix.db, ix.path, []byte{tabFormat, 'p'}, wipe.Range{From: []byte{0}, To: []byte{0xFF}})
	switch {
	case err != nil && ctx.Err() != nil:
		return lethe.Errorf(lethe.Canceled, "purge of the object store: %w", err)
	case err != nil:
		return fmt.Errorf("purge index: %w", err)
	}
	return nil
}
