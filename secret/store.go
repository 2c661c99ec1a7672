package secret

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// query runs a statement and collects what scan reads of each row.
func query[T any](ctx context.Context, tx *sql.Tx, scan func(func(...any) error) (T, error), statement string, args ...any) (all []T, err error) {
	rows, err := tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

const secretColumns = `SELECT id, name, suffix, description, created, changed, accessed, deleted, purge,
	function, target, rotating, days, expression, rotated, rotate_next FROM secret_secrets`

func (s *Service) scan(scan func(...any) error) (x Secret, err error) {
	var suffix string
	var created, changed, accessed, deleted, purge, rotating, rotated, next int64
	r := &x.Rotation
	err = scan(&x.ID, &x.Name, &suffix, &x.Description, &created, &changed, &accessed, &deleted, &purge,
		&r.Function, &r.target, &rotating, &r.Days, &r.Expression, &rotated, &next)
	x.ARN = s.arn(x.Name, suffix)
	x.Created, x.Changed, x.Accessed, x.Deleted, x.Purge = instant(created), instant(changed), instant(accessed), instant(deleted), instant(purge)
	r.Enabled, r.Last, r.Next = rotating == 1, instant(rotated), instant(next)
	x.Stages = map[string]string{}
	return x, err
}

// load returns the secrets that a condition names, each whole.
func (s *Service) load(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]Secret, error) {
	all, err := query(ctx, tx, s.scan, secretColumns+" WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	at := make(map[string]*Secret, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	type pair struct{ id, key, value string }
	pairs := func(columns, table string) ([]pair, error) {
		statement, args := "SELECT secret_id, "+columns+" FROM "+table, []any(nil)
		if len(all) == 1 {
			statement, args = statement+" WHERE secret_id = $1", []any{all[0].ID}
		}
		return query(ctx, tx, func(scan func(...any) error) (p pair, err error) {
			err = scan(&p.id, &p.key, &p.value)
			return p, err
		}, statement+" ORDER BY 1, 2", args...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	tags, err := pairs("key, value", "secret_tags")
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		if x := at[t.id]; x != nil {
			x.Tags = append(x.Tags, Tag{t.key, t.value})
		}
	}
	stages, err := pairs("stage, version_id", "secret_stages")
	for _, st := range stages {
		if x := at[st.id]; x != nil {
			x.Stages[st.key] = st.value
		}
	}
	return all, err
}

// find returns a secret by what a request calls it: its name, or its ARN with or without
// the random end.
func (s *Service) find(ctx context.Context, tx *sql.Tx, id string) (Secret, error) {
	name, full := s.place(id)
	all, err := s.load(ctx, tx, "name || '-' || suffix = $1", full)
	if err == nil && len(all) == 0 {
		all, err = s.load(ctx, tx, "name = $1", name)
	}
	switch {
	case err != nil:
		return Secret{}, err
	case len(all) == 0 || s.gone(all[0]):
		return Secret{}, noSuch()
	}
	return all[0], nil
}

// gone reports whether the time of a deleted secret is over, though it lies there still.
func (s *Service) gone(x Secret) bool { return !x.Purge.IsZero() && !s.now().Before(x.Purge) }

// live is find for what cannot be done to a secret that is marked for deletion.
func (s *Service) live(ctx context.Context, tx *sql.Tx, id string) (Secret, error) {
	x, err := s.find(ctx, tx, id)
	if err == nil && !x.Deleted.IsZero() {
		err = marked()
	}
	return x, err
}

// StagesOf returns the labels of a version, sorted.
func (x Secret) StagesOf(version string) (stages []string) {
	for stage, v := range x.Stages {
		if v == version {
			stages = append(stages, stage)
		}
	}
	slices.Sort(stages)
	return stages
}

// binding is what a value is sealed for.
func binding(secretID, version string) []string {
	return []string{"secret_versions", "value", secretID, version}
}

// The first byte of what is sealed says what follows.
const textValue, binaryValue = 't', 'b'

func (s *Service) sealValue(v Value, secretID, version string) string {
	plain := append([]byte{textValue}, v.Text...)
	if v.Binary != nil {
		plain = append([]byte{binaryValue}, v.Binary...)
	}
	return s.Keys.Seal(plain, binding(secretID, version)...)
}

func (s *Service) openValue(sealed, secretID, version string) (Value, error) {
	plain, err := s.Keys.Unseal(sealed, binding(secretID, version)...)
	switch {
	case err != nil:
		return Value{}, err
	case len(plain) > 0 && plain[0] == textValue:
		return Value{Text: string(plain[1:])}, nil
	case len(plain) > 0 && plain[0] == binaryValue:
		return Value{Binary: plain[1:]}, nil
	}
	return Value{}, errors.New("a secret's value is neither text nor binary")
}

// value reads a version.
func (s *Service) value(ctx context.Context, tx *sql.Tx, x Secret, version string) (v Version, value Value, rotation bool, err error) {
	var sealed string
	var created, accessed, made int64
	err = tx.QueryRowContext(ctx, "SELECT value, created, accessed, rotation FROM secret_versions WHERE secret_id = $1 AND id = $2", x.ID, version).Scan(&sealed, &created, &accessed, &made)
	if err != nil {
		return v, value, false, err
	}
	value, err = s.openValue(sealed, x.ID, version)
	return Version{ID: version, Stages: x.StagesOf(version), Created: instant(created), Accessed: instant(accessed)}, value, made == 1, err
}

// ARN returns the ARN of what a request calls a secret, and whether there is one. Of one
// that does not exist it is what its ARN would begin with.
func (s *Service) ARN(ctx context.Context, id string) (arn string, x Secret, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		x, err = s.find(ctx, tx, id)
		return err
	})
	var c Code
	if errors.As(err, &c) && c == NotFound {
		if strings.HasPrefix(id, "arn:") {
			return id, Secret{}, nil
		}
		return s.arn(id, ""), Secret{}, nil
	}
	return x.ARN, x, err
}
