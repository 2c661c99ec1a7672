package access

import (
	"context"
	"database/sql"
	"time"
)

// ConsoleLogin is a user's login to the console that has not ended.
type ConsoleLogin struct {
	// ID names the login. It is not its token, nor leads to it.
	ID             string
	Began, Expires time.Time
}

// loginIDLength is how much of a token's digest names a login.
const loginIDLength = 16

// ConsoleLogins returns a user's logins that have not ended, the newest first.
func (s *Service) ConsoleLogins(ctx context.Context, user string) (logins []ConsoleLogin, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		logins, err = collect(ctx, tx, func(scan func(...any) error) (l ConsoleLogin, err error) {
			var digest string
			var expires int64
			err = scan(&digest, &expires)
			l.ID, l.Expires = digest[:min(loginIDLength, len(digest))], instant(expires)
			l.Began = l.Expires.Add(-SessionLife)
			return l, err
		}, "SELECT digest, expires FROM access_sessions WHERE user_id = $1 AND expires > $2 ORDER BY expires DESC, digest", owner, now())
		return err
	})
	return logins, err
}

// EndConsoleLogin ends one of a user's logins by its ID; "" ends all of them. Ending
// none is no error.
func (s *Service) EndConsoleLogin(ctx context.Context, user, loginID string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM access_sessions WHERE user_id = $1 AND ($2 = '' OR substr(digest, 1, $3) = $2)", owner, loginID, loginIDLength)
		return err
	})
}
