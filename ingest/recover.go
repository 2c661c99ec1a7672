package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/object"
)

// recover finishes or undoes every run that a crash interrupted.
func (s *Service) recover(ctx context.Context) error {
	open, err := s.unsettled(ctx, "")
	if err != nil {
		return err
	}
	for _, u := range open {
		if u.run.Phase == Writing {
			// Staged bytes without a key are gone with the process, and its
			// temporary files too.
			err = s.fail(ctx, u.run, u.run.Report, lethe.Errorf(lethe.Canceled, "the server ended before the ingest did"))
		} else {
			err = s.resolve(ctx, u.run, u.plan, nil)
			var undone *undoneError
			if errors.As(err, &undone) {
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("ingest %s of %s: %w", u.run.ID, u.run.Job.Target(), err)
		}
		s.Log.Info("recovered an interrupted ingest", "run", u.run.ID, "table", u.run.Job.Target())
	}
	return nil
}

// settle finishes what earlier runs of a table left open, which only a failing
// disk or catalog makes them do.
func (s *Service) settle(ctx context.Context, target string) error {
	open, err := s.unsettled(ctx, target)
	if err != nil {
		return err
	}
	for _, u := range open {
		if u.run.Phase != Committing {
			continue // this very run
		}
		var undone *undoneError
		if err := s.resolve(context.WithoutCancel(ctx), u.run, u.plan, nil); err != nil && !errors.As(err, &undone) {
			return err
		}
	}
	return nil
}

type unsettled struct {
	run  Run
	plan plan
}

// unsettled finds the runs that are not final, of one table or of all.
func (s *Service) unsettled(ctx context.Context, target string) (out []unsettled, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT document, plan FROM ingest_runs WHERE phase IN ('writing', 'committing') AND ($1 = '' OR target = $1) ORDER BY id`, target)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var doc string
			var plan sql.NullString
			var u unsettled
			if err := rows.Scan(&doc, &plan); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(doc), &u.run); err != nil {
				return err
			}
			if plan.Valid {
				if err := json.Unmarshal([]byte(plan.String), &u.plan); err != nil {
					return err
				}
			}
			out = append(out, u)
		}
		return rows.Err()
	})
	return out, err
}

// undoneError says that a run was undone, and why.
type undoneError struct{ cause error }

func (e *undoneError) Error() string { return e.cause.Error() }
func (e *undoneError) Unwrap() error { return e.cause }

// resolve finds out whether a run's objects appeared. They did so under keys that
// only this run has, in one step or the first of them last, so the first tells
// (object.Store.Commit). Deletions can be made again: in another store the
// commit may have ended before them. Then the run is finished or undone; after an
// undo the error wraps cause.
func (s *Service) resolve(ctx context.Context, r Run, l plan, cause error) error {
	if cause == nil {
		cause = lethe.Errorf(lethe.Canceled, "the server ended before the ingest did")
	}
	if len(l.Puts) > 0 {
		_, err := s.Store.Head(ctx, l.Bucket, l.Puts[0].Key)
		if lethe.Is(err, lethe.NotFound) {
			var some []string // may be there all the same, but for the first
			for _, p := range l.Puts[1:] {
				some = append(some, p.Key)
			}
			if err := s.Store.Commit(ctx, l.Bucket, nil, some); err != nil && !lethe.Is(err, lethe.NotFound) {
				return errors.Join(cause, unfinished(err))
			}
			return s.undo(ctx, r, l, cause)
		}
		if err != nil {
			return errors.Join(cause, unfinished(err))
		}
	}
	if err := s.Store.Commit(ctx, l.Bucket, nil, l.Deletes); err != nil {
		return errors.Join(cause, unfinished(err))
	}
	return s.finish(ctx, r, l)
}

func unfinished(err error) error {
	return lethe.Errorf(lethe.KindOf(err), "the ingest is not finished: %w", err).
		WithHint("the next ingest into the table, or the next start of the server, finishes it")
}

// undo removes what little of a run appeared.
func (s *Service) undo(ctx context.Context, r Run, l plan, cause error) error {
	if l.Quarantine != nil {
		if err := s.Store.Commit(ctx, l.Quarantine.Bucket, nil, []string{l.Quarantine.Key}); err != nil && !lethe.Is(err, lethe.NotFound) {
			return errors.Join(cause, unfinished(err))
		}
	}
	if err := s.fail(ctx, r, r.Report, cause); err != nil {
		return errors.Join(cause, unfinished(err))
	}
	return &undoneError{cause}
}

// finish makes the catalog say what the store has, and closes the journal. It
// can be done again.
func (s *Service) finish(ctx context.Context, r Run, l plan) error {
	if err := s.register(ctx, l); err != nil {
		if lethe.Is(err, lethe.Invalid) && len(l.Deletes) == 0 {
			// The catalog will not have it, now or later, and nothing was
			// replaced: take the objects back.
			var keys []string
			for _, p := range l.Puts {
				keys = append(keys, p.Key)
			}
			if derr := s.Store.Commit(ctx, l.Bucket, nil, keys); derr != nil {
				return errors.Join(err, unfinished(derr))
			}
			return s.undo(ctx, r, l, err)
		}
		return unfinished(err)
	}
	if err := s.deleteAside(ctx, l); err != nil {
		return unfinished(err)
	}
	r.Phase, r.Ended = Done, time.Now().UTC().Truncate(time.Microsecond)
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		target, location := r.Job.Target(), r.Job.Location
		if _, err := tx.ExecContext(ctx, `DELETE FROM ingest_files WHERE target = $1 AND location = $2`, target, location); err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, `INSERT INTO ingest_files (bucket, object_key, target, location, run, quarantine, partition_name) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, p := range l.Puts {
			if _, err := insert.ExecContext(ctx, l.Bucket, p.Key, target, location, r.ID, 0, p.Partition); err != nil {
				return err
			}
		}
		if q := l.Quarantine; q != nil {
			if _, err := insert.ExecContext(ctx, q.Bucket, q.Key, target, location, r.ID, 1, ""); err != nil {
				return err
			}
		}
		return updateRun(ctx, tx, r, nil)
	})
	if err != nil {
		return unfinished(err)
	}
	return nil
}

