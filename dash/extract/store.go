package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/lib/state"
)

// kept is a file as the database has it.
type kept struct {
	File
	current bool
}

// files returns all files that rows name.
func (s *Service) files(ctx context.Context) (all []kept, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		for _, current := range []int{1, 0} {
			fs, err := state.Documents[File](ctx, tx, `SELECT document FROM extract_files WHERE current = $1 ORDER BY id`, current)
			if err != nil {
				return err
			}
			for _, f := range fs {
				f.Path = s.path(f)
				all = append(all, kept{f, current == 1})
			}
		}
		return nil
	})
	return all, err
}

// held returns the data sets of which there is anything.
func (s *Service) held(ctx context.Context) (sets []string, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT data_set FROM extract_files UNION SELECT data_set FROM extract_refreshes ORDER BY 1`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var set string
			if err := rows.Scan(&set); err != nil {
				return err
			}
			sets = append(sets, set)
		}
		return rows.Err()
	})
	return sets, err
}

// current returns the file that answers; NotFound if there is none.
func (s *Service) current(ctx context.Context, dataSet string) (f File, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		f, err = currentIn(ctx, tx, dataSet)
		return err
	})
	f.Path = s.path(f)
	return f, err
}

func currentIn(ctx context.Context, tx *sql.Tx, dataSet string) (f File, err error) {
	fs, err := state.Documents[File](ctx, tx, `SELECT document FROM extract_files WHERE data_set = $1 AND current = 1`, dataSet)
	if err == nil && len(fs) == 0 {
		err = lethe.Errorf(lethe.NotFound, "data set %s has no extract", dataSet).WithHint("refresh it")
	}
	if err != nil {
		return File{}, err
	}
	return fs[0], nil
}

// forget deletes the row of a file that is not there any more, and asks for another in
// its place if one is missed.
func (s *Service) forget(ctx context.Context, f File, missed bool) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM extract_files WHERE id = $1`, f.ID); err != nil || !missed {
			return err
		}
		_, err := s.begin(ctx, tx, f.DataSet, dash.RefreshOptions{By: "restore"})
		return err
	})
}

// dropRows deletes all rows of a data set and returns its files.
func (s *Service) dropRows(ctx context.Context, dataSet string) (fs []File, err error) {
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if fs, err = state.Documents[File](ctx, tx, `SELECT document FROM extract_files WHERE data_set = $1 ORDER BY id`, dataSet); err != nil {
			return err
		}
		for _, q := range []string{
			`UPDATE extract_files SET current = 0 WHERE data_set = $1`, // they go with their files
			`DELETE FROM extract_refreshes WHERE data_set = $1`,
			`DELETE FROM extract_schedules WHERE data_set = $1`,
		} {
			if _, err := tx.ExecContext(ctx, q, dataSet); err != nil {
				return err
			}
		}
		return nil
	})
	return fs, err
}

// active returns the refresh of a data set that is not final.
func active(ctx context.Context, tx *sql.Tx, dataSet string) (r dash.Refresh, ok bool, err error) {
	rs, err := state.Documents[dash.Refresh](ctx, tx, `SELECT document FROM extract_refreshes WHERE data_set = $1 AND active = 1`, dataSet)
	if err != nil || len(rs) == 0 {
		return r, false, err
	}
	return rs[0], true, nil
}

// begin makes a refresh that waits, or returns the one that is under way.
func (s *Service) begin(ctx context.Context, tx *sql.Tx, dataSet string, o dash.RefreshOptions) (dash.Refresh, error) {
	r, under, err := active(ctx, tx, dataSet)
	if err != nil || under {
		return r, err
	}
	now := s.now()
	r = dash.Refresh{ID: lethe.NewOrderedID(), DataSet: dataSet, State: dash.Waiting, Increment: o.Increment, By: o.By, Slot: o.Slot, Started: now, Done: -1}
	doc, err := json.Marshal(r)
	if err != nil {
		return r, err
	}
	slot := sql.NullInt64{Int64: o.Slot.UnixMicro(), Valid: !o.Slot.IsZero()}
	_, err = tx.ExecContext(ctx, `INSERT INTO extract_refreshes (id, data_set, active, slot, due, tries, document) VALUES ($1, $2, 1, $3, $4, 0, $5)`,
		r.ID, dataSet, slot, now.UnixMicro(), string(doc))
	return r, err
}

