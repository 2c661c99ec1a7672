package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lethe"
)

// Group holds policies that count for all its members.
type Group struct {
	ID, Name, Path string
	Created        time.Time
}

// ARN names the group.
func (g Group) ARN() string { return lethe.IAMARN("group" + g.Path + g.Name) }

const groupColumns = "SELECT id, name, path, created FROM access_groups"

func scanGroup(scan func(...any) error) (g Group, err error) {
	var created int64
	err = scan(&g.ID, &g.Name, &g.Path, &created)
	g.Created = instant(created)
	return g, err
}

// CreateGroup makes a group without members.
func (s *Service) CreateGroup(ctx context.Context, name, path string) (g Group, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := admit(ctx, tx, GroupNamed(name), &path); err != nil {
			return err
		}
		g = Group{ID: newID(groupPrefix), Name: name, Path: path, Created: instant(now())}
		_, err := tx.ExecContext(ctx, "INSERT INTO access_groups (id, name, path, created) VALUES ($1, $2, $3, $4)", g.ID, g.Name, g.Path, g.Created.UnixMicro())
		return err
	})
	return g, err
}

// Group returns a group and its members by name.
func (s *Service) Group(ctx context.Context, name string) (g Group, members []User, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		if g, err = scanGroup(tx.QueryRowContext(ctx, groupColumns+" WHERE name = $1", name).Scan); err != nil {
			return err
		}
		members, err = collect(ctx, tx, scanUser, userColumns+" WHERE id IN (SELECT user_id FROM access_members WHERE group_id = $1) ORDER BY name", g.ID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = noSuch(GroupNamed(name))
	}
	return g, members, err
}

// Groups returns all groups by name.
func (s *Service) Groups(ctx context.Context) (groups []Group, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		groups, err = collect(ctx, tx, scanGroup, groupColumns+" ORDER BY name")
		return err
	})
	return groups, err
}

// GroupsOf returns the groups that a user is in, by name.
func (s *Service) GroupsOf(ctx context.Context, user string) (groups []Group, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, UserNamed(user))
		if err != nil {
			return err
		}
		groups, err = groupsOf(ctx, tx, owner)
		return err
	})
	return groups, err
}

func groupsOf(ctx context.Context, tx *sql.Tx, user string) ([]Group, error) {
	return collect(ctx, tx, scanGroup, groupColumns+" WHERE id IN (SELECT group_id FROM access_members WHERE user_id = $1) ORDER BY name", user)
}

// UpdateGroup gives a group a new name or path, whichever is not "".
func (s *Service) UpdateGroup(ctx context.Context, name, newName, newPath string) error {
	return s.change(ctx, func(tx *sql.Tx) error { return rename(ctx, tx, GroupNamed(name), newName, newPath) })
}

// DeleteGroup deletes a group without members and policies.
func (s *Service) DeleteGroup(ctx context.Context, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, GroupNamed(name))
		if err != nil {
			return err
		}
		if err := none(ctx, tx, "access_members", "group_id", owner, "Cannot delete entity, must remove users from group first."); err != nil {
			return err
		}
		if err := bare(ctx, tx, owner); err != nil {
			return err
		}
		return drop(ctx, tx, GroupType, owner)
	})
}

// AddUserToGroup makes a user a member. It is no error if the user is one.
func (s *Service) AddUserToGroup(ctx context.Context, group, user string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		g, u, err := membership(ctx, tx, group, user)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", g, u); err != nil {
			return err
		}
		n, err := count(ctx, tx, "access_members", "user_id = $1", u)
		if err != nil {
			return err
		}
		return atMost(n-1, maxGroupsPerUser, "GroupsPerUser")
	})
}

// RemoveUserFromGroup ends a membership.
func (s *Service) RemoveUserFromGroup(ctx context.Context, group, user string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		g, u, err := membership(ctx, tx, group, user)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "DELETE FROM access_members WHERE group_id = $1 AND user_id = $2", g, u)
		return affected(r, err, "User %s is not in group %s", user, group)
	})
}

func membership(ctx context.Context, tx *sql.Tx, group, user string) (g, u string, err error) {
	if g, err = id(ctx, tx, GroupNamed(group)); err != nil {
		return "", "", err
	}
	u, err = id(ctx, tx, UserNamed(user))
	return g, u, err
}

// affected is an error of kind NotFound if a statement changed no row.
func affected(r sql.Result, err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = lethe.Errorf(lethe.NotFound, format, args...)
	}
	return err
}
