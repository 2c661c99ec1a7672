package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/own"
	"lethe/lib/atomicfile"
)

const (
	// sweepEvery is how often copies that the lake has made are looked through for those
	// who were erased before.
	sweepEvery = 10 * time.Minute
	sweepFirst = time.Minute
	// sweepMargin is by how much the clock of a store may be behind.
	sweepMargin = 5 * time.Minute
)

// sweptFile says since when copies have not been looked through.
type sweptFile struct{ Since time.Time }

func (a *App) sweptPath() string { return a.path("erasure", "swept.json") }

// swept reads since when; the zero time if nobody has looked yet.
func (a *App) swept() (s sweptFile, err error) {
	text, err := os.ReadFile(a.sweptPath())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// sweep looks through the copies that were made since the last time, and through databases
// that are in an instance in which they were not yet.
func (u *upkeep) sweep(ctx context.Context) {
	a := u.app
	ctx = lethe.WithPrincipal(ctx, lethe.System)
	if err := a.replayInstances(ctx); err != nil && ctx.Err() == nil {
		a.Log.Error("who was erased before could not be erased from a database instance that was restored or is mapped newly; it is tried again", "err", err)
	}
	err := a.sweepOwn(ctx)
	switch {
	case ctx.Err() != nil: // the next start goes on
	case err != nil:
		a.Log.Error("results and texts that were made lately could not be looked through for persons who were erased before; it is tried again", "err", err)
	default:
		u.done.WithLabelValues("sweep").SetToCurrentTime()
	}
}

func (a *App) sweepOwn(ctx context.Context) error {
	began := time.Now()
	last, err := a.swept()
	if err != nil {
		return err
	}
	if a.Erasure.Suppresses() {
		did, err := own.Sweep(ctx, a.ownConfig, a.Erasure, last.Since)
		if did != (own.Swept{}) {
			a.Log.Info("Persons who were erased before were in copies that were made since, and were erased again", "results", did.Results, "extracts", did.Extracts, "records", did.Records, "texts", did.Texts, "locked", did.Locked)
			detail := fmt.Sprintf("swept: %d results, %d extracts, %d records and %d texts; %d results are locked", did.Results, did.Extracts, did.Records, did.Texts, did.Locked)
			err = errors.Join(err, a.Erasure.Audit(ctx, erasure.Audited{Step: "erased", Resource: "arn:lethe:erasure:::own-copies", Detail: detail, By: lethe.System}))
		}
		if err != nil {
			return err
		}
	}
	text, err := json.Marshal(sweptFile{began.Add(-sweepMargin).UTC()})
	if err != nil {
		return err
	}
	return atomicfile.Write(a.sweptPath(), text, 0o600)
}
