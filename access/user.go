package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lethe"
)

// User is a person or a program with names and secrets of its own.
type User struct {
	ID, Name, Path string
	Created        time.Time
	PasswordUsed   time.Time // of the last login; zero if never
	Boundary       string    // ARN of a managed policy, or ""
	Tags           []Tag
}

// ARN names the user.
func (u User) ARN() string { return lethe.IAMARN("user" + u.Path + u.Name) }

// NewUser is what CreateUser makes.
type NewUser struct {
	Name, Path, Boundary string
	Tags                 []Tag
}

const userColumns = "SELECT id, name, path, created, password_used, boundary FROM access_users"

func scanUser(scan func(...any) error) (u User, err error) {
	var created, used int64
	err = scan(&u.ID, &u.Name, &u.Path, &created, &used, &u.Boundary)
	u.Created, u.PasswordUsed = instant(created), instant(used)
	return u, err
}

// CreateUser makes a user, who may do nothing yet.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (u User, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := admit(ctx, tx, UserNamed(n.Name), &n.Path); err != nil {
			return err
		}
		if err := checkBoundary(ctx, tx, n.Boundary); err != nil {
			return err
		}
		u = User{ID: newID(userPrefix), Name: n.Name, Path: n.Path, Boundary: n.Boundary, Tags: n.Tags, Created: instant(now())}
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_users (id, name, path, boundary, password, created) VALUES ($1, $2, $3, $4, '', $5)",
			u.ID, u.Name, u.Path, u.Boundary, u.Created.UnixMicro()); err != nil {
			return err
		}
		return setTags(ctx, tx, u.ID, n.Tags)
	})
	return u, err
}

// User returns a user by name.
func (s *Service) User(ctx context.Context, name string) (u User, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		if u, err = scanUser(tx.QueryRowContext(ctx, userColumns+" WHERE name = $1", name).Scan); err != nil {
			return err
		}
		u.Tags, err = tagsOf(ctx, tx, u.ID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = noSuch(UserNamed(name))
	}
	return u, err
}

// Users returns all users by name, without tags.
func (s *Service) Users(ctx context.Context) (users []User, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		users, err = collect(ctx, tx, scanUser, userColumns+" ORDER BY name")
		return err
	})
	return users, err
}

// UpdateUser gives a user a new name or path, whichever is not "".
func (s *Service) UpdateUser(ctx context.Context, name, newName, newPath string) error {
	return s.change(ctx, func(tx *sql.Tx) error { return rename(ctx, tx, UserNamed(name), newName, newPath) })
}

// DeleteUser deletes a user who holds nothing any more: no policies, groups, access
// keys or login profile.
func (s *Service) DeleteUser(ctx context.Context, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(name))
		if err != nil {
			return err
		}
		if err := bare(ctx, tx, owner); err != nil {
			return err
		}
		if err := none(ctx, tx, "access_keys", "user_id", owner, "Cannot delete entity, must delete access keys first."); err != nil {
			return err
		}
		if err := none(ctx, tx, "access_members", "user_id", owner, "Cannot delete entity, must remove users from group first."); err != nil {
			return err
		}
		if err := none(ctx, tx, "access_users", "password <> '' AND id", owner, "Cannot delete entity, must delete login profile first."); err != nil {
			return err
		}
		if err := run(ctx, tx, owner, "DELETE FROM access_sessions WHERE user_id = $1", "DELETE FROM access_identities WHERE user_id = $1", "DELETE FROM access_temporary WHERE owner_id = $1"); err != nil {
			return err
		}
		return drop(ctx, tx, UserType, owner)
	})
}
