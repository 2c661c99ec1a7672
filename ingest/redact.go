package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"lethe"
	"lethe/lib/state"
)

// StagingBucket holds what clients upload to be ingested and then forget.
const StagingBucket = "lethe-staging"

// Settle waits until the runs that work now have ended: what was read before the
// call is then in tables, reports and quarantine, or nowhere.
func (s *Service) Settle(ctx context.Context) error {
	s.mu.Lock()
	running := slices.Collect(maps.Values(s.running))
	s.mu.Unlock()
	for _, p := range running {
		select {
		case <-p.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// RedactTexts passes what runs that are final have of texts that somebody wrote, or
// that quote data, through f: sources, statements, bad rows, errors. A bad row that f
// changes loses its whole text, because the rest of it is of the same person. It
// returns how many runs f changed; with dry they stay as they are.
//
// Objects that f would change the keys of keep their names while they are there: they
// are looked into by them. The journal forgets those that are no more.
func (s *Service) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (int64, error) {
	there, err := s.there(ctx, f)
	if err != nil {
		return 0, err
	}
	n, err := s.DB.Rewrite(ctx, "ingest_runs", "id", "document", dry, func(doc string) (string, error) {
		var r Run
		if err := json.Unmarshal([]byte(doc), &r); err != nil || !r.Phase.Final() || !r.redact(f, there) {
			return doc, err
		}
		redacted, err := json.Marshal(r)
		return string(redacted), err
	})
	if err != nil {
		return n, err
	}
	gone, err := s.goneFiles(ctx, f)
	if err != nil || dry || len(gone) == 0 {
		return n + int64(len(gone)), err
	}
	return n + int64(len(gone)), s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, o := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM ingest_files WHERE bucket = $1 AND object_key = $2`, o.Bucket, o.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

// there are the objects that runs name, whose keys f would change, and that are there.
func (s *Service) there(ctx context.Context, f func(string) string) (map[string]bool, error) {
	var named []lethe.Location
	err := s.eachRun(ctx, func(r Run) {
		for _, text := range r.objects() {
			if l, err := lethe.ParseLocation(*text); err == nil && f(l.Key) != l.Key {
				named = append(named, l)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, l := range distinct(named) {
		_, err := s.Store.Head(ctx, l.Bucket, l.Key)
		if err == nil {
			there[l.String()] = true
		} else if !lethe.Is(err, lethe.NotFound) && !lethe.Is(err, lethe.Denied) {
			return nil, err
		}
	}
	return there, nil
}

// objects are the locations in a run that name objects, or where these are.
func (r *Run) objects() []*string {
	texts := []*string{&r.Report.Quarantine}
	for i := range r.Job.Sources {
		texts = append(texts, &r.Job.Sources[i])
	}
	for i := range r.Report.Sources {
		texts = append(texts, &r.Report.Sources[i].Object)
	}
	for i := range r.Report.Skipped {
		texts = append(texts, &r.Report.Skipped[i])
	}
	for i := range r.Report.Bad {
		texts = append(texts, &r.Report.Bad[i].Object)
	}
	return texts
}

// redact passes the texts of a run through f, but the names of objects that are there.
func (r *Run) redact(f func(string) string, there map[string]bool) (changed bool) {
	put := func(texts ...*string) {
		for _, t := range texts {
			if v := f(*t); v != *t {
				*t, changed = v, true
			}
		}
	}
	put(&r.Job.SQL, &r.Job.Comment, &r.Job.CSV.Null, &r.Error)
	for _, text := range r.objects() {
		// The bucket is no person's.
		if l, err := lethe.ParseLocation(*text); err == nil && !there[l.String()] && f(l.Key) != l.Key {
			*text, changed = lethe.Location{Bucket: l.Bucket, Key: f(l.Key)}.String(), true
		}
	}
	for i := range r.Job.Columns {
		put(&r.Job.Columns[i].Name, &r.Job.Columns[i].Comment)
	}
	for i := range r.Report.Bad {
		b := &r.Report.Bad[i]
		texts := []string{b.Reason, b.Raw, string(b.RawBytes)}
		if slices.ContainsFunc(texts, func(t string) bool { return f(t) != t }) {
			b.Reason, b.Raw, b.RawBytes, changed = "the row was of a person who was erased", "", nil, true
		}
	}
	ignored := map[string]int64{}
	for k, n := range r.Report.Ignored {
		name := k
		put(&name)
		ignored[name] += n
	}
	if len(ignored) > 0 {
		r.Report.Ignored = ignored
	}
	return changed
}

// goneFiles are objects of the journal that f would change the keys of, and that are
// no more.
func (s *Service) goneFiles(ctx context.Context, f func(string) string) (gone []lethe.Location, err error) {
	named, err := s.files(ctx, `SELECT bucket, object_key FROM ingest_files`)
	if err != nil {
		return nil, err
	}
	for _, o := range named {
		if f(o.Key) == o.Key {
			continue
		}
		switch _, err := s.Store.Head(ctx, o.Bucket, o.Key); {
		case lethe.Is(err, lethe.NotFound):
			gone = append(gone, o)
		case err != nil:
			return nil, err
		}
	}
	return gone, nil
}

func (s *Service) files(ctx context.Context, query string) (files []lethe.Location, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l lethe.Location
			if err := rows.Scan(&l.Bucket, &l.Key); err != nil {
				return err
			}
			files = append(files, l)
		}
		return rows.Err()
	})
	return files, err
}

// Quarantined are the objects that hold bad rows, of the runs that are remembered and
// of the last ones of each table.
func (s *Service) Quarantined(ctx context.Context) ([]lethe.Location, error) {
	files, err := s.files(ctx, `SELECT bucket, object_key FROM ingest_files WHERE quarantine = 1`)
	if err != nil {
		return nil, err
	}
	err = s.eachRun(ctx, func(r Run) {
		if l, err := lethe.ParseLocation(r.Report.Quarantine); err == nil {
			files = append(files, l)
		}
	})
	return distinct(files), err
}

// Originals are the objects that the runs that are remembered were made of. Some may
// be gone, or others by now.
func (s *Service) Originals(ctx context.Context) (files []lethe.Location, err error) {
	err = s.eachRun(ctx, func(r Run) {
		for _, o := range r.Report.Sources {
			if l, err := lethe.ParseLocation(o.Object); err == nil {
				files = append(files, l)
			}
		}
	})
	return distinct(files), err
}

func distinct(files []lethe.Location) []lethe.Location {
	seen := map[lethe.Location]bool{}
	return slices.DeleteFunc(files, func(l lethe.Location) bool {
		again := seen[l]
		seen[l] = true
		return again
	})
}

func (s *Service) eachRun(ctx context.Context, f func(Run)) error {
	return s.DB.View(ctx, func(tx *sql.Tx) error {
		runs, err := state.Documents[Run](ctx, tx, `SELECT document FROM ingest_runs ORDER BY id`)
		for _, r := range runs {
			f(r)
		}
		return err
	})
}
