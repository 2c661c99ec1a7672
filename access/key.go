package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"lethe"
)

// Key is what verifying a signature needs of an access key.
type Key struct {
	Secret string
	// SessionToken must come with requests if it is not empty: the key is temporary.
	SessionToken string
	// Expires is when a temporary key ends.
	Expires   time.Time
	Principal lethe.Principal
}

// AccessKey is a user's key without its secret.
type AccessKey struct {
	ID      string
	User    string
	Active  bool
	Created time.Time
	Use
}

// Use is when an access key was last used, and for what; it is up to a minute late.
type Use struct {
	Used            time.Time // zero if never
	Service, Region string
}

func newSecretKey() string {
	var b [30]byte
	rand.Read(b[:])
	return base64.RawStdEncoding.EncodeToString(b[:])
}

// Key implements Keys.
func (s *Service) Key(ctx context.Context, accessKeyID string) (Key, error) {
	generation := s.generation.Load()
	if k, ok := s.keys.get(accessKeyID, generation); ok {
		return k, nil
	}
	var k Key
	err := s.db.View(ctx, func(tx *sql.Tx) (err error) {
		if len(accessKeyID) > 4 && accessKeyID[:4] == temporaryPrefix {
			k, err = s.temporaryKey(ctx, tx, accessKeyID)
			return err
		}
		k, err = s.userKey(ctx, tx, accessKeyID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, lethe.Errorf(lethe.NotFound, "there is no active access key %q", accessKeyID)
	}
	if err != nil {
		return Key{}, err
	}
	s.keys.put(accessKeyID, generation, k)
	return k, nil
}

func (s *Service) userKey(ctx context.Context, tx *sql.Tx, id string) (k Key, err error) {
	var user string
	err = tx.QueryRowContext(ctx, "SELECT secret, user_id FROM access_keys WHERE id = $1 AND active = 1", id).Scan(&k.Secret, &user)
	if err != nil {
		return k, err
	}
	if err := s.unsealed(&k.Secret, "access_keys", "secret", id); err != nil {
		return k, err
	}
	k.Principal, err = userPrincipal(ctx, tx, user)
	return k, err
}

// userPrincipal is the principal that a user's own requests are made by.
func userPrincipal(ctx context.Context, tx *sql.Tx, id string) (lethe.Principal, error) {
	u, err := scanUser(tx.QueryRowContext(ctx, userColumns+" WHERE id = $1", id).Scan)
	if err != nil {
		return lethe.Principal{}, err
	}
	administrator, err := count(ctx, tx, "access_attachments", `policy_arn = $1 AND (owner_id = $2 OR owner_id IN (SELECT group_id FROM access_members WHERE user_id = $2))`, AdministratorAccess, id)
	return lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN(), Administrator: administrator > 0}, err
}

// CreateAccessKey gives a user a key, of which there are at most two. The secret is
// not told again.
func (s *Service) CreateAccessKey(ctx context.Context, user string) (k AccessKey, secret string, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		n, err := count(ctx, tx, "access_keys", "user_id = $1", owner)
		if err != nil {
			return err
		}
		if err := atMost(n, maxKeysPerUser, "AccessKeysPerUser"); err != nil {
			return err
		}
		k, secret = AccessKey{ID: newKeyID(keyPrefix), User: user, Active: true, Created: instant(now())}, newSecretKey()
		return s.insertKey(ctx, tx, k.ID, secret, owner, k.Created)
	})
	return k, secret, err
}

// NewKeyPair makes an access key's id and secret, which open nothing yet.
func NewKeyPair() (id, secret string) { return newKeyID(keyPrefix), newSecretKey() }

// AddAccessKey is CreateAccessKey with a key that NewKeyPair made. To add one that the
// user has already is no error.
func (s *Service) AddAccessKey(ctx context.Context, user, keyID, secret string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		same, err := count(ctx, tx, "access_keys", "id = $1 AND user_id = $2", keyID, owner)
		if err != nil || same > 0 {
			return err
		}
		n, err := count(ctx, tx, "access_keys", "user_id = $1", owner)
		if err != nil {
			return err
		}
		if err := atMost(n, maxKeysPerUser, "AccessKeysPerUser"); err != nil {
			return err
		}
		return s.insertKey(ctx, tx, keyID, secret, owner, instant(now()))
	})
}

func (s *Service) insertKey(ctx context.Context, tx *sql.Tx, id, secret, owner string, created time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO access_keys (id, secret, user_id, active, created) VALUES ($1, $2, $3, 1, $4)", id, s.seals.Seal([]byte(secret), "access_keys", "secret", id), owner, created.UnixMicro())
	return err
}

// AccessKeys returns a user's keys, the oldest first.
func (s *Service) AccessKeys(ctx context.Context, user string) (keys []AccessKey, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		keys, err = collect(ctx, tx, scanKey, keyColumns+" WHERE k.user_id = $1 ORDER BY k.created, k.id", owner)
		return err
	})
	for i := range keys {
		s.uses.latest(&keys[i])
	}
	return keys, err
}

const keyColumns = `SELECT k.id, u.name, k.active, k.created, k.used, k.used_service, k.used_region FROM access_keys k JOIN access_users u ON u.id = k.user_id`

func scanKey(scan func(...any) error) (k AccessKey, err error) {
	var active, created, used int64
	err = scan(&k.ID, &k.User, &active, &created, &used, &k.Service, &k.Region)
	k.Active, k.Created, k.Used = active == 1, instant(created), instant(used)
	return k, err
}

// AccessKey returns a user's key by its id.
func (s *Service) AccessKey(ctx context.Context, id string) (k AccessKey, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		k, err = scanKey(tx.QueryRowContext(ctx, keyColumns+" WHERE k.id = $1", id).Scan)
		return err
	})
	if err != nil {
		return k, orNotFound(err, "The Access Key with id %s cannot be found", id)
	}
	s.uses.latest(&k)
	return k, nil
}

// SetAccessKeyActive lets a user's key count or not.
func (s *Service) SetAccessKeyActive(ctx context.Context, user, keyID string, active bool) error {
	return s.changeKey(ctx, user, keyID, "UPDATE access_keys SET active = "+boolean(active)+" WHERE id = $1 AND user_id = $2")
}

// DeleteAccessKey deletes a user's key.
func (s *Service) DeleteAccessKey(ctx context.Context, user, keyID string) error {
	return s.changeKey(ctx, user, keyID, "DELETE FROM access_keys WHERE id = $1 AND user_id = $2")
}

func (s *Service) changeKey(ctx context.Context, user, keyID, statement string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, statement, keyID, owner)
		return affected(r, err, "The Access Key with id %s cannot be found.", keyID)
	})
}

func boolean(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
