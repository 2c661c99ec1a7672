package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"lethe"
	"lethe/backup"
	"lethe/erasure"
	"lethe/erasure/own"
)

// unlessMissing is an error but that a file is not there.
func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// wholeRestore refuses a folder that a restore was making and has not made.
func (a *App) wholeRestore() error {
	r, err := backup.ReadRestored(a.Config.Data)
	if err != nil {
		return unlessMissing(err)
	}
	if !r.Whole {
		return servable(a.Config.Data)
	}
	return nil
}

// replay erases from a lake that was restored whoever was erased since the backup was
// made, before anybody can read it. What it has done when it is killed stays done, and
// the next start does it again.
func (a *App) replay(ctx context.Context) error {
	from, err := backup.ReadRestored(a.Config.Data)
	if err != nil {
		return unlessMissing(err)
	}
	ctx = lethe.WithPrincipal(ctx, lethe.System)
	a.Log.Info("This lake was restored from a backup. Who was erased since is erased again before it serves, for which everything is read", "backup", from.Backup, "made", from.Made, "erasures", len(from.Erased))
	if err := a.Backups.ledger.Adopt(ctx, from.From, from.Backups); err != nil {
		return err
	}
	var es []erasure.Erasure
	for _, r := range from.Erased {
		e, err := erasureOf(r)
		if err != nil {
			return err
		}
		es = append(es, e)
	}
	var holds []erasure.Hold
	if len(from.Holds) > 0 {
		if err := json.Unmarshal(from.Holds, &holds); err != nil {
			return lethe.Errorf(lethe.BadData, "the holds in %s: %w", backup.RestoredFile, err)
		}
	}
	last := time.Now()
	did, err := a.Erasure.Replay(ctx, es, holds, func(p erasure.Progress) {
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			a.Log.Info("reading the restored lake", "objects", p.ObjectsRead, "of", p.Objects, "bytes", p.BytesRead, "left", p.Left(last).Round(time.Second))
		}
	})
	if err != nil {
		return lethe.Errorf(lethe.KindOf(err), "the restored lake does not serve, as who was erased could not be erased again: %w", err).WithHint("mend the cause and start it again")
	}
	for _, m := range did.LeftOut {
		a.Log.Warn("a mapping by which persons were erased does not fit the restored lake, whose table is older or not there; make it again if it is needed", "mapping", m)
	}
	for _, id := range did.Composite {
		a.Log.Warn("an erased person had an identifier of several values, which in the restored lake is found in mapped objects, in results and extracts with the columns of a mapping, and in texts where its parts stand near each other, and not in what ingests read; ask for the person again", "request", id)
	}
	if did.Left > 0 {
		a.Log.Warn("object versions that hold somebody who was erased stay, as under a lock or a hold", "versions", did.Left)
	}
	// What lethe has written down itself.
	everybody, err := a.Erasure.Everybody(ctx)
	if err != nil {
		return err
	}
	if did.Persons > 0 {
		for _, h := range a.ownHolders {
			if _, err := h.Erase(ctx, everybody); err != nil {
				return lethe.Errorf(lethe.KindOf(err), "the restored lake does not serve, as %s could not be erased from: %w", h.Name(), err).WithHint("mend the cause and start it again")
			}
		}
	}
	if len(did.Composite) > 0 { // whole identifiers of several values are in columns alone
		if _, err := own.Sweep(ctx, a.ownConfig, a.Erasure, time.Time{}); err != nil {
			return lethe.Errorf(lethe.KindOf(err), "the restored lake does not serve, as copies that it made could not be looked through: %w", err).WithHint("mend the cause and start it again")
		}
	}
	a.Log.Info("The restored lake holds nobody any more who was erased", "identifiers", did.Persons, "requests", did.Requests, "versions", did.Objects)
	return backup.Served(a.Config.Data)
}
