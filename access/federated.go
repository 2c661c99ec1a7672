package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"slices"
	"time"

	"lethe"
)

// IdentityTag is the tag whose value is the name by which an identity provider knows a
// user. A user that exists is only taken for somebody at a provider if its tag says so:
// at many providers people choose their names themselves.
const IdentityTag = "lethe:oidc"

// Identity is who an identity provider says somebody is.
type Identity struct {
	// Issuer and Subject name somebody for ever.
	Issuer, Subject string
	// Name is what the provider calls somebody now.
	Name string
	// Groups are those that somebody is to be in, of those that the provider decides
	// about, which are Mapped. Memberships in others stay as they are.
	Groups, Mapped []string
	// Create makes a user for somebody who has none.
	Create bool
}

// LoginIdentity opens a session for somebody whom an identity provider vouches for. It
// finds the user by the identity, or at the first login by the tag IdentityTag, or makes
// one, without a password. The user's memberships in mapped groups are those that the
// provider says; missing are those of its groups that do not exist. Denied if there is no
// user for the identity.
func (s *Service) LoginIdentity(ctx context.Context, i Identity) (token string, p lethe.Principal, missing []string, err error) {
	if i.Issuer == "" || i.Subject == "" || i.Name == "" {
		return "", p, nil, lethe.Errorf(lethe.Invalid, "an identity needs an issuer, a subject and a name")
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		owner, err := s.identified(ctx, tx, i)
		if err != nil {
			return err
		}
		if missing, err = setGroups(ctx, tx, owner, i); err != nil {
			return err
		}
		p, err = userPrincipal(ctx, tx, owner)
		return err
	})
	if lethe.Is(err, lethe.Denied) {
		if err := s.recordLogin(ctx, lethe.Principal{}); err != nil {
			return "", lethe.Principal{}, nil, err
		}
	}
	if err != nil {
		return "", lethe.Principal{}, nil, err
	}
	if err := s.recordLogin(ctx, p); err != nil {
		return "", lethe.Principal{}, nil, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		token, err = openSession(ctx, tx, p, false)
		return err
	})
	return token, p, missing, err
}

// openSession makes a login to the console, and returns its token. If it is by password,
// it waits for another where the user must choose one.
func openSession(ctx context.Context, tx *sql.Tx, p lethe.Principal, byPassword bool) (token string, err error) {
	if _, err := tx.ExecContext(ctx, "DELETE FROM access_sessions WHERE expires < $1", now()); err != nil {
		return "", err
	}
	token = rand.Text() + rand.Text()
	_, err = tx.ExecContext(ctx, `INSERT INTO access_sessions (digest, user_id, expires, password_reset)
		SELECT $1, id, $2, CASE WHEN $3 THEN password_reset ELSE 0 END FROM access_users WHERE id = $4`,
		digest(token), time.Now().Add(SessionLife).UnixMicro(), byPassword, p.ID)
	return token, err
}

// identified returns the id of an identity's user.
func (s *Service) identified(ctx context.Context, tx *sql.Tx, i Identity) (owner string, err error) {
	err = tx.QueryRowContext(ctx, "SELECT user_id FROM access_identities WHERE issuer = $1 AND subject = $2", i.Issuer, i.Subject).Scan(&owner)
	if !errors.Is(err, sql.ErrNoRows) {
		return owner, err
	}
	tagged, err := collect(ctx, tx, func(scan func(...any) error) (id string, err error) {
		err = scan(&id)
		return id, err
	}, "SELECT u.id FROM access_users u JOIN access_tags t ON t.owner_id = u.id WHERE t.key = $1 AND t.value = $2", IdentityTag, i.Name)
	switch {
	case err != nil:
		return "", err
	case len(tagged) > 1:
		return "", lethe.Errorf(lethe.Denied, "several users have the tag %s=%s", IdentityTag, i.Name)
	case len(tagged) == 1:
		owner = tagged[0]
		// The tag is good for one person: who gets the name later is another.
		n, err := count(ctx, tx, "access_identities", "user_id = $1 AND issuer = $2", owner, i.Issuer)
		if err != nil {
			return "", err
		}
		if n > 0 {
			return "", lethe.Errorf(lethe.Denied, "the user with the tag %s=%s is another person of that name", IdentityTag, i.Name)
		}
	case !i.Create:
		return "", lethe.Errorf(lethe.Denied, "there is no user for %s", i.Name)
	default:
		if owner, err = createIdentified(ctx, tx, i); err != nil {
			return "", err
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO access_identities (issuer, subject, user_id) VALUES ($1, $2, $3)", i.Issuer, i.Subject, owner)
	return owner, err
}

// createIdentified makes a user, whose name nobody may have yet.
func createIdentified(ctx context.Context, tx *sql.Tx, i Identity) (string, error) {
	path := "/"
	switch err := admit(ctx, tx, UserNamed(i.Name), &path); {
	case lethe.Is(err, lethe.Exists):
		return "", lethe.Errorf(lethe.Denied, "a user %s exists, and lacks the tag %s=%s", i.Name, IdentityTag, i.Name)
	case lethe.Is(err, lethe.Invalid):
		return "", lethe.Errorf(lethe.Denied, "the name that the provider gives is none that a user can have: %w", err)
	case err != nil:
		return "", err
	}
	owner := newID(userPrefix)
	if _, err := tx.ExecContext(ctx, "INSERT INTO access_users (id, name, path, boundary, password, created) VALUES ($1, $2, $3, '', '', $4)", owner, i.Name, path, now()); err != nil {
		return "", err
	}
	return owner, setTags(ctx, tx, owner, []Tag{{IdentityTag, i.Name}})
}

// setGroups brings a user's memberships in mapped groups up to date, first those that end.
func setGroups(ctx context.Context, tx *sql.Tx, owner string, i Identity) (missing []string, err error) {
	groups := map[string]string{}
	for _, name := range i.Mapped {
		g, err := id(ctx, tx, GroupNamed(name))
		if lethe.Is(err, lethe.NotFound) {
			if slices.Contains(i.Groups, name) {
				missing = append(missing, name)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		groups[name] = g
		if !slices.Contains(i.Groups, name) {
			if _, err := tx.ExecContext(ctx, "DELETE FROM access_members WHERE group_id = $1 AND user_id = $2", g, owner); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range i.Groups {
		if g, ok := groups[name]; ok {
			if _, err := tx.ExecContext(ctx, "INSERT INTO access_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", g, owner); err != nil {
				return nil, err
			}
		}
	}
	n, err := count(ctx, tx, "access_members", "user_id = $1", owner)
	if err != nil {
		return nil, err
	}
	return missing, atMost(n-1, maxGroupsPerUser, "GroupsPerUser")
}
