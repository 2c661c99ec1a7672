package secret

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"lethe"
)

// Put says what a new version is to be.
type Put struct {
	Value  Value
	Token  string   // becomes the version's id; "" makes one
	Stages []string // none means AWSCURRENT
}

// Put gives a secret a new version. The same request again does nothing.
func (s *Service) Put(ctx context.Context, id string, p Put) (x Secret, v Version, err error) {
	if p.Value.Zero() {
		return x, v, refuse(InvalidParameter, "You must provide either SecretString or SecretBinary.")
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		v.ID, err = s.put(ctx, tx, &x, p, false)
		return err
	})
	v.Stages = x.StagesOf(v.ID)
	return x, v, err
}

// put adds a version, and brings the secret's labels up to date.
func (s *Service) put(ctx context.Context, tx *sql.Tx, x *Secret, p Put, rotation bool) (version string, err error) {
	if err := checkValue(p.Value); err != nil {
		return "", err
	}
	if version = p.Token; version == "" {
		version = lethe.NewID()
	} else if err := checkToken(version); err != nil {
		return "", err
	}
	switch _, was, _, err := s.value(ctx, tx, *x, version); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return "", err
	case was.equal(p.Value):
		return version, nil
	default:
		return "", refuse(Exists, "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", version, x.ARN)
	}
	stages := slices.Clone(p.Stages)
	if len(stages) == 0 || len(x.Stages) == 0 && !slices.Contains(stages, Current) {
		stages = append(stages, Current) // the first version is always the current one
	}
	if err := s.prune(ctx, tx, *x); err != nil {
		return "", err
	}
	made := int64(0)
	if rotation {
		made = 1
	}
	now := s.now()
	if _, err := tx.ExecContext(ctx, "INSERT INTO secret_versions (secret_id, id, value, rotation, created, accessed) VALUES ($1, $2, $3, $4, $5, 0)",
		x.ID, version, s.sealValue(p.Value, x.ID, version), made, now.UnixMicro()); err != nil {
		return "", err
	}
	for _, stage := range stages {
		if err := s.move(ctx, tx, x, stage, version); err != nil {
			return "", err
		}
	}
	return version, s.changed(ctx, tx, x)
}

// changed notes that a secret was changed.
func (s *Service) changed(ctx context.Context, tx *sql.Tx, x *Secret) error {
	x.Changed = s.now().UTC().Truncate(time.Microsecond)
	_, err := tx.ExecContext(ctx, "UPDATE secret_secrets SET changed = $1 WHERE id = $2", x.Changed.UnixMicro(), x.ID)
	return err
}

