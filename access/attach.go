package access

import (
	"context"
	"database/sql"

	"lethe"
	"lethe/lib/policy"
)

// Attach attaches a managed policy to a user, a group or a role. It is no error if it
// is attached already.
func (s *Service) Attach(ctx context.Context, e Entity, arn string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		if _, err := policyAt(ctx, tx, arn); err != nil {
			if lethe.Is(err, lethe.NotFound) {
				return lethe.Errorf(lethe.NotFound, "Policy %s does not exist or is not attachable.", arn)
			}
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_attachments (owner_id, policy_arn) VALUES ($1, $2) ON CONFLICT DO NOTHING", owner, arn); err != nil {
			return err
		}
		n, err := count(ctx, tx, "access_attachments", "owner_id = $1", owner)
		if err != nil {
			return err
		}
		return atMost(n-1, maxAttachments, kindOf[e.Type].attached)
	})
}

// Detach ends an attachment.
func (s *Service) Detach(ctx context.Context, e Entity, arn string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "DELETE FROM access_attachments WHERE owner_id = $1 AND policy_arn = $2", owner, arn)
		return affected(r, err, "Policy %s was not found.", arn)
	})
}

// Attached returns the managed policies that are attached to an entity, by ARN and
// without counts and tags.
func (s *Service) Attached(ctx context.Context, e Entity) (all []ManagedPolicy, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		arns, err := attachments(ctx, tx, owner)
		if err != nil {
			return err
		}
		for _, arn := range arns {
			p, err := policyAt(ctx, tx, arn)
			if err != nil {
				return err
			}
			all = append(all, p)
		}
		return nil
	})
	return all, err
}

func attachments(ctx context.Context, tx *sql.Tx, owner string) ([]string, error) {
	return collect(ctx, tx, scanText, "SELECT policy_arn FROM access_attachments WHERE owner_id = $1 ORDER BY policy_arn", owner)
}

// Holders are the users, groups and roles to which a managed policy is attached or,
// in Boundaries, whose permissions boundary it is.
type Holders struct {
	Users      []User
	Groups     []Group
	Roles      []Role
	Boundaries struct {
		Users []User
		Roles []Role
	}
}

// Holders returns who holds a managed policy.
func (s *Service) Holders(ctx context.Context, arn string) (h Holders, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		if _, err := policyAt(ctx, tx, arn); err != nil {
			return err
		}
		const attached = " WHERE id IN (SELECT owner_id FROM access_attachments WHERE policy_arn = $1) ORDER BY name"
		const bounded = " WHERE boundary = $1 ORDER BY name"
		if h.Users, err = collect(ctx, tx, scanUser, userColumns+attached, arn); err != nil {
			return err
		}
		if h.Groups, err = collect(ctx, tx, scanGroup, groupColumns+attached, arn); err != nil {
			return err
		}
		if h.Roles, err = collect(ctx, tx, scanRole, roleColumns+attached, arn); err != nil {
			return err
		}
		if h.Boundaries.Users, err = collect(ctx, tx, scanUser, userColumns+bounded, arn); err != nil {
			return err
		}
		h.Boundaries.Roles, err = collect(ctx, tx, scanRole, roleColumns+bounded, arn)
		return err
	})
	return h, err
}

// Inline is a policy that belongs to one user, group or role.
type Inline struct{ Name, Document string }

// PutInline gives an entity an inline policy, or replaces it.
func (s *Service) PutInline(ctx context.Context, e Entity, name, document string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		if err := checkName("policyName", name, 128); err != nil {
			return err
		}
		if err := checkDocument(document, policy.Identity); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO access_inline (owner_id, name, document) VALUES ($1, $2, $3)
			ON CONFLICT (owner_id, name) DO UPDATE SET document = excluded.document`, owner, name, document); err != nil {
			return err
		}
		all, err := inlineOf(ctx, tx, owner)
		if err != nil {
			return err
		}
		total := 0
		for _, p := range all {
			total += size(p.Document)
		}
		if most := kindOf[e.Type].inline; total > most {
			return refuse(LimitExceeded, "Maximum policy size of %d bytes exceeded for %s %s", most, e.Type, e.Name)
		}
		return nil
	})
}

// Inlines returns the inline policies of an entity, by name.
func (s *Service) Inlines(ctx context.Context, e Entity) (all []Inline, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		all, err = inlineOf(ctx, tx, owner)
		return err
	})
	return all, err
}

func inlineOf(ctx context.Context, tx *sql.Tx, owner string) ([]Inline, error) {
	return collect(ctx, tx, func(scan func(...any) error) (p Inline, err error) {
		err = scan(&p.Name, &p.Document)
		return p, err
	}, "SELECT name, document FROM access_inline WHERE owner_id = $1 ORDER BY name", owner)
}

// Inline returns one inline policy of an entity.
func (s *Service) Inline(ctx context.Context, e Entity, name string) (Inline, error) {
	all, err := s.Inlines(ctx, e)
	if err != nil {
		return Inline{}, err
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return Inline{}, noSuchInline(e, name)
}

func noSuchInline(e Entity, name string) error {
	return lethe.Errorf(lethe.NotFound, "The %s policy with name %s cannot be found.", e.Type, name)
}

// DeleteInline takes an inline policy from an entity.
func (s *Service) DeleteInline(ctx context.Context, e Entity, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		owner, err := id(ctx, tx, e)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "DELETE FROM access_inline WHERE owner_id = $1 AND name = $2", owner, name)
		return affected(r, err, "The %s policy with name %s cannot be found.", e.Type, name)
	})
}
