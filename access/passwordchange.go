package access

import (
	"context"
	"database/sql"
	"errors"

	"lethe"
)

// ErrPasswordChange is what Session answers, together with the principal, of a login by
// a password that its user must change first (LoginProfile.ResetRequired): such a login
// may change the password, ask who it is, and end, and nothing else.
var ErrPasswordChange = lethe.Errorf(lethe.Denied, "the password must be changed before anything else").
	WithHint("change it on the console's page, or with PUT /api/v1/session/password")

// ChangeSessionPassword changes the password of whose login a token is: the old one must
// be right, and the new one another. The login goes on, and the user's others end. Whether
// the user may change the password is the caller's to decide, unless the login waits for
// the change: who must may.
func (s *Service) ChangeSessionPassword(ctx context.Context, token, old, password string) error {
	p, err := s.Session(ctx, token)
	if err != nil && !errors.Is(err, ErrPasswordChange) {
		return err
	}
	if err := s.checkChange(ctx, p, old, password); err != nil {
		return err
	}
	err = s.setPassword(ctx, p.Name, hashPassword(password), digest(token), new(false))
	s.RecordChange(ctx, p, "iam:ChangePassword", p.ARN, err)
	return err
}

// ChangePassword is a user's own change of a password: the old one must be right. The
// user's logins end.
func (s *Service) ChangePassword(ctx context.Context, p lethe.Principal, old, password string) error {
	if err := s.checkChange(ctx, p, old, password); err != nil {
		return err
	}
	return s.setPassword(ctx, p.Name, hashPassword(password), "", new(false))
}

func (s *Service) checkChange(ctx context.Context, p lethe.Principal, old, password string) error {
	who, err := s.checkLogin(ctx, p.Name, old)
	if err != nil {
		return err
	}
	if who.Zero() || who.ID != p.ID {
		return lethe.Errorf(lethe.Denied, "The old password was incorrect.")
	}
	if old == password {
		return refuse(PasswordPolicy, "The new password must be another than the old one.")
	}
	return checkNewPassword(password)
}

// setPassword replaces a password's hash and ends all logins but the one of keep, a
// session's digest. reset is as in setReset.
func (s *Service) setPassword(ctx context.Context, user, hash, keep string, reset *bool) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "UPDATE access_users SET password = $1 WHERE id = $2 AND password <> ''", hash, owner)
		if err := affected(r, err, "Login Profile for User %s cannot be found.", user); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, "DELETE FROM access_sessions WHERE user_id = $1 AND digest <> $2", owner, keep); err != nil {
			return err
		}
		return setReset(ctx, tx, owner, reset)
	})
}

// setReset says whether a user must choose another password; nil leaves it as it is. If
// not, logins that wait for it wait no more.
func setReset(ctx context.Context, tx *sql.Tx, owner string, reset *bool) error {
	if reset == nil {
		return nil
	}
	must := 0
	if *reset {
		must = 1
	}
	if _, err := tx.ExecContext(ctx, "UPDATE access_users SET password_reset = $1 WHERE id = $2", must, owner); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE access_sessions SET password_reset = 0 WHERE user_id = $1 AND $2 = 0", owner, must)
	return err
}