// deleteAside removes the quarantine of the run before.
func (s *Service) deleteAside(ctx context.Context, l plan) error {
	for _, a := range l.Aside {
		if err := s.Store.Commit(ctx, a.Bucket, nil, []string{a.Key}); err != nil && !lethe.Is(err, lethe.NotFound) {
			return err
		}
	}
	return nil
}

// register makes the table in the catalog what the plan says.
func (s *Service) register(ctx context.Context, l plan) error {
	t := l.Table
	old, err := s.Catalog.Table(ctx, t.Database, t.Name)
	switch {
	case lethe.Is(err, lethe.NotFound):
		err = s.Catalog.CreateTable(ctx, t)
	case err != nil:
		return err
	case !slices.EqualFunc(old.Partitions, t.Partitions, func(a, b catalog.Column) bool { return a.Name == b.Name }):
		// Partitions with other keys mean nothing any more.
		if err := s.Catalog.DropTable(ctx, t.Database, t.Name); err != nil {
			return err
		}
		err = s.Catalog.CreateTable(ctx, t)
	default:
		err = s.Catalog.AlterTable(ctx, t.Database, t.Name, t)
	}
	if err != nil || len(t.Partitions) == 0 {
		return err
	}
	return s.registerPartitions(ctx, l)
}

func (s *Service) registerPartitions(ctx context.Context, l plan) error {
	t := l.Table
	there, err := s.Catalog.Partitions(ctx, t.Database, t.Name, catalog.PartitionPage{})
	if err != nil {
		return err
	}
	at := make(map[string]catalog.Partition, len(there))
	for _, p := range there {
		at[catalog.PartitionName(t.Partitions, p.Values)] = p
	}
	var fresh []catalog.Partition
	for _, values := range l.Partitions {
		p := catalog.Partition{Values: values, Storage: t.Storage}
		p.Storage.Columns = nil
		p.Storage.Location += "/" + catalog.PartitionName(t.Partitions, values)
		old, ok := at[catalog.PartitionName(t.Partitions, values)]
		switch {
		case !ok:
			fresh = append(fresh, p)
		case old.Storage.Location != p.Storage.Location || old.Storage.Columns != nil || old.Storage.SerDe.Library != p.Storage.SerDe.Library:
			p.Parameters = old.Parameters
			if err := s.Catalog.AlterPartition(ctx, t.Database, t.Name, values, p); err != nil {
				return err
			}
		}
	}
	if err := s.Catalog.AddPartitions(ctx, t.Database, t.Name, fresh, true); err != nil {
		return err
	}
	return s.dropStale(ctx, l, at)
}

// dropStale drops the partitions of the run before in which nothing is left.
func (s *Service) dropStale(ctx context.Context, l plan, there map[string]catalog.Partition) error {
	var drop [][]string
	for _, values := range l.Stale {
		if len(values) != len(l.Table.Partitions) {
			continue // of a table with other keys, which is gone
		}
		p, ok := there[catalog.PartitionName(l.Table.Partitions, values)]
		if !ok {
			continue
		}
		at, err := lethe.ParseLocation(p.Storage.Location)
		if err != nil {
			continue // somebody moved it elsewhere; it is theirs now
		}
		left := false
		for _, err := range object.All(ctx, s.Store, at.Bucket, at.Dir().Key) {
			if err != nil {
				return err
			}
			left = true
			break
		}
		if !left {
			drop = append(drop, values)
		}
	}
	if len(drop) == 0 {
		return nil
	}
	return s.Catalog.DropPartitions(ctx, l.Table.Database, l.Table.Name, drop, true)
}
