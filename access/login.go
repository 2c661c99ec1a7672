package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"lethe"
)

// SessionLife is how long a console login lasts.
const SessionLife = 12 * time.Hour

// Bounds on passwords; the least is AWS's where an account has no policy of its own.
const (
	minPassword = 8
	maxPassword = 128
)

// LoginProfile is a user's right to log in to the console by password.
type LoginProfile struct {
	User    string
	Created time.Time
	// ResetRequired says that the user must choose another password at the next login by
	// the one there is. Access keys go on without.
	ResetRequired bool
}

func checkNewPassword(password string) error {
	if n := len([]rune(password)); n < minPassword || n > maxPassword {
		return refuse(PasswordPolicy, "Password should have a minimum length of %d and a maximum of %d", minPassword, maxPassword)
	}
	return nil
}

// CreateLoginProfile gives a user a password, which with reset the user must change at the
// first login.
func (s *Service) CreateLoginProfile(ctx context.Context, user, password string, reset bool) (p LoginProfile, err error) {
	switch _, err := s.LoginProfile(ctx, user); {
	case err == nil:
		return p, profileExists(user)
	case !lethe.Is(err, lethe.NotFound):
		return p, err
	}
	if _, err := s.User(ctx, user); err != nil {
		return p, err
	}
	if err := checkNewPassword(password); err != nil {
		return p, err
	}
	hash := hashPassword(password) // outside the transaction: it takes long
	err = s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		n, err := count(ctx, tx, "access_users", "id = $1 AND password <> ''", owner)
		if err != nil {
			return err
		}
		if n > 0 {
			return profileExists(user)
		}
		p = LoginProfile{User: user, Created: instant(now()), ResetRequired: reset}
		if _, err = tx.ExecContext(ctx, "UPDATE access_users SET password = $1, profile_created = $2 WHERE id = $3", hash, p.Created.UnixMicro(), owner); err != nil {
			return err
		}
		return setReset(ctx, tx, owner, &reset)
	})
	return p, err
}

func profileExists(user string) error {
	return lethe.Errorf(lethe.Exists, "Login Profile for user %s already exists.", user)
}

// LoginProfile returns a user's login profile.
func (s *Service) LoginProfile(ctx context.Context, user string) (LoginProfile, error) {
	p := LoginProfile{User: user}
	err := s.db.View(ctx, func(tx *sql.Tx) error {
		_, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		var created int64
		err = tx.QueryRowContext(ctx, "SELECT profile_created, password_reset FROM access_users WHERE name = $1 AND password <> ''", user).Scan(&created, &p.ResetRequired)
		p.Created = instant(created)
		return orNotFound(err, "Login Profile for User %s cannot be found.", user)
	})
	return p, err
}

// UpdateLoginProfile gives a user another password, and ends the user's logins; ""
// leaves both as they are. reset, unless nil, says whether the user must change the
// password at the next login.
func (s *Service) UpdateLoginProfile(ctx context.Context, user, password string, reset *bool) error {
	if password == "" {
		return s.change(ctx, func(tx *sql.Tx) error {
			owner, err := id(ctx, tx, UserNamed(user))
			if err != nil {
				return err
			}
			switch n, err := count(ctx, tx, "access_users", "id = $1 AND password <> ''", owner); {
			case err != nil:
				return err
			case n == 0:
				return lethe.Errorf(lethe.NotFound, "Login Profile for User %s cannot be found.", user)
			}
			return setReset(ctx, tx, owner, reset)
		})
	}
	if err := checkNewPassword(password); err != nil {
		return err
	}
	return s.setPassword(ctx, user, hashPassword(password), "", reset)
}

// DeleteLoginProfile takes a user's password away, and ends the user's logins.
func (s *Service) DeleteLoginProfile(ctx context.Context, user string) error {
	return s.setPassword(ctx, user, "", "", new(false))
}

// Login checks a name and password, or an access key's id and secret, and opens
// a session. Every failure is the same error, of kind Denied.
func (s *Service) Login(ctx context.Context, name, password string) (token string, p lethe.Principal, err error) {
	byKey := strings.HasPrefix(name, keyPrefix)
	if byKey {
		p, err = s.checkKey(ctx, name, password)
	} else {
		p, err = s.checkLogin(ctx, name, password)
	}
	if err != nil {
		return "", lethe.Principal{}, err
	}
	if err := s.recordLogin(ctx, p); err != nil {
		return "", lethe.Principal{}, err
	}
	if p.Zero() {
		return "", p, lethe.Errorf(lethe.Denied, "name or password is wrong")
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if !byKey {
			if _, err := tx.ExecContext(ctx, "UPDATE access_users SET password_used = $1 WHERE id = $2", now(), p.ID); err != nil {
				return err
			}
		}
		token, err = openSession(ctx, tx, p, !byKey)
		return err
	})
	return token, p, err
}

// checkLogin returns whose name and password these are; the zero Principal if
// nobody's, which takes as long to find out for a wrong name as for a wrong password.
func (s *Service) checkLogin(ctx context.Context, name, password string) (p lethe.Principal, err error) {
	stored := absent
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		var id string
		if err := tx.QueryRowContext(ctx, "SELECT id, password FROM access_users WHERE name = $1", name).Scan(&id, &stored); err != nil {
			return err
		}
		p, err = userPrincipal(ctx, tx, id)
		return err
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
	k, err := s.Key(ctx, id)
	if lethe.Is(err, lethe.NotFound) {
		return lethe.Principal{}, nil
	}
	if err != nil || subtle.ConstantTimeCompare([]byte(k.Secret), []byte(secret)) != 1 {
		return lethe.Principal{}, err
	}
	return k.Principal, nil
}

// Session returns whose session a token is; an error of kind Denied if it is
// none or has expired, and ErrPasswordChange beside the principal if the password must
// be changed first.
func (s *Service) Session(ctx context.Context, token string) (p lethe.Principal, err error) {
	var must bool
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		var id string
		if err := tx.QueryRowContext(ctx, "SELECT user_id, password_reset FROM access_sessions WHERE digest = $1 AND expires > $2", digest(token), now()).Scan(&id, &must); err != nil {
			return err
		}
		p, err = userPrincipal(ctx, tx, id)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return p, lethe.Errorf(lethe.Denied, "the session has ended").WithHint("log in again")
	}
	if err == nil && must {
		err = ErrPasswordChange
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
