package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"lethe/erasure"
	"lethe/erasure/own"
	"lethe/ingest"
	"lethe/lib/atomicfile"
	"lethe/lib/state"
)

// ownCopies are the holders of the copies that the lake itself makes, of its backups, and of
// those of its database instances.
func (a *App) ownCopies(db *state.DB, key *erasure.HashKey, journal own.Texts) []erasure.Holder {
	a.ownConfig = own.Config{
		DB: db, Store: a.Stores, Key: key, Queries: a.Queries, Ingests: a.Ingests, Extracts: a.Extracts, Pictures: a.Dash, Events: a.Events, Journal: journal,
		Scrub: own.TextsFunc(a.redactScrub), Index: a.Objects, Staging: ingest.StagingBucket,
	}
	a.ownHolders = own.Holders(a.ownConfig)
	return append(slices.Clip(a.ownHolders), backupHolder{a.Backups}, a.savedInstances())
}

// redactLater returns what may be kept of a text that somebody writes now.
func (a *App) redactLater(ctx context.Context, text string) (string, error) {
	if !a.Erasure.Suppresses() {
		return text, nil // every statement comes here, and most lakes have erased nobody
	}
	return own.Later(ctx, a.Erasure, a.Erasure.Key, text)
}

// redactScrub passes what the report of the last scrub has of texts through f.
func (a *App) redactScrub(_ context.Context, dry bool, f func(string) string) (n int64, err error) {
	r, err := ReadScrub(a.Config.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		// It says what is broken, and nobody needs one that is itself.
		if dry {
			return 1, nil
		}
		return 1, os.Remove(a.path(ScrubFile))
	}
	for i := range r.Faults {
		before := r.Faults[i]
		for _, t := range []*string{&r.Faults[i].Key, &r.Faults[i].Detail} {
			*t = f(*t)
		}
		if r.Faults[i] != before {
			n++
		}
	}
	if n == 0 || dry {
		return n, nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return n, err
	}
	return n, atomicfile.Write(a.path(ScrubFile), append(text, '\n'), 0o600)
}
