package erasure

import (
	"context"
	"database/sql"

	"lethe"
)

// RequestProgress is how far the erasure of a request has come.
type RequestProgress struct {
	Objects int64 `json:"objects"` // keys at which the person was found
	Erased  int64 `json:"erased"`  // of these, that have been erased and read again
	// Keys are the first of these, in the order in which they are erased.
	Keys []KeyProgress `json:"keys"`
}

// KeyProgress is what became of a key so far.
type KeyProgress struct {
	Bucket     string `json:"bucket"`
	Key        string `json:"key"` // masked
	Erased     bool   `json:"erased"`
	Records    int64  `json:"records"`    // cut out of what is current
	Exceptions int64  `json:"exceptions"` // versions that stay though they hold the person
}

// Progress tells how far the erasure of a request has come, with at most limit keys.
// An error of kind NotFound says that there is no such request, and one of kind
// Conflict that it is closed: what became of it is in its certificate.
func (s *Service) Progress(ctx context.Context, id string, limit int) (p RequestProgress, err error) {
	r, err := s.Request(ctx, id)
	if err != nil {
		return p, err
	}
	closed := lethe.Errorf(lethe.Conflict, "request %s is closed", id).WithHint("its certificate says what became of it")
	if !r.Closed.IsZero() {
		return p, closed
	}
	sub, err := s.subjectOf(ctx, id)
	if err != nil {
		if r, again := s.Request(ctx, id); again == nil && !r.Closed.IsZero() {
			return p, closed // in between, and its identifiers destroyed
		}
		return p, err
	}
	c, err := s.recent(ctx)
	if err != nil {
		return p, err
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(erased), 0) FROM erasure_objects WHERE request = $1`, id).Scan(&p.Objects, &p.Erased)
		if err != nil {
			return err
		}
		return s.eachObject(ctx, tx, id, limit, func(at lethe.Location, erased bool, o Outcome) error {
			p.Keys = append(p.Keys, KeyProgress{Bucket: at.Bucket, Key: s.hidden(c, sub, at.Bucket, at.Key), Erased: erased, Records: o.Records, Exceptions: int64(len(o.Exceptions))})
			return nil
		})
	})
	return p, err
}
