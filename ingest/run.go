package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"lethe"
	"lethe/lib/state"
)

// Phase says how far a run is.
type Phase string

// The phases of a run. The last two are final.
const (
	Writing    Phase = "writing"    // reads sources; nothing is to be seen yet
	Committing Phase = "committing" // is about to happen, or happened just now
	Done       Phase = "done"
	Failed     Phase = "failed" // nothing happened
)

// Final reports whether the run will not change any more.
func (p Phase) Final() bool { return p == Done || p == Failed }

// Run is a job's run.
type Run struct {
	ID        string    `json:"id"`
	Job       Job       `json:"job"`
	Principal string    `json:"principal"` // ARN of who started it
	Phase     Phase     `json:"phase"`
	Progress  *Progress `json:"progress,omitempty"` // while it works
	Report    Report    `json:"report"`             // complete when final
	Error     string    `json:"error,omitempty"`    // why it failed
	Kind      string    `json:"kind,omitempty"`     // the error's kind
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended,omitzero"`
}

// Progress says how far the work is.
type Progress struct {
	Step      string `json:"step"`       // inferring, reading, transforming, storing, registering
	Files     int    `json:"files"`      // sources
	FilesDone int    `json:"files_done"` //
	Bytes     int64  `json:"bytes"`      // of the sources, as they are stored
	BytesDone int64  `json:"bytes_done"` // of this step
	Rows      int64  `json:"rows"`       // read so far
	BadRows   int64  `json:"bad_rows"`
}

// Report says what a run did.
type Report struct {
	Sources []Source `json:"sources,omitempty"`
	// Skipped are objects under the sources' prefixes that were not read,
	// because their names begin with a dot or an underscore.
	Skipped []string `json:"skipped,omitempty"`
	// RowsRead are rows of the sources, bad ones not counted.
	RowsRead int64 `json:"rows_read"`
	// BadRows were not taken; Bad shows the first of them.
	BadRows int64    `json:"bad_rows"`
	Bad     []BadRow `json:"bad,omitempty"`
	// Quarantine is the object that holds all bad rows.
	Quarantine string `json:"quarantine,omitempty"`
	// BlankLines are empty lines, which are no rows where rows have several
	// columns.
	BlankLines int64 `json:"blank_lines,omitempty"`
	// Ignored counts keys of JSON objects for which there is no column.
	Ignored map[string]int64 `json:"ignored,omitempty"`
	// RowsWritten are rows of the table.
	RowsWritten int64 `json:"rows_written"`
	// FilesWritten and BytesWritten are the table's objects, Partitions its
	// partitions with rows.
	FilesWritten int   `json:"files_written"`
	BytesWritten int64 `json:"bytes_written"`
	Partitions   int   `json:"partitions,omitempty"`
	// FilesReplaced are the objects of the run before, which are gone.
	FilesReplaced int `json:"files_replaced"`
}

// nothing says that nothing was written after all.
func (r *Report) nothing() {
	r.RowsWritten, r.FilesWritten, r.BytesWritten, r.FilesReplaced, r.Partitions, r.Quarantine = 0, 0, 0, 0, 0, ""
}

// Source is an object that a run read.
type Source struct {
	Object string `json:"object"` // s3://bucket/key
	Size   int64  `json:"size"`
	ETag   string `json:"etag"`
}

// keptRuns is how many runs are remembered.
const keptRuns = 1000

// Runs lists the latest runs, the newest first; limit 0 means all that are kept.
func (s *Service) Runs(ctx context.Context, limit int) (runs []Run, err error) {
	if limit <= 0 || limit > keptRuns {
		limit = keptRuns
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		runs, err = state.Documents[Run](ctx, tx, `SELECT document FROM ingest_runs ORDER BY id DESC LIMIT $1`, limit)
		return err
	})
	for i, r := range runs {
		runs[i] = s.live(r)
	}
	return runs, err
}

// Get returns one run.
func (s *Service) Get(ctx context.Context, id string) (r Run, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		var doc string
		err := tx.QueryRowContext(ctx, `SELECT document FROM ingest_runs WHERE id = $1`, id).Scan(&doc)
		if errors.Is(err, sql.ErrNoRows) {
			return noRun(id)
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(doc), &r)
	})
	return s.live(r), err
}

func noRun(id string) error { return lethe.Errorf(lethe.NotFound, "there is no ingest %s", id) }

// live adds what only memory knows of a run that works.
func (s *Service) live(r Run) Run {
	s.mu.Lock()
	p := s.running[r.ID]
	s.mu.Unlock()
	if p != nil && !r.Phase.Final() {
		now := p.now()
		r.Progress = &now
	}
	return r
}

// Wait returns a run when it is final, or ctx's error.
func (s *Service) Wait(ctx context.Context, id string) (Run, error) {
	s.mu.Lock()
	p := s.running[id]
	s.mu.Unlock()
	if p != nil {
		select {
		case <-p.done:
		case <-ctx.Done():
			return Run{}, ctx.Err()
		}
	}
	return s.Get(ctx, id)
}

// Cancel stops a run, which then fails without a trace, unless it has happened
// already. It does not wait.
func (s *Service) Cancel(ctx context.Context, id string) error {
	s.mu.Lock()
	p := s.running[id]
	s.mu.Unlock()
	if p == nil {
		r, err := s.Get(ctx, id)
		if err != nil {
			return err
		}
		return lethe.Errorf(lethe.Conflict, "ingest %s is %s", id, r.Phase)
	}
	p.cancel(lethe.Errorf(lethe.Canceled, "the ingest was canceled"))
	return nil
}

// insertRun records a run that begins, and forgets the oldest.
func (s *Service) insertRun(ctx context.Context, r Run) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO ingest_runs (id, target, phase, document) VALUES ($1, $2, $3, $4)`, r.ID, r.Job.Target(), string(r.Phase), string(doc))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM ingest_runs WHERE phase IN ('done', 'failed') AND id NOT IN (SELECT id FROM ingest_runs ORDER BY id DESC LIMIT $1)`, keptRuns)
		return err
	})
}

// updateRun writes a run's phase and document; plan is kept while committing.
func updateRun(ctx context.Context, tx *sql.Tx, r Run, plan any) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE ingest_runs SET phase = $1, document = $2, plan = $3 WHERE id = $4`, string(r.Phase), string(doc), plan, r.ID)
	return err
}
