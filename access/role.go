package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lethe"
	"lethe/lib/policy"
)

// Role is an identity that others assume for a while.
type Role struct {
	ID, Name, Path string
	Description    string
	Trust          string        // policy document: who may assume it
	MaxSession     time.Duration // of its sessions
	Boundary       string        // ARN of a managed policy, or ""
	Created        time.Time
	Used           time.Time // last; zero if never
	UsedRegion     string
	Tags           []Tag
}

// ARN names the role.
func (r Role) ARN() string { return lethe.IAMARN("role" + r.Path + r.Name) }

// NewRole is what CreateRole makes.
type NewRole struct {
	Name, Path, Description, Trust, Boundary string
	MaxSession                               time.Duration // 0 means an hour
	Tags                                     []Tag
}

const roleColumns = "SELECT id, name, path, description, trust, max_session, boundary, created, used, used_region FROM access_roles"

func scanRole(scan func(...any) error) (r Role, err error) {
	var seconds, created, used int64
	err = scan(&r.ID, &r.Name, &r.Path, &r.Description, &r.Trust, &seconds, &r.Boundary, &created, &used, &r.UsedRegion)
	r.MaxSession, r.Created, r.Used = time.Duration(seconds)*time.Second, instant(created), instant(used)
	return r, err
}

func checkTrust(document string) error {
	if err := checkDocument(document, policy.Trust); err != nil {
		return err
	}
	if size(document) > maxTrustSize {
		return refuse(LimitExceeded, "Cannot exceed quota for ACLSizePerRole: %d", maxTrustSize)
	}
	return nil
}

func checkMaxSession(d *time.Duration) error {
	if *d == 0 {
		*d = defaultRoleSession * time.Second
	}
	if *d < defaultRoleSession*time.Second || *d > maxRoleSession*time.Second {
		return lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value between %d and %d", defaultRoleSession, maxRoleSession)
	}
	return nil
}

// CreateRole makes a role, which may do nothing yet.
func (s *Service) CreateRole(ctx context.Context, n NewRole) (r Role, err error) {
	if err := checkTrust(n.Trust); err != nil {
		return r, err
	}
	if err := checkMaxSession(&n.MaxSession); err != nil {
		return r, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := admit(ctx, tx, RoleNamed(n.Name), &n.Path); err != nil {
			return err
		}
		if err := checkBoundary(ctx, tx, n.Boundary); err != nil {
			return err
		}
		r = Role{ID: newID(rolePrefix), Name: n.Name, Path: n.Path, Description: n.Description, Trust: n.Trust,
			MaxSession: n.MaxSession, Boundary: n.Boundary, Created: instant(now()), Tags: n.Tags}
		if _, err := tx.ExecContext(ctx, `INSERT INTO access_roles (id, name, path, description, trust, max_session, boundary, created, used, used_region)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '')`,
			r.ID, r.Name, r.Path, r.Description, r.Trust, int64(r.MaxSession/time.Second), r.Boundary, r.Created.UnixMicro()); err != nil {
			return err
		}
		return setTags(ctx, tx, r.ID, n.Tags)
	})
	return r, err
}

// Role returns a role by name.
func (s *Service) Role(ctx context.Context, name string) (r Role, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		r, err = roleNamed(ctx, tx, name)
		return err
	})
	return r, err
}

func roleNamed(ctx context.Context, tx *sql.Tx, name string) (Role, error) {
	r, err := scanRole(tx.QueryRowContext(ctx, roleColumns+" WHERE name = $1", name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, noSuch(RoleNamed(name))
	}
	if err != nil {
		return r, err
	}
	r.Tags, err = tagsOf(ctx, tx, r.ID)
	return r, err
}

// Roles returns all roles by name, without tags.
func (s *Service) Roles(ctx context.Context) (roles []Role, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		roles, err = collect(ctx, tx, scanRole, roleColumns+" ORDER BY name")
		return err
	})
	return roles, err
}

// UpdateRole changes what is not nil.
func (s *Service) UpdateRole(ctx context.Context, name string, description *string, maxSession *time.Duration) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		r, err := roleNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		if description != nil {
			r.Description = *description
		}
		if maxSession != nil {
			if r.MaxSession = *maxSession; r.MaxSession == 0 {
				r.MaxSession = -1 // 0 means the default only where a role is made
			}
			if err := checkMaxSession(&r.MaxSession); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE access_roles SET description = $1, max_session = $2 WHERE id = $3", r.Description, int64(r.MaxSession/time.Second), r.ID)
		return err
	})
}

// UpdateTrust replaces the document that says who may assume a role.
func (s *Service) UpdateTrust(ctx context.Context, name, document string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, RoleNamed(name))
		if err != nil {
			return err
		}
		if err := checkTrust(document); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE access_roles SET trust = $1 WHERE id = $2", document, owner)
		return err
	})
}

// DeleteRole deletes a role without policies, and ends its sessions.
func (s *Service) DeleteRole(ctx context.Context, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, RoleNamed(name))
		if err != nil {
			return err
		}
		if err := bare(ctx, tx, owner); err != nil {
			return err
		}
		if err := run(ctx, tx, owner, "DELETE FROM access_temporary WHERE owner_id = $1"); err != nil {
			return err
		}
		return drop(ctx, tx, RoleType, owner)
	})
}
