package secret

import (
	"context"
	"database/sql"
	"time"

	"lethe"
)

// New says what a new secret is to be.
type New struct {
	Name, Description string
	Value             Value // may be zero: a secret without versions
	Token             string
	Tags              []Tag
}

// Create makes a secret. The same request again, known by its token, does nothing.
func (s *Service) Create(ctx context.Context, n New) (x Secret, version string, err error) {
	if err := s.purgeDue(ctx); err != nil { // its name may be free by now
		return x, "", err
	}
	if err := checkName(n.Name); err != nil {
		return x, "", err
	}
	if err := checkDescription(n.Description); err != nil {
		return x, "", err
	}
	if err := checkTags(n.Tags); err != nil {
		return x, "", err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		same, err := s.load(ctx, tx, "name = $1", n.Name)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			x = same[0]
			version, err = s.again(ctx, tx, x, n)
			return err
		}
		now := s.now().UTC().Truncate(time.Microsecond)
		suffix := newSuffix()
		x = Secret{ID: lethe.NewID(), Name: n.Name, ARN: s.arn(n.Name, suffix), Description: n.Description, Created: now, Changed: now, Tags: n.Tags, Stages: map[string]string{}}
		if _, err := tx.ExecContext(ctx, `INSERT INTO secret_secrets (id, name, suffix, description, created, changed, accessed, deleted, purge, policy,
			function, target, rotating, days, expression, rotated, rotate_next) VALUES ($1, $2, $3, $4, $5, $5, 0, 0, 0, '', '', '', 0, 0, '', 0, 0)`,
			x.ID, x.Name, suffix, x.Description, now.UnixMicro()); err != nil {
			return err
		}
		if err := s.tag(ctx, tx, x, n.Tags); err != nil || n.Value.Zero() {
			return err
		}
		version, err = s.put(ctx, tx, &x, Put{Value: n.Value, Token: n.Token}, false)
		return err
	})
	return x, version, err
}

// again answers a Create of a secret that exists.
func (s *Service) again(ctx context.Context, tx *sql.Tx, x Secret, n New) (string, error) {
	if !x.Deleted.IsZero() {
		return "", refuse(InvalidRequest, "You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	if n.Token != "" {
		switch _, was, _, err := s.value(ctx, tx, x, n.Token); {
		case err == nil && was.equal(n.Value):
			return n.Token, nil
		case err == nil:
			return "", refuse(Exists, "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", n.Token, x.ARN)
		}
	}
	return "", refuse(Exists, "The operation failed because the secret %s already exists.", x.Name)
}

// Update changes a secret's description, unless nil, and its value, unless zero. The
// version's id is "" if there is no new value.
func (s *Service) Update(ctx context.Context, id string, description *string, p Put) (x Secret, version string, err error) {
	if description != nil {
		if err := checkDescription(*description); err != nil {
			return x, "", err
		}
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		if description != nil {
			x.Description = *description
			if _, err := tx.ExecContext(ctx, "UPDATE secret_secrets SET description = $1 WHERE id = $2", x.Description, x.ID); err != nil {
				return err
			}
		}
		if !p.Value.Zero() {
			version, err = s.put(ctx, tx, &x, p, false)
			return err
		}
		return s.changed(ctx, tx, &x)
	})
	return x, version, err
}

// Describe returns a secret, also one that is marked for deletion.
func (s *Service) Describe(ctx context.Context, id string) (x Secret, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		x, err = s.find(ctx, tx, id)
		return err
	})
	return x, err
}

// Tag sets tags.
func (s *Service) Tag(ctx context.Context, id string, tags []Tag) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := s.live(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.tag(ctx, tx, x, tags)
	})
}

func (s *Service) tag(ctx context.Context, tx *sql.Tx, x Secret, tags []Tag) error {
	for _, t := range tags {
		if _, err := tx.ExecContext(ctx, `INSERT INTO secret_tags (secret_id, key, value) VALUES ($1, $2, $3)
			ON CONFLICT (secret_id, key) DO UPDATE SET value = excluded.value`, x.ID, t.Key, t.Value); err != nil {
			return err
		}
	}
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM secret_tags WHERE secret_id = $1", x.ID).Scan(&n)
	if err == nil && n > maxTags {
		err = refuse(InvalidParameter, "A secret has at most %d tags.", maxTags)
	}
	return err
}

// Untag takes tags away. Taking none is no error.
func (s *Service) Untag(ctx context.Context, id string, keys []string) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := s.live(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, "DELETE FROM secret_tags WHERE secret_id = $1 AND key = $2", x.ID, k); err != nil {
				return err
			}
		}
		return nil
	})
}
