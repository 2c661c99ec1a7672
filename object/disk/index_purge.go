package disk

import (
	"context"
	"fmt"

	"lethe"
)

// purge rewrites the index, so that no file holds what was deleted from it
// before.
func (ix *index) purge(ctx context.Context) error {
	if err := ix.enter(); err != nil {
		return err
	}
	defer ix.leave()
	err := ix.fs.Wipe(ctx, ix.db, ix.path, []byte{0}, []byte{0xFF}, []byte{tabFormat, 'p'})
	switch {
	case err != nil && ctx.Err() != nil:
		return lethe.Errorf(lethe.Canceled, "purge of the object store: %w", err)
	case err != nil:
		return fmt.Errorf("purge index: %w", err)
	}
	return nil
}
