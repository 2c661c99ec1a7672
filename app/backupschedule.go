package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lethe"
	"lethe/backup"
)

// scheduledBackup is a place to which the lake backs itself up, again and again.
type scheduledBackup struct {
	backup.Schedule
	to string // as it is configured
	// retry and tidy are when it is tried again after a failure.
	retry, tidy time.Time
}

const (
	// scheduleEvery is how often it is looked whether a backup is due, or has expired.
	scheduleEvery = time.Minute
	// scheduleRetry is how long a backup that failed is not tried again.
	scheduleRetry = 10 * time.Minute
	// scheduleTidy is how long what could be deleted is not looked for again: of a backup
	// that did not come to its end a bucket keeps some for days.
	scheduleTidy = time.Hour
)

// scheduledBackups are the configured ones, at places that the lake can reach.
func (a *App) scheduledBackups() (all []*scheduledBackup, err error) {
	for i, c := range a.Config.Backups {
		field := fmt.Sprintf("backups[%d].", i)
		at, err := a.place(c.To)
		if err != nil {
			return nil, misconfigured(field+"to: ", err)
		}
		offset, err := c.Offset()
		if err != nil {
			return nil, misconfigured(field+"at: ", err)
		}
		all = append(all, &scheduledBackup{to: c.To, Schedule: backup.Schedule{Place: at.String(), Every: c.Every, At: offset, Keep: c.Keep}})
	}
	return all, nil
}

// startSchedules begins to make the scheduled backups.
func (a *App) startSchedules() error {
	all, err := a.scheduledBackups()
	if err != nil || len(all) == 0 {
		return err
	}
	b := a.Backups
	b.running.Go(func() {
		t := time.NewTimer(0)
		defer t.Stop()
		for {
			select {
			case <-b.ctx.Done():
				return
			case <-t.C:
			}
			for _, s := range all {
				b.keep(b.ctx, s, time.Now())
			}
			t.Reset(scheduleEvery)
		}
	})
	return nil
}

// keep makes the backup that is due, and deletes those that have expired.
func (b *Backups) keep(ctx context.Context, s *scheduledBackup, now time.Time) {
	log := b.app.Log.With("to", s.Place)
	made := false
	if now.After(s.retry) {
		e, slot, err := b.makeDue(ctx, s, now)
		switch {
		case ctx.Err() != nil:
			return // the next start goes on
		case lethe.Is(err, lethe.Conflict): // another is being made
			log.Info("A scheduled backup waits", "why", err)
		case err != nil:
			s.retry = now.Add(scheduleRetry)
			log.Error("a scheduled backup was not made; it is tried again", "slot", slot, "err", err)
		case !slot.IsZero():
			made = true
			log.Info("A scheduled backup was made", "id", e.ID, "slot", slot, "files", e.Files, "copied", e.Copied)
		}
	}
	if !made && !now.After(s.tidy) {
		return
	}
	did, err := b.prune(ctx, s, now, made)
	s.tidy = now.Add(scheduleTidy)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.tidy = now.Add(scheduleRetry)
		log.Error("backups that have expired could not be deleted; it is tried again", "err", err)
	case len(did.Backups) > 0:
		log.Info("Backups that had expired were deleted", "backups", len(did.Backups), "bytes", did.BlobBytes)
	}
}

// makeDue makes the backup that is due; the slot is the zero time if none is.
func (b *Backups) makeDue(ctx context.Context, s *scheduledBackup, now time.Time) (e backup.Entry, slot time.Time, err error) {
	if slot, err = b.ledger.Due(ctx, s.Schedule, now); err != nil || slot.IsZero() {
		return e, slot, err
	}
	at, err := b.app.place(s.to)
	if err != nil {
		return e, slot, err
	}
	r, err := backup.Create(ctx, at) // who configures the lake may have it write there
	if err != nil {
		return e, slot, err
	}
	o := backup.Wanted{To: s.to, Expires: now.Add(s.Keep).Truncate(time.Second)}
	e, meter, err := b.begin(ctx, r, o)
	if err != nil {
		return e, slot, err
	}
	e, err = b.make(ctx, r, e, o, meter, func(ctx context.Context, e backup.Entry) error {
		return b.ledger.PutScheduled(ctx, e, s.Schedule, slot)
	})
	b.requestClosed() // some may have been since it was begun
	return e, slot, err
}

// prune deletes the backups at a scheduled place that have expired, and what was left of
// those that failed, if there are such or always.
func (b *Backups) prune(ctx context.Context, s *scheduledBackup, now time.Time, always bool) (did backup.Pruned, err error) {
	all, err := b.ledger.All(ctx)
	if err != nil {
		return did, err
	}
	for _, e := range all {
		always = always || e.Place == s.Place && !e.Expires.IsZero() && now.After(e.Expires)
	}
	if !always {
		return did, nil
	}
	r, err := b.repository(ctx, s.to)
	if err != nil {
		return did, err
	}
	did, err = r.Prune(ctx, now)
	for _, e := range all {
		if e.Place == s.Place {
			_, gone := backupHolder{b}.there(ctx, e) // which forgets those that are
			err = errors.Join(err, gone)
		}
	}
	return did, err
}
