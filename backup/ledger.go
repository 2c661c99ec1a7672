package backup

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"io/fs"
	"time"

	"lethe"
	"lethe/lib/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Ledger is what a lake knows of its backups, which hold whom it erases.
type Ledger struct{ db *state.DB }

// Entry is a backup in the ledger, from before it is begun until it is seen to be gone.
type Entry struct {
	ID      string    `json:"id"`
	Place   string    `json:"place"`
	State   State     `json:"state"`
	Made    time.Time `json:"made,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	Problem string    `json:"problem,omitempty"` // of one that failed
	Files   int64     `json:"files"`
	Bytes   int64     `json:"bytes"`
	Copied  int64     `json:"copied"` // of these, that were not there before
	// Missing counts blobs that the lake itself had lost.
	Missing int64 `json:"missing,omitempty"`
}

// Status is an entry, and how far its backup is while it is being made.
type Status struct {
	Entry
	Progress *Progress `json:"progress,omitempty"`
}

// Wanted says what backup a lake is to make.
type Wanted struct {
	To      string    // an absolute path, or s3://bucket/prefix
	Expires time.Time // zero: never
	NoKeys  bool      // leaves the lake's keys out
}

// State is how a backup is.
type State string

// The states of backups. What one has copied that failed, or was being made when the
// lake was killed, is there until it is pruned.
const (
	Making State = "making"
	Made   State = "made"
	Failed State = "failed"
)

// OpenLedger opens the ledger in a lake's state. Backups that were being made when the
// lake ended have failed.
func OpenLedger(ctx context.Context, db *state.DB) (*Ledger, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "backup", files); err != nil {
		return nil, err
	}
	l := &Ledger{db}
	all, err := l.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if e.State == Making {
			e.State, e.Problem = Failed, "the lake ended while it was being made"
			if err := l.Put(ctx, e); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// Put keeps an entry, in place of the one with its id.
func (l *Ledger) Put(ctx context.Context, e Entry) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error { return put(ctx, tx, e) })
}

func put(ctx context.Context, tx *sql.Tx, e Entry) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO backup_ledger (id, document) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET document = excluded.document`, e.ID, string(raw))
	return err
}

// Drop takes out a backup that is gone.
func (l *Ledger) Drop(ctx context.Context, id string) error {
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM backup_ledger WHERE id = $1`, id)
		return err
	})
}

// All returns all entries, the oldest first.
func (l *Ledger) All(ctx context.Context) (all []Entry, err error) {
	err = l.db.View(ctx, func(tx *sql.Tx) error {
		all, err = state.Documents[Entry](ctx, tx, `SELECT document FROM backup_ledger ORDER BY id`)
		return err
	})
	return all, err
}

// Adopt enters the backups that a restored lake was found beside, of which its own
// ledger knows only the older.
func (l *Ledger) Adopt(ctx context.Context, place string, ms []Manifest) error {
	for _, m := range ms {
		e := Entry{ID: m.ID, Place: place, State: Made, Made: m.Made, Expires: m.Expires, Files: m.Blobs, Bytes: m.BlobBytes, Missing: m.Missing}
		if err := l.Put(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Told returns the requests that are kept beside the backups of a repository, and
// whether each was closed then.
func (l *Ledger) Told(ctx context.Context, r *Repository) (told map[string]bool, err error) {
	told = map[string]bool{}
	return told, l.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT request, closed FROM backup_told WHERE repository = $1`, r.ID)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var request string
			var closed int64
			if err := rows.Scan(&request, &closed); err != nil {
				return err
			}
			told[request] = closed == 1
		}
		return rows.Err()
	})
}

// Tell keeps an erasure beside the backups of a repository, and that it is.
func (l *Ledger) Tell(ctx context.Context, r *Repository, e Erased) error {
	if err := r.Keep(ctx, e); err != nil {
		return lethe.Errorf(lethe.KindOf(err), "an erasure cannot be kept beside the backups at %s: %w", r, err)
	}
	closed := 0
	if e.Closed() {
		closed = 1
	}
	return l.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO backup_told (repository, request, closed) VALUES ($1, $2, $3)
			ON CONFLICT (repository, request) DO UPDATE SET closed = excluded.closed`, r.ID, e.Request, closed)
		return err
	})
}
