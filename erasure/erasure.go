package erasure

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/state"
	"lethe/object"
	"lethe/workflow"
)

//go:embed migrations/*.sql
var files embed.FS

// Config is what a Service works with.
type Config struct {
	DB      *state.DB
	Store   object.Store
	Catalog catalog.Catalog
	// Statistics is what the catalog stores of the values in its tables; nil if nothing.
	Statistics Statistics
	Index      Index
	Key        *HashKey // of the identifiers in the index
	// Format returns how the objects of a table, or of one of its partitions, are
	// read: its error is of kind Unsupported where they cannot be.
	Format func(t catalog.Table, s catalog.Storage, key string) (Format, error)
	// FormatOf returns how the objects of a mapping's location are read, by the
	// mapping's format; errors as Format's.
	FormatOf func(format, key string) (Format, error)
	// SecondReader, unless nil, verifies what a cut has left besides its Format.
	SecondReader SecondReader
	// Seal keeps the identifiers of open requests, and Engine runs their processes,
	// as Register says.
	Seal   Sealer
	Engine workflow.Engine
	// Reports is the bucket of reports and certificates, and Sign signs these.
	Reports string
	Sign    ed25519.PrivateKey
	// Approvals is how many persons must approve a report: 0 means one.
	Approvals int
	// Dir is for temporary files, and nobody else's.
	Dir string
	Log *slog.Logger
	// Holders are asked for the person of each request, besides the mapped objects.
	Holders []Holder
	// Mail tells people; nil if none is configured, and then nobody is told by mail.
	Mail Mailer
	// Approvers are asked by mail to decide, Escalation is the address that is told where
	// a person must look; "" for nobody.
	Approvers  []Approver
	Escalation string
	// URL is where browsers reach the console, for the links in letters.
	URL func() string
	// Remind is how often those who have not decided are reminded: 0 means every 3 days.
	// Patience is how long a report waits until it is Overdue: 0 means 14 days. It waits
	// on all the same: it is never given up by itself.
	Remind, Patience time.Duration
	// Hook posts a Posted, as JSON, of requests that have ended or need a person; nil posts
	// nothing. The id is the same when it is sent again.
	Hook func(ctx context.Context, id string, body []byte) error
	// Audit records a step of a request; nil records nothing.
	Audit func(ctx context.Context, a Audited) error
	// Inbox is where files with persons to erase are put.
	Inbox Inbox
	// AtOnce is how many objects are read at the same time: 0 means 2.
	AtOnce int
}

// Sealer keeps a secret such that only it can open it again, with the same words.
type Sealer interface {
	Seal(plain []byte, words ...string) string
	Unseal(text string, words ...string) ([]byte, error)
}

// Service knows what identifies persons in a lake, and keeps the index. Whether a
// principal may do what it does is its callers' to decide.
type Service struct {
	Config
	change     sync.Mutex // of types and mappings
	scopes     scopes
	suppressed suppressed
	building   building
	exactness  exactness
	working    working
	kick       chan struct{} // has Run look now
}

// Open makes the service.
func Open(ctx context.Context, c Config) (*Service, error) {
	if c.AtOnce <= 0 {
		c.AtOnce = 2
	}
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "erasure", migrations); err != nil {
		return nil, err
	}
	c.Approvals = max(c.Approvals, 1)
	s := &Service{Config: c, kick: make(chan struct{}, 1)}
	if err := s.sameKey(ctx); err != nil {
		return nil, err
	}
	return s, s.suppressed.load(ctx, c.DB)
}

// sameKey refuses another key than the one that hashes were made with: the index
// and the list of persons who must not come back would find nobody.
func (s *Service) sameKey(ctx context.Context) error {
	proof := s.Key.Hash("proof", "").String()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		var have string
		err := tx.QueryRowContext(ctx, `SELECT proof FROM erasure_key`).Scan(&have)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			_, err = tx.ExecContext(ctx, `INSERT INTO erasure_key (one, proof) VALUES (1, $1)`, proof)
		case err == nil && have != proof:
			err = lethe.Errorf(lethe.BadData, "the key of the identifiers' hashes is not the one that the index and the list of erased persons were made with").
				WithHint("restore it from a backup")
		}
		return err
	})
}

// put keeps a document in a table of documents.
func (s *Service) put(ctx context.Context, table, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	defer s.scopes.forget()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (name, document) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET document = excluded.document`, name, string(raw))
		return err
	})
}

func (s *Service) remove(ctx context.Context, table, what, name string) error {
	defer s.scopes.forget()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE name = $1`, name)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return lethe.Errorf(lethe.NotFound, "there is no %s %q", what, name)
		}
		return nil
	})
}

// all reads a table of documents.
func all[T any](ctx context.Context, db *state.DB, table string) (out []T, err error) {
	err = db.View(ctx, func(tx *sql.Tx) error {
		out, err = state.Documents[T](ctx, tx, `SELECT document FROM `+table+` ORDER BY name`)
		return err
	})
	return out, err
}
