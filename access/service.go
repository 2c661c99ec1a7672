package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/lib/seal"
	"lethe/lib/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Service keeps users, keys, policies and logins in the state database. It implements
// Decider and Keys and is safe for concurrent use.
type Service struct {
	db        *state.DB
	seals     *seal.Keyring
	audit     *Audit
	resources sync.Map // ResourcePolicies by the beginning of ARNs

	// generation counts changes; see cache.
	generation atomic.Uint64
	keys       cache[Key]
	cached     cache[*rights]
	parsed     parsed

	tables  Tables // nil where nobody told where tables lie
	rules   atomic.Pointer[ruleBook]
	guarded atomic.Pointer[places]
	maskKey atomic.Pointer[[]byte]

	uses useLog
	stop context.CancelFunc
	done chan struct{}
}

// Open brings the service's tables up to date and returns it. Secrets lie in them
// sealed. It must be closed before the database.
func Open(ctx context.Context, db *state.DB, seals *seal.Keyring, audit *Audit) (*Service, error) {
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "access", set); err != nil {
		return nil, err
	}
	s := &Service{db: db, seals: seals, audit: audit, done: make(chan struct{})}
	s.generation.Store(1)
	if err := s.sealAll(ctx); err != nil {
		return nil, err
	}
	if audit != nil {
		if audit.key, err = s.auditKey(ctx); err != nil {
			return nil, err
		}
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	go s.work(ctx)
	return s, nil
}

// work writes the uses of keys down from time to time.
func (s *Service) work(ctx context.Context) {
	defer close(s.done)
	t := time.NewTicker(flushUses)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			// A use that cannot be written down is lost; the next shows the
			// fault where somebody waits for an answer.
			_ = s.writeUses(ctx)
		}
	}
}

// Close writes down what is not yet. It may be called more than once.
func (s *Service) Close() error {
	s.stop()
	<-s.done
	return s.writeUses(context.Background())
}

// change runs a transaction that may change what somebody may do. Nothing that was
// read before it is used once it has returned.
func (s *Service) change(ctx context.Context, fn func(tx *sql.Tx) error) error {
	defer s.generation.Add(1) // also after an error: it may come after the commit
	return s.db.Tx(ctx, fn)
}

// auditKey returns the key by which the audit hides the names of objects; it is made
// once and kept in the state database.
func (s *Service) auditKey(ctx context.Context) (key []byte, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		var made [32]byte
		rand.Read(made[:])
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_lake (name, value) VALUES ('audit-key', $1) ON CONFLICT DO NOTHING", s.seals.Seal([]byte(hex.EncodeToString(made[:])), "access_lake", "value", "audit-key")); err != nil {
			return err
		}
		var text string
		if err := tx.QueryRowContext(ctx, "SELECT value FROM access_lake WHERE name = 'audit-key'").Scan(&text); err != nil {
			return err
		}
		if err := s.unsealed(&text, "access_lake", "value", "audit-key"); err != nil {
			return err
		}
		key, err = hex.DecodeString(text)
		return err
	})
	return key, err
}

// Credentials are what a new user gets to know once.
type Credentials struct {
	Name        string
	Password    string
	AccessKeyID string
	SecretKey   string
}

// Bootstrap makes the administrator if there is no user yet. Publish is called
// with its credentials before they become valid, and must keep them where the
// operator finds them: if it fails, or the machine does, nothing was made and
// the next Bootstrap makes others. It reports whether there was something to do.
func (s *Service) Bootstrap(ctx context.Context, publish func(Credentials) error) (bool, error) {
	made := false
	err := s.change(ctx, func(tx *sql.Tx) error {
		n, err := count(ctx, tx, "access_users", "1 = 1")
		if err != nil || n > 0 {
			return err
		}
		c := Credentials{Name: "admin", Password: lethe.NewSecret(), AccessKeyID: newKeyID(keyPrefix), SecretKey: newSecretKey()}
		at, owner := now(), newID(userPrefix)
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_users (id, name, password, created, profile_created) VALUES ($1, $2, $3, $4, $4)",
			owner, c.Name, hashPassword(c.Password), at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_attachments (owner_id, policy_arn) VALUES ($1, $2)", owner, AdministratorAccess); err != nil {
			return err
		}
		if err := s.insertKey(ctx, tx, c.AccessKeyID, c.SecretKey, owner, instant(at)); err != nil {
			return err
		}
		made = true
		return publish(c)
	})
	return made && err == nil, err
}

// AdministratorKey returns an active access key of a user who holds
// AdministratorAccess, for the credentials file of the machine that runs the lake.
func (s *Service) AdministratorKey(ctx context.Context) (id, secret string, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT k.id, k.secret FROM access_keys k WHERE k.active = 1 AND EXISTS (
			SELECT 1 FROM access_attachments a WHERE a.policy_arn = $1 AND (a.owner_id = k.user_id
				OR a.owner_id IN (SELECT group_id FROM access_members WHERE user_id = k.user_id)))
			ORDER BY k.created, k.id LIMIT 1`, AdministratorAccess).Scan(&id, &secret)
	})
	if err == nil {
		err = s.unsealed(&secret, "access_keys", "secret", id)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = lethe.Errorf(lethe.NotFound, "no user who holds AdministratorAccess has an active access key")
	}
	return id, secret, err
}
