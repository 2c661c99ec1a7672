package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"lethe"
	"lethe/lib/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SessionLife is how long a console login lasts.
const SessionLife = 12 * time.Hour

// Service keeps users, keys and logins in the state database. It implements
// Decider and Keys and is safe for concurrent use.
type Service struct {
	db    *state.DB
	audit *Audit

	mu   sync.RWMutex
	keys map[string]key // cache: a key is read for every request
}

type key struct {
	secret    string
	principal lethe.Principal
}

// Open brings the service's tables up to date and returns it.
func Open(ctx context.Context, db *state.DB, audit *Audit) (*Service, error) {
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "access", set); err != nil {
		return nil, err
	}
	return &Service{db: db, audit: audit, keys: map[string]key{}}, nil
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
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		var n int64
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM access_users").Scan(&n); err != nil || n > 0 {
			return err
		}
		c := Credentials{Name: "admin", Password: lethe.NewSecret(), AccessKeyID: newKeyID(), SecretKey: newSecretKey()}
		now, id := time.Now().UnixMicro(), newUserID()
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_users (id, name, administrator, password, created) VALUES ($1, $2, 1, $3, $4)",
			id, c.Name, hashPassword(c.Password), now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_keys (id, secret, user_id, active, created) VALUES ($1, $2, $3, 1, $4)",
			c.AccessKeyID, c.SecretKey, id, now); err != nil {
			return err
		}
		made = true
		return publish(c)
	})
	return made && err == nil, err
}