// waiting is a refresh that may run.
type waiting struct {
	dash.Refresh
	tries int
}

// due returns the refreshes that are not final, in order, with those that may not run
// yet left out, and when the first of these may.
func (s *Service) due(ctx context.Context) (all []waiting, next time.Time, err error) {
	now := s.now()
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT due, tries, document FROM extract_refreshes WHERE active = 1 ORDER BY due, id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var w waiting
			var at int64
			var doc string
			if err := rows.Scan(&at, &w.tries, &doc); err != nil {
				return err
			}
			if t := time.UnixMicro(at); t.After(now) {
				next = t
				break
			}
			if err := json.Unmarshal([]byte(doc), &w.Refresh); err != nil {
				return err
			}
			all = append(all, w)
		}
		return rows.Err()
	})
	return all, next, err
}

// errGone says that a refresh is not wanted any more: it was stopped, or its data set
// deleted.
var errGone = errors.New("the refresh is not under way any more")

// put keeps a refresh that is under way; errGone if it is not.
func put(ctx context.Context, tx *sql.Tx, r dash.Refresh, tries int, due time.Time) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	open := 1
	if r.State.Final() {
		open = 0
	}
	res, err := tx.ExecContext(ctx, `UPDATE extract_refreshes SET active = $1, due = $2, tries = $3, document = $4 WHERE id = $5 AND active = 1`,
		open, due.UnixMicro(), tries, string(doc), r.ID)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errGone)
	}
	return nil
}

// errReplaced says that what an increment kept rows of is not what answers any more.
var errReplaced = lethe.Errorf(lethe.Conflict, "the extract was erased while it was refreshed by increment")

// commit makes a file the one that answers, and its refresh done. It returns what answered
// before. An increment counts only if the file whose rows it kept still answers: if
// that was erased meanwhile, because of a person in it, its rows must not come back.
func (s *Service) commit(ctx context.Context, w waiting, f File, base string) (old []File, err error) {
	doc, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		was, err := currentIn(ctx, tx, f.DataSet)
		if err != nil && !lethe.Is(err, lethe.NotFound) {
			return err
		}
		if base != "" && was.ID != base {
			return errReplaced
		}
		if err := put(ctx, tx, w.Refresh, w.tries, s.now()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE extract_files SET current = 0 WHERE data_set = $1 AND current = 1`, f.DataSet); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO extract_files (id, data_set, current, document) VALUES ($1, $2, 1, $3)`, f.ID, f.DataSet, string(doc)); err != nil {
			return err
		}
		if err := prune(ctx, tx, f.DataSet); err != nil {
			return err
		}
		old, err = state.Documents[File](ctx, tx, `SELECT document FROM extract_files WHERE data_set = $1 AND current = 0`, f.DataSet)
		return err
	})
	return old, err
}

// history is how many refreshes of a data set are kept.
const history = 500

func prune(ctx context.Context, tx *sql.Tx, dataSet string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM extract_refreshes WHERE data_set = $1 AND active = 0 AND id <= (
		SELECT id FROM extract_refreshes WHERE data_set = $1 AND active = 0 ORDER BY id DESC LIMIT 1 OFFSET $2)`, dataSet, history)
	return err
}

// resume lets refreshes that a crash interrupted go on.
func (s *Service) resume(ctx context.Context) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		rs, err := state.Documents[dash.Refresh](ctx, tx, `SELECT document FROM extract_refreshes WHERE active = 1 ORDER BY id`)
		if err != nil {
			return err
		}
		for _, r := range rs {
			if r.State != dash.Refreshing {
				continue
			}
			r.State, r.Done = dash.Waiting, -1
			doc, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE extract_refreshes SET document = $1 WHERE id = $2`, string(doc), r.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// folder is where the files of a data set are.
func (s *Service) folder(dataSet string) string { return filepath.Join(s.Dir, dataSet) }
