package backup

import (
	"context"

	"lethe"
)

// Fault is a file of a backup that is not what the backup says.
type Fault struct {
	Backup string `json:"backup"`
	File   string `json:"file"` // its name in the repository
	Detail string `json:"detail"`
}

// Verify reads every file of some backups, or of all if there are none, and calls report
// for each that is missing or is not what was written. Blobs that several have are read
// once, and are reported of the first. It returns how many backups it looked at.
func (r *Repository) Verify(ctx context.Context, ids []string, meter *Meter, report func(Fault)) (n int, err error) {
	var all []Found
	if len(ids) == 0 {
		if all, err = r.Backups(ctx); err != nil {
			return 0, err
		}
	}
	for _, id := range ids {
		m, err := r.Manifest(ctx, id)
		if err != nil && !lethe.Is(err, lethe.BadData) {
			return 0, err
		}
		all = append(all, Found{ID: id, Manifest: m, Err: err})
	}
	for _, f := range all {
		if f.Err == nil {
			meter.expect(int64(len(f.Manifest.Files))+f.Manifest.Blobs, f.Manifest.Bytes())
		}
	}
	seen := map[Sum]bool{}
	for _, f := range all {
		if lethe.Is(f.Err, lethe.NotFound) {
			continue // it did not come to its end
		}
		n++
		if f.Err != nil {
			report(Fault{f.ID, file(f.ID, manifestName), f.Err.Error()})
			continue
		}
		if err := r.verify(ctx, f.Manifest, seen, meter, report); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (r *Repository) verify(ctx context.Context, m Manifest, seen map[Sum]bool, meter *Meter, report func(Fault)) error {
	check := func(name string, want Sum) error {
		detail, err := r.compare(ctx, name, want)
		if err != nil {
			return err
		}
		if detail != "" {
			report(Fault{m.ID, name, detail})
		}
		meter.did(want.Size, true)
		return nil
	}
	for _, f := range m.Files {
		if err := check(file(m.ID, f.Name), f); err != nil {
			return err
		}
	}
	for b, err := range r.blobs(ctx, m.ID) {
		if lethe.Is(err, lethe.BadData) || lethe.Is(err, lethe.NotFound) {
			return nil // which has been reported as a file
		}
		if err != nil {
			return err
		}
		if seen[b] {
			meter.did(b.Size, false)
			continue
		}
		seen[b] = true
		if err := check(pooled(b.Name), b); err != nil {
			return err
		}
	}
	return nil
}

// compare says what is wrong with a file, "" if nothing is.
func (r *Repository) compare(ctx context.Context, name string, want Sum) (string, error) {
	got, err := r.sumOf(ctx, name)
	switch {
	case lethe.Is(err, lethe.NotFound):
		return "it is missing", nil
	case err != nil && ctx.Err() != nil:
		return "", err
	case err != nil:
		return err.Error(), nil
	}
	return differs(got, want), nil
}

func differs(got, want Sum) string {
	switch {
	case got.Size != want.Size:
		return lethe.Errorf(lethe.BadData, "it has %d bytes, and was written with %d", got.Size, want.Size).Message
	case got.SHA256 != want.SHA256:
		return "its bytes are not those that were written"
	}
	return ""
}