// AdministratorKey returns an active access key of an administrator, for the
// credentials file of the machine that runs the lake.
func (s *Service) AdministratorKey(ctx context.Context) (id, secret string, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT k.id, k.secret FROM access_keys k JOIN access_users u ON u.id = k.user_id
			WHERE u.administrator = 1 AND k.active = 1 ORDER BY k.created, k.id LIMIT 1`).Scan(&id, &secret)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = lethe.Errorf(lethe.NotFound, "no administrator has an active access key")
	}
	return id, secret, err
}

// Secret implements Keys.
func (s *Service) Secret(ctx context.Context, accessKeyID string) (string, lethe.Principal, error) {
	s.mu.RLock()
	k, ok := s.keys[accessKeyID]
	s.mu.RUnlock()
	if ok {
		return k.secret, k.principal, nil
	}
	err := s.db.View(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `SELECT k.secret, u.id, u.name, u.administrator FROM access_keys k
			JOIN access_users u ON u.id = k.user_id WHERE k.id = $1 AND k.active = 1`, accessKeyID)
		return scanPrincipal(row, &k.principal, &k.secret)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", lethe.Principal{}, lethe.Errorf(lethe.NotFound, "there is no active access key %q", accessKeyID)
	}
	if err != nil {
		return "", lethe.Principal{}, err
	}
	s.mu.Lock()
	s.keys[accessKeyID] = k
	s.mu.Unlock()
	return k.secret, k.principal, nil
}

// scanPrincipal reads what comes before, then id, name and administrator.
func scanPrincipal(row *sql.Row, p *lethe.Principal, before ...any) error {
	var admin int64
	if err := row.Scan(append(before, &p.ID, &p.Name, &admin)...); err != nil {
		return err
	}
	p.ARN, p.Administrator = lethe.UserARN(p.Name), admin == 1
	return nil
}

// Decide implements Decider: administrators may do everything, others nothing.
func (s *Service) Decide(ctx context.Context, p lethe.Principal, action, resource string) error {
	allowed := p.Administrator
	s.audit.Record(p, action, resource, allowed)
	if allowed {
		return nil
	}
	who := p.ARN
	if p.Zero() {
		who = "an anonymous caller"
	}
	return lethe.Errorf(lethe.Denied, "%s is not authorized to perform %s on %s", who, action, resource)
}

// Login checks a name and password, or an access key's id and secret, and opens
// a session. Every failure is the same error, of kind Denied.
func (s *Service) Login(ctx context.Context, name, password string) (token string, p lethe.Principal, err error) {
	if strings.HasPrefix(name, keyPrefix) {
		p, err = s.checkKey(ctx, name, password)
	} else {
		p, err = s.checkLogin(ctx, name, password)
	}
	if err != nil {
		return "", lethe.Principal{}, err
	}
	who := p
	if p.Zero() {
		who.Name = name
	}
	s.audit.Record(who, "console:Login", "*", !p.Zero())
	if p.Zero() {
		return "", p, lethe.Errorf(lethe.Denied, "name or password is wrong")
	}
	token = rand.Text() + rand.Text()
	now := time.Now()
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM access_sessions WHERE expires < $1", now.UnixMicro()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO access_sessions (digest, user_id, expires) VALUES ($1, $2, $3)",
			digest(token), p.ID, now.Add(SessionLife).UnixMicro())
		return err
	})
	return token, p, err
}

// checkLogin returns whose name and password these are; the zero Principal if
// nobody's, which takes as long to find out for a wrong name as for a wrong password.
func (s *Service) checkLogin(ctx context.Context, name, password string) (p lethe.Principal, err error) {
	stored := absent
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "SELECT password, id, name, administrator FROM access_users WHERE name = $1", name)
		return scanPrincipal(row, &p, &stored)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return lethe.Principal{}, err
	}
	if stored == "" {
		stored = absent
	}
	if !checkPassword(stored, password) {
		return lethe.Principal{}, nil
	}
	return p, nil
}

// checkKey returns whose access key this is; the zero Principal if nobody's.
func (s *Service) checkKey(ctx context.Context, id, secret string) (lethe.Principal, error) {
	want, p, err := s.Secret(ctx, id)
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Principal{}, nil
	}
	if err != nil || subtle.ConstantTimeCompare([]byte(want), []byte(secret)) != 1 {
		return lethe.Principal{}, err
	}
	return p, nil
}

// Session returns whose session a token is; an error of kind Denied if it is
// none or has expired.
func (s *Service) Session(ctx context.Context, token string) (p lethe.Principal, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `SELECT u.id, u.name, u.administrator FROM access_sessions s
			JOIN access_users u ON u.id = s.user_id WHERE s.digest = $1 AND s.expires > $2`, digest(token), time.Now().UnixMicro())
		return scanPrincipal(row, &p)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return p, lethe.Errorf(lethe.Denied, "the session has ended").WithHint("log in again")
	}
	return p, err
}

// Logout ends a session. Ending none is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM access_sessions WHERE digest = $1", digest(token))
		return err
	})
}

func digest(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// keyPrefix begins the ids of access keys.
const keyPrefix = "AKIA"

// newKeyID and newUserID have the form of AWS's unique identifiers (IAM User
// Guide, "Unique identifiers"), which some clients check.
func newKeyID() string  { return keyPrefix + rand.Text()[:16] }
func newUserID() string { return "AIDA" + rand.Text()[:17] }

func newSecretKey() string {
	var b [30]byte
	rand.Read(b[:])
	return base64.RawStdEncoding.EncodeToString(b[:])
}

// The cost of a password hash: 64 MiB and three passes, RFC 9106's choice for
// where memory is short (section 4), with one lane.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonLanes   = 1
	argonKeySize = 32
)

func hashPassword(password string) string {
	var salt [16]byte
	rand.Read(salt[:])
	return phc(salt[:], argon2.IDKey([]byte(password), salt[:], argonTime, argonMemory, argonLanes, argonKeySize))
}

func phc(salt, hash []byte) string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, e.EncodeToString(salt), e.EncodeToString(hash))
}

// absent is the hash of a password that nobody has, so that a login with a
// wrong name costs what one with a wrong password does.
var absent = phc(make([]byte, 16), make([]byte, argonKeySize))

func checkPassword(stored, password string) bool {
	f := strings.Split(stored, "$")
	if len(f) != 6 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(f[4])
	if err != nil {
		return false
	}
	got := phc(salt, argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKeySize))
	return subtle.ConstantTimeCompare([]byte(got), []byte(stored)) == 1
}
