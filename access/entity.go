package access

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"lethe"
)

// Type is the type of an entity: what can hold policies, or be one.
type Type string

// The types of entities.
const (
	UserType   Type = "user"
	GroupType  Type = "group"
	RoleType   Type = "role"
	PolicyType Type = "policy"
)

// Entity names a user, a group or a role by its name, or a policy by its ARN.
type Entity struct {
	Type Type
	Name string
}

// UserNamed is a user.
func UserNamed(name string) Entity { return Entity{UserType, name} }

// GroupNamed is a group.
func GroupNamed(name string) Entity { return Entity{GroupType, name} }

// RoleNamed is a role.
func RoleNamed(name string) Entity { return Entity{RoleType, name} }

// PolicyAt is the managed policy of an ARN.
func PolicyAt(arn string) Entity { return Entity{PolicyType, arn} }

// kind is what the types have in common in the database.
type kind struct {
	table, prefix string
	nameLength    int
	most          int64
	quota         string
	attached      string // quota of attachments
	inline        int    // characters of all inline policies
}

var kindOf = map[Type]kind{
	UserType:  {"access_users", userPrefix, 64, maxUsers, "UsersPerAccount", "PoliciesPerUser", maxUserInline},
	GroupType: {"access_groups", groupPrefix, 128, maxGroups, "GroupsPerAccount", "PoliciesPerGroup", maxGroupInline},
	RoleType:  {"access_roles", rolePrefix, 64, maxRoles, "RolesPerAccount", "PoliciesPerRole", maxRoleInline},
}

// noSuch is the error for an entity that does not exist.
func noSuch(e Entity) error {
	if e.Type == PolicyType {
		return lethe.Errorf(lethe.NotFound, "Policy %s was not found.", e.Name)
	}
	return lethe.Errorf(lethe.NotFound, "The %s with name %s cannot be found.", e.Type, e.Name)
}

// id returns an entity's unique identifier.
func id(ctx context.Context, tx *sql.Tx, e Entity) (id string, err error) {
	if e.Type == PolicyType {
		p, err := policyAt(ctx, tx, e.Name)
		if err == nil && p.AWS() {
			return "", lethe.Errorf(lethe.Denied, "Policy %s is AWS's own and cannot be changed.", e.Name)
		}
		return p.ID, err
	}
	err = tx.QueryRowContext(ctx, "SELECT id FROM "+kindOf[e.Type].table+" WHERE name = $1", e.Name).Scan(&id)
	if err == sql.ErrNoRows {
		err = noSuch(e)
	}
	return id, err
}

// admit checks that an entity can be made: its name, its path, the quota, and that
// there is none yet.
func admit(ctx context.Context, tx *sql.Tx, e Entity, path *string) (err error) {
	k := kindOf[e.Type]
	if err := checkName(string(e.Type)+"Name", e.Name, k.nameLength); err != nil {
		return err
	}
	if *path, err = checkPath(*path); err != nil {
		return err
	}
	if err := unused(ctx, tx, e, ""); err != nil {
		return err
	}
	n, err := count(ctx, tx, k.table, "1 = 1")
	if err != nil {
		return err
	}
	return atMost(n, k.most, k.quota)
}

// titles begin sentences.
var titles = map[Type]string{UserType: "User", GroupType: "Group", RoleType: "Role"}

// unused refuses a name that another entity than the one of id has.
func unused(ctx context.Context, tx *sql.Tx, e Entity, id string) error {
	n, err := count(ctx, tx, kindOf[e.Type].table, "lower(name) = lower($1) AND id <> $2", e.Name, id)
	if err == nil && n > 0 {
		err = lethe.Errorf(lethe.Exists, "%s with name %s already exists.", titles[e.Type], e.Name)
	}
	return err
}

// rename gives an entity a name or a path, whichever is not "".
func rename(ctx context.Context, tx *sql.Tx, e Entity, name, path string) error {
	owner, err := id(ctx, tx, e)
	if err != nil {
		return err
	}
	table := kindOf[e.Type].table
	if name != "" {
		if err := checkName("new"+titles[e.Type]+"Name", name, kindOf[e.Type].nameLength); err != nil {
			return err
		}
		if err := unused(ctx, tx, Entity{e.Type, name}, owner); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET name = $1 WHERE id = $2", name, owner); err != nil {
			return err
		}
	}
	if path != "" {
		if path, err = checkPath(path); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET path = $1 WHERE id = $2", path, owner); err != nil {
			return err
		}
	}
	return nil
}

// bare refuses to delete an entity that still holds policies.
func bare(ctx context.Context, tx *sql.Tx, owner string) error {
	for _, c := range []struct{ table, message string }{
		{"access_attachments", "Cannot delete entity, must detach all policies first."},
		{"access_inline", "Cannot delete entity, must delete policies first."},
	} {
		if err := none(ctx, tx, c.table, "owner_id", owner, c.message); err != nil {
			return err
		}
	}
	return nil
}

