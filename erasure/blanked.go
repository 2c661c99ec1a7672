package erasure

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lethe"
)

// Blanked counts the keys at which erasures have left blank records.
type Blanked struct {
	Objects int64     `json:"objects"`
	Oldest  time.Time `json:"oldest,omitzero"` // when the first of them was blanked last
}

// Blanked returns how many objects wait for a vacuum.
func (s *Service) Blanked(ctx context.Context) (b Blanked, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		var at sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT count(*), min(at) FROM erasure_blanked`).Scan(&b.Objects, &at)
		if at.Valid {
			b.Oldest = time.UnixMicro(at.Int64).UTC()
		}
		return err
	})
	return b, err
}

// blanks keeps that records of a key are about to be blanked. It is called before they
// are, so that a crash in between leaves a key too many for the vacuum to look at, and
// none too few.
func (s *Service) blanks(ctx context.Context, bucket, key string) error {
	object := s.objectID(bucket, key)
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_blanked (object, sealed, at) VALUES ($1, $2, $3)
			ON CONFLICT (object) DO UPDATE SET at = excluded.at`, object,
			s.sealed("erasure_blanked", "", bucket, key), time.Now().UnixMicro())
		return err
	})
}

// blankedAt is when a key was blanked last, in microseconds since 1970; 0 if it is not
// known to be.
func (s *Service) blankedAt(ctx context.Context, bucket, key string) (at int64, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT at FROM erasure_blanked WHERE object = $1`, s.objectID(bucket, key)).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return at, err
}

// notBlanked forgets that a key was blanked, unless it was again after a moment that
// blankedAt has returned.
func (s *Service) notBlanked(ctx context.Context, bucket, key string, at int64) error {
	if at == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM erasure_blanked WHERE object = $1 AND at = $2`, s.objectID(bucket, key), at)
		return err
	})
}

// sealed seals a key of a row of a table.
func (s *Service) sealed(table, of, bucket, key string) string {
	return s.Seal.Seal([]byte(lethe.Location{Bucket: bucket, Key: key}.String()), table, of, s.objectID(bucket, key))
}

// unsealed opens what sealed has sealed.
func (s *Service) unsealed(table, of, object, text string) (lethe.Location, error) {
	raw, err := s.Seal.Unseal(text, table, of, object)
	if err != nil {
		return lethe.Location{}, err
	}
	return lethe.ParseLocation(string(raw))
}
