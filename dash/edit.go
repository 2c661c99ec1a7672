package dash

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"lethe"
)

// document is what data sets, analyses and dashboards are to the store.
type document interface{ edited() *Edited }

func (e *Edited) edited() *Edited { return e }

// begin makes a new document of the principal's.
func (s *Service) begin(ctx context.Context, e *Edited, id string) {
	p, now := lethe.PrincipalOf(ctx), s.now()
	e.ID, e.Owner, e.Revision = id, p.ARN, 1
	e.Made, e.Changed, e.ChangedBy = now, now, p.ARN
}

// change makes the next revision of a document out of the one that is kept.
func (s *Service) change(ctx context.Context, e *Edited, before Edited) {
	p := lethe.PrincipalOf(ctx)
	e.ID, e.Owner, e.Made = before.ID, before.Owner, before.Made
	e.Revision, e.Changed, e.ChangedBy = before.Revision+1, s.now(), p.ARN
}

// unchanged is a Conflict if a document is not at a revision any more; it tells who
// changed it.
func unchanged(kind string, e Edited, revision int64) error {
	if e.Revision == revision {
		return nil
	}
	return lethe.Errorf(lethe.Conflict, "%s %q was changed by %s at %s: it is at revision %d, and this change was made to revision %d",
		words[kind], e.Name, nameOf(e.ChangedBy), e.Changed.Format(time.RFC3339), e.Revision, revision).
		WithHint("load it again and make the change to what it is now")
}

// insert keeps a new document. Exists if there is one of its id.
func insert(ctx context.Context, tx *sql.Tx, kind string, owner lethe.Principal, d document) error {
	e := d.edited()
	doc, err := json.Marshal(d)
	if err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO dash_documents (id, kind, owner_id, name, document) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		e.ID, kind, owner.ID, e.Name, string(doc))
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return cmpErr(err, lethe.Errorf(lethe.Exists, "there is a %s %q already, or something else of its id", words[kind], e.ID))
	}
	return nil
}

func cmpErr(err error, other error) error {
	if err != nil {
		return err
	}
	return other
}

// replace keeps a document in place of the one that is there.
func replace(ctx context.Context, tx *sql.Tx, kind string, d document) error {
	e := d.edited()
	doc, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE dash_documents SET name = $1, document = $2 WHERE id = $3 AND kind = $4`, e.Name, string(doc), e.ID, kind)
	return err
}

// remove forgets a document, its versions, and whom it was shared with.
func remove(ctx context.Context, tx *sql.Tx, id string) error {
	for _, statement := range []string{
		`DELETE FROM dash_shares WHERE resource = $1`, `DELETE FROM dash_versions WHERE dashboard = $1`, `DELETE FROM dash_documents WHERE id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}

// tx runs a change, after which other grants may hold.
func (s *Service) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	defer s.changes.Add(1)
	return s.DB.Tx(ctx, fn)
}

// listed returns those of a kind that the principal may describe, by name.
func listed[T any, D interface {
	*T
	document
}](ctx context.Context, s *Service, kind, action string) (list []T, err error) {
	all, err := documents[T](ctx, s, kind)
	if err != nil {
		return nil, err
	}
	list = []T{}
	p := lethe.PrincipalOf(ctx)
	for i := range all {
		ok, err := s.Access.Allows(ctx, p, action, lethe.QuickSightARN(s.Region, kind, D(&all[i]).edited().ID))
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, all[i])
		}
	}
	return list, nil
}