// move attaches a label to a version, "" for none. The version that loses AWSCURRENT
// becomes AWSPREVIOUS.
func (s *Service) move(ctx context.Context, tx *sql.Tx, x *Secret, stage, version string) error {
	if stage == "" || len(stage) > 256 {
		return refuse(InvalidParameter, "A staging label has 1 to 256 characters.")
	}
	was := x.Stages[stage]
	if was == version {
		return nil
	}
	if version == "" {
		delete(x.Stages, stage)
		_, err := tx.ExecContext(ctx, "DELETE FROM secret_stages WHERE secret_id = $1 AND stage = $2", x.ID, stage)
		return err
	}
	x.Stages[stage] = version
	if len(x.Stages) > maxStages {
		return refuse(LimitExceeded, "You can't attach more than %d staging labels to a secret's versions.", maxStages)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO secret_stages (secret_id, stage, version_id) VALUES ($1, $2, $3)
		ON CONFLICT (secret_id, stage) DO UPDATE SET version_id = excluded.version_id`, x.ID, stage, version); err != nil {
		return err
	}
	if stage != Current {
		return nil
	}
	if x.Stages[Previous] == version { // it cannot be both
		if err := s.move(ctx, tx, x, Previous, ""); err != nil {
			return err
		}
	}
	if was == "" {
		return nil
	}
	return s.move(ctx, tx, x, Previous, was)
}

// prune makes room for another version: the oldest without a label goes.
func (s *Service) prune(ctx context.Context, tx *sql.Tx, x Secret) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM secret_versions WHERE secret_id = $1", x.ID).Scan(&n); err != nil {
		return err
	}
	if n < maxVersions {
		return nil
	}
	r, err := tx.ExecContext(ctx, `DELETE FROM secret_versions WHERE secret_id = $1 AND id IN (SELECT v.id FROM secret_versions v WHERE v.secret_id = $1
		AND NOT EXISTS (SELECT 1 FROM secret_stages g WHERE g.secret_id = v.secret_id AND g.version_id = v.id) ORDER BY v.created, v.id LIMIT $2)`, x.ID, n-maxVersions+1)
	if err != nil {
		return err
	}
	if gone, err := r.RowsAffected(); err != nil || gone < int64(n-maxVersions+1) {
		return errors.Join(err, refuse(LimitExceeded, "The secret has %d versions, and each has a staging label.", n))
	}
	s.soil()
	return nil
}

// Get returns a value by its version, or by a label, or by both if they agree; neither
// means AWSCURRENT.
func (s *Service) Get(ctx context.Context, id, version, stage string) (x Secret, v Version, value Value, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		missing := refuse(NotFound, "Secrets Manager can't find the specified secret value for VersionId: %s", version)
		if version == "" {
			if stage == "" {
				stage = Current
			}
			version = x.Stages[stage]
			missing = refuse(NotFound, "Secrets Manager can't find the specified secret value for staging label: %s", stage)
		}
		v, value, _, err = s.value(ctx, tx, x, version)
		if errors.Is(err, sql.ErrNoRows) {
			return missing
		}
		if err == nil && stage != "" && !slices.Contains(v.Stages, stage) {
			return refuse(InvalidRequest, "You provided a VersionStage that is not associated to the provided VersionId.")
		}
		return err
	})
	if err != nil {
		return x, v, Value{}, err
	}
	return x, v, value, s.touch(ctx, x, v)
}

// touch notes the day of a reading. Most readings are not the day's first, and write
// nothing.
func (s *Service) touch(ctx context.Context, x Secret, v Version) error {
	day := s.now().UTC().Truncate(24 * time.Hour)
	if x.Accessed.Equal(day) && v.Accessed.Equal(day) {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE secret_secrets SET accessed = $1 WHERE id = $2", day.UnixMicro(), x.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE secret_versions SET accessed = $1 WHERE secret_id = $2 AND id = $3", day.UnixMicro(), x.ID, v.ID)
		return err
	})
}

// Versions returns a secret and its versions, the newest first; with deprecated those
// without a label too.
func (s *Service) Versions(ctx context.Context, id string, deprecated bool) (x Secret, all []Version, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if x, err = s.find(ctx, tx, id); err != nil {
			return err
		}
		all, err = query(ctx, tx, func(scan func(...any) error) (v Version, err error) {
			var created, accessed int64
			err = scan(&v.ID, &created, &accessed)
			v.Stages, v.Created, v.Accessed = x.StagesOf(v.ID), instant(created), instant(accessed)
			return v, err
		}, "SELECT id, created, accessed FROM secret_versions WHERE secret_id = $1 ORDER BY created DESC, id", x.ID)
		return err
	})
	if !deprecated {
		all = slices.DeleteFunc(all, func(v Version) bool { return len(v.Stages) == 0 })
	}
	return x, all, err
}

// MoveStage takes a label from one version and attaches it to another; each may be "".
func (s *Service) MoveStage(ctx context.Context, id, stage, from, to string) (x Secret, err error) {
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		has := x.Stages[stage]
		for _, version := range []string{from, to} {
			if version == "" {
				continue
			}
			if _, _, _, err := s.value(ctx, tx, x, version); errors.Is(err, sql.ErrNoRows) {
				return refuse(InvalidParameter, "Not a valid version: %s", version)
			} else if err != nil {
				return err
			}
		}
		switch {
		case from == "" && to == "":
			return refuse(InvalidParameter, "You must provide MoveToVersionId, RemoveFromVersionId, or both.")
		case from != "" && has != from:
			return refuse(InvalidParameter, "Version stage %s not found in version %s", stage, from)
		case from == "" && has != "" && has != to:
			return refuse(InvalidParameter, "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", stage, has)
		case to == "" && stage == Current:
			return refuse(InvalidParameter, "You can't remove the staging label AWSCURRENT from a version without attaching it to another: name one in MoveToVersionId.")
		}
		if err := s.move(ctx, tx, &x, stage, to); err != nil {
			return err
		}
		return s.changed(ctx, tx, &x)
	})
	return x, err
}
