package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"

	"lethe"
	"lethe/dash"
)

// Settle waits until the refreshes that run now have ended: what they read before the
// call is then in an extract that answers, or nowhere. Those that begin later are not
// waited for.
func (s *Service) Settle(ctx context.Context) error {
	s.mu.Lock()
	var running []*attempt
	for _, a := range s.running {
		running = append(running, a)
	}
	s.mu.Unlock()
	for _, a := range running {
		select {
		case <-a.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Extracts yields all extracts on disk, also those that answer no more.
func (s *Service) Extracts(ctx context.Context) iter.Seq2[dash.ExtractFile, error] {
	return func(yield func(dash.ExtractFile, error) bool) {
		files, err := s.files(ctx)
		if err != nil {
			yield(dash.ExtractFile{}, err)
			return
		}
		for _, f := range files {
			if !yield(dash.ExtractFile{ID: f.ID, DataSet: f.DataSet, Made: f.Made}, nil) {
				return
			}
		}
	}
}

// Rows yields the names of an extract's columns, and then its rows, each value as text
// and null as nothing. NotFound if the extract is gone.
func (s *Service) Rows(ctx context.Context, x dash.ExtractFile) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		files, err := s.files(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		i := slices.IndexFunc(files, func(f kept) bool { return f.ID == x.ID })
		if i < 0 {
			yield(nil, lethe.Errorf(lethe.NotFound, "the extract is not there any more"))
			return
		}
		for row, err := range s.Reader.Rows(ctx, files[i].File) {
			if err != nil {
				if _, serr := os.Stat(files[i].Path); errors.Is(serr, fs.ErrNotExist) {
					err = lethe.Errorf(lethe.NotFound, "the extract is not there any more")
				}
				yield(nil, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// EraseExtract deletes an extract, whole: a part of what was asked is a wrong answer. It is
// gone, from the disk and from memory, when EraseExtract returns. If it was the one that
// answers, another is made; until then there is none. One that is gone is no error.
func (s *Service) EraseExtract(ctx context.Context, x dash.ExtractFile) error {
	f := File{ID: x.ID, DataSet: x.DataSet}
	if err := checked(f.DataSet); err != nil || !lethe.IsID(f.ID) {
		return errors.Join(err, lethe.Errorf(lethe.Invalid, "%q is not an extract", f.ID))
	}
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE extract_files SET current = 0 WHERE id = $1 AND current = 1`, f.ID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = s.begin(ctx, tx, f.DataSet, dash.RefreshOptions{By: "erasure"})
		return err
	})
	if err != nil {
		return err
	}
	s.nudge()
	return s.remove(ctx, f)
}

// RedactTexts passes the texts of refreshes that may quote data through f, and returns
// how many f changed; with dry they stay as they are.
func (s *Service) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (int64, error) {
	return s.DB.Rewrite(ctx, "extract_refreshes", "id", "document", dry, func(doc string) (string, error) {
		var r dash.Refresh
		if err := json.Unmarshal([]byte(doc), &r); err != nil {
			return "", err
		}
		said := f(r.Error)
		if said == r.Error {
			return doc, nil
		}
		r.Error = said
		text, err := json.Marshal(r)
		return string(text), err
	})
}
