package backup

import (
	"context"
	"slices"
	"strings"
	"time"

	"lethe"
)

// Pruned is what Prune has deleted.
type Pruned struct {
	Backups    []string `json:"backups"`    // that had expired, or were named
	Unfinished []string `json:"unfinished"` // what was left of those that did not come to their ends
	Blobs      int64    `json:"blobs"`      // that no backup has any more
	BlobBytes  int64    `json:"blob_bytes"`
}

// unfinishedFor is how long a backup may be without a manifest where nothing tells
// whether it is still being made.
const unfinishedFor = 7 * 24 * time.Hour

// Prune deletes the backups that have expired and some others by their ids, what is left
// of those that did not come to their ends, and the blobs that none has any more. An error
// of kind NotFound says that an id is none's, and nothing is deleted; one of kind BadData
// that a backup is damaged: then no blobs are deleted, as it may have them.
func (r *Repository) Prune(ctx context.Context, now time.Time, ids ...string) (did Pruned, err error) {
	did.Backups, did.Unfinished = []string{}, []string{}
	unlock, err := r.Lock(ctx)
	if err != nil {
		return did, err
	}
	defer unlock()
	all, err := r.Backups(ctx)
	if err != nil {
		return did, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(f Found) bool { return f.ID == id }) {
			return did, lethe.Errorf(lethe.NotFound, "there is no backup %s at %s", id, r)
		}
	}
	keep := map[string]bool{} // blobs
	var damaged error
	making := false
	for _, f := range all {
		switch {
		case slices.Contains(ids, f.ID), f.Err == nil && f.Manifest.Expired(now):
			if err := r.delete(ctx, f.ID); err != nil {
				return did, err
			}
			did.Backups = append(did.Backups, f.ID)
		case lethe.Is(f.Err, lethe.NotFound) && (r.Locks() || now.Sub(f.Modified) > unfinishedFor):
			if err := r.delete(ctx, f.ID); err != nil {
				return did, err
			}
			did.Unfinished = append(did.Unfinished, f.ID)
		case lethe.Is(f.Err, lethe.NotFound):
			making = true
		case f.Err != nil:
			damaged = f.Err
		default:
			for b, err := range r.blobs(ctx, f.ID) {
				if lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.BadData) {
					damaged = err
					break
				}
				if err != nil {
					return did, err
				}
				keep[pooled(b.Name)] = true
			}
		}
	}
	if damaged != nil {
		return did, lethe.Errorf(lethe.BadData, "no blobs are deleted, as a backup is damaged that may have them: %w", damaged).
			WithHint("verify it; if it cannot be mended, delete it by its id too")
	}
	if making { // it counts on blobs that are there
		return did, r.Sync(ctx)
	}
	for b, err := range r.List(ctx, blobsDir) {
		if err != nil {
			return did, err
		}
		if keep[b.Name] {
			continue
		}
		if err := r.Remove(ctx, b.Name); err != nil {
			return did, err
		}
		did.Blobs++
		did.BlobBytes += b.Size
	}
	return did, r.Sync(ctx)
}

// delete deletes a backup's own files: the manifest first, so that what is left after a
// crash is no backup.
func (r *Repository) delete(ctx context.Context, id string) error {
	if err := r.Remove(ctx, file(id, manifestName)); err != nil {
		return err
	}
	if err := r.Sync(ctx); err != nil {
		return err
	}
	for f, err := range r.List(ctx, file(id, "")) {
		if err != nil {
			return err
		}
		if !strings.HasPrefix(f.Name, file(id, "")) {
			continue
		}
		if err := r.Remove(ctx, f.Name); err != nil {
			return err
		}
	}
	return nil
}

// Has says whether there is anything of a backup: also of one that is not whole.
func (r *Repository) Has(ctx context.Context, id string) (bool, error) {
	for _, err := range r.List(ctx, file(id, "")) {
		return err == nil, err
	}
	return false, nil
}