// none is a DeleteConflict if a table has rows of an owner.
func none(ctx context.Context, tx *sql.Tx, table, column, owner, message string) error {
	n, err := count(ctx, tx, table, column+" = $1", owner)
	if err == nil && n > 0 {
		err = refuse(DeleteConflict, "%s", message)
	}
	return err
}

// drop deletes an entity's row and tags.
func drop(ctx context.Context, tx *sql.Tx, t Type, owner string) error {
	return run(ctx, tx, owner, "DELETE FROM access_tags WHERE owner_id = $1", "DELETE FROM "+kindOf[t].table+" WHERE id = $1")
}

// run executes statements that take one argument.
func run(ctx context.Context, tx *sql.Tx, arg any, statements ...string) error {
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s, arg); err != nil {
			return err
		}
	}
	return nil
}

func count(ctx context.Context, tx *sql.Tx, table, where string, args ...any) (n int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE "+where, args...).Scan(&n)
	return n, err
}

// collect reads all rows of a query; scan reads one.
func collect[T any](ctx context.Context, tx *sql.Tx, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func scanText(scan func(...any) error) (s string, err error) {
	err = scan(&s)
	return s, err
}

// instant reads a stored time; 0 is the zero Time.
func instant(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

// now is the time that is stored of what happens now.
func now() int64 { return time.Now().UnixMicro() }

// Tags returns the tags of a user, a role or a policy, by key.
func (s *Service) Tags(ctx context.Context, e Entity) (tags []Tag, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		var owner string
		if e.Type == PolicyType {
			p, err := policyAt(ctx, tx, e.Name)
			if err != nil {
				return err
			}
			owner = p.ID
		} else if owner, err = id(ctx, tx, e); err != nil {
			return err
		}
		tags, err = tagsOf(ctx, tx, owner)
		return err
	})
	return tags, err
}

func tagsOf(ctx context.Context, tx *sql.Tx, owner string) ([]Tag, error) {
	return collect(ctx, tx, func(scan func(...any) error) (t Tag, err error) {
		err = scan(&t.Key, &t.Value)
		return t, err
	}, "SELECT key, value FROM access_tags WHERE owner_id = $1 ORDER BY key", owner)
}

// Tag sets tags of a user, a role or a policy, and keeps its others.
func (s *Service) Tag(ctx context.Context, e Entity, tags []Tag) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		return setTags(ctx, tx, owner, tags)
	})
}

func setTags(ctx context.Context, tx *sql.Tx, owner string, tags []Tag) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	for _, t := range tags {
		if _, err := tx.ExecContext(ctx, "DELETE FROM access_tags WHERE owner_id = $1 AND lower(key) = lower($2)", owner, t.Key); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_tags (owner_id, key, value) VALUES ($1, $2, $3)", owner, t.Key, t.Value); err != nil {
			return err
		}
	}
	n, err := count(ctx, tx, "access_tags", "owner_id = $1", owner)
	if err == nil && n > maxTags {
		err = refuse(LimitExceeded, "The number of tags has reached the maximum limit.")
	}
	return err
}

// Untag removes tags by their keys. Those that are not there are no error.
func (s *Service) Untag(ctx context.Context, e Entity, keys []string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, "DELETE FROM access_tags WHERE owner_id = $1 AND lower(key) = lower($2)", owner, k); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetBoundary makes a managed policy the permissions boundary of a user or a role;
// "" takes its boundary away.
func (s *Service) SetBoundary(ctx context.Context, e Entity, arn string) error {
	if !slices.Contains([]Type{UserType, RoleType}, e.Type) {
		return fmt.Errorf("access: a %s has no permissions boundary", e.Type)
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		if arn == "" {
			var had string
			if err := tx.QueryRowContext(ctx, "SELECT boundary FROM "+kindOf[e.Type].table+" WHERE id = $1", owner).Scan(&had); err != nil {
				return err
			}
			if had == "" {
				return lethe.Errorf(lethe.NotFound, "The %s with name %s does not have a permissions boundary.", e.Type, e.Name)
			}
		} else if err := checkBoundary(ctx, tx, arn); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE "+kindOf[e.Type].table+" SET boundary = $1 WHERE id = $2", arn, owner)
		return err
	})
}

func checkBoundary(ctx context.Context, tx *sql.Tx, arn string) error {
	if arn == "" {
		return nil
	}
	if !policyARN.MatchString(arn) {
		return lethe.Errorf(lethe.Invalid, "Value (%s) failed to satisfy constraint: Member must satisfy regular expression pattern: %s", arn, policyARN)
	}
	_, err := policyAt(ctx, tx, arn)
	return err
}
