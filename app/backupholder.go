package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lethe"
	"lethe/backup"
	"lethe/erasure"
)

// backupHolder says of each person that the lake's backups hold them until they expire.
// Who was in the lake when a backup was made is not known of those who are not in it
// now: each backup counts.
type backupHolder struct{ *Backups }

// Name implements erasure.Holder.
func (backupHolder) Name() string { return "lake backups" }

// Locate implements erasure.Holder.
func (h backupHolder) Locate(ctx context.Context, _ erasure.Person) ([]erasure.Holding, error) {
	return h.holdings(ctx, nil)
}

// Erase implements erasure.Holder. It keeps the erasure beside the backups, so that none
// of them brings the person back. A place that cannot be reached does not keep the
// request from its end: it is told when it can be.
func (h backupHolder) Erase(ctx context.Context, _ erasure.Person) ([]erasure.Holding, error) {
	return h.holdings(ctx, h.tellAll(ctx))
}

func (h backupHolder) holdings(ctx context.Context, told map[string]error) (hs []erasure.Holding, err error) {
	all, err := h.ledger.All(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, e := range all {
		there, err := h.there(ctx, e)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		x := erasure.Holding{Place: "backup " + e.ID + " at " + e.Place, Until: e.Expires,
			Reason: fmt.Sprintf("it holds whoever was in the lake on %s, until it expires and is deleted", e.Made.Format(time.DateOnly))}
		if !e.Expires.IsZero() && now.After(e.Expires) {
			x.Until, x.Reason = time.Time{}, fmt.Sprintf("it expired on %s and has not been deleted; lethe backup prune deletes it", e.Expires.Format(time.DateOnly))
		}
		if told[e.Place] != nil {
			x.Reason += "; its place could not be told of this erasure, and is when it can be reached"
		}
		hs = append(hs, x)
	}
	return append(hs, h.app.databaseBackups()...), nil
}

// there says whether a backup may be there still, and forgets one that is seen not to be.
func (h backupHolder) there(ctx context.Context, e backup.Entry) (bool, error) {
	if e.State == backup.Making {
		return true, nil
	}
	r, err := h.repository(ctx, e.Place)
	if err != nil {
		return true, ctx.Err() // it cannot be looked for
	}
	there, err := r.Has(ctx, e.ID)
	if err != nil || there {
		return true, ctx.Err()
	}
	return false, h.ledger.Drop(ctx, e.ID)
}

// Remains implements erasure.Expiring. What a database's server keeps nobody can look for;
// it is taken to be there until it should have expired.
func (h backupHolder) Remains(ctx context.Context, at erasure.Holding) (bool, error) {
	if !strings.HasPrefix(at.Place, "backup ") {
		return at.Until.IsZero() || time.Now().Before(at.Until), nil
	}
	all, err := h.ledger.All(ctx)
	if err != nil {
		return false, err
	}
	for _, e := range all {
		if strings.HasPrefix(at.Place, "backup "+e.ID+" ") {
			return h.there(ctx, e)
		}
	}
	return false, nil
}

// databaseBackups are what the servers of databases that the lake uses keep of what is
// deleted there, which no statement reaches.
func (a *App) databaseBackups() (hs []erasure.Holding) {
	add := func(what, setting string, keep time.Duration) {
		x := erasure.Holding{Place: what + ": its write-ahead log and backups"}
		if keep > 0 {
			x.Reason = "what was deleted stays there until they expire (" + setting + ")"
			x.Until = time.Now().Add(keep).UTC().Truncate(time.Second)
		} else {
			x.Reason = "what was deleted stays there until they expire, and nobody has said when that is (" + setting + ")"
		}
		hs = append(hs, x)
	}
	// Of what is in an instance of the lake's, the instances' holder knows without a setting.
	m, x := a.Config.Metastore, a.Config.Erasure
	if m.Database != "" && (m.Instance() == nil || m.DatabaseBackups > 0) {
		add("the catalog's database", "metastore.database_backups", m.DatabaseBackups)
	}
	if at, err := x.IndexAt(); err == nil && (at.Postgres != "" || at.Instance != nil && x.IndexBackups > 0) {
		add("the database of the erasure index", "erasure.index_backups", x.IndexBackups)
	}
	return hs
}

// servable says why a lake that was restored may not be read yet, or copied.
func servable(data string) error {
	r, err := backup.ReadRestored(data)
	switch {
	case err != nil:
		return unlessMissing(err)
	case !r.Whole:
		return lethe.Errorf(lethe.Conflict, "the restore of %s did not come to its end", data).WithHint("run it again: lethe restore --from %s --id %s --data %s", r.From, r.Backup, data)
	}
	return lethe.Errorf(lethe.Conflict, "%s was restored, and who was erased since is not erased there yet", data).WithHint("start it once: lethe serve --data %s", data)
}
