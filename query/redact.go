package query

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/object"
)

// What a person leaves behind by being asked about: results, and the texts of
// executions. A person who was erased must be in neither.

// kept is the request as its execution keeps and shows it.
func (s *Service) kept(ctx context.Context, q Request) (_ Request, err error) {
	if s.Redact == nil {
		return q, nil
	}
	if q.Statement, err = s.Redact(ctx, q.Statement); err != nil {
		return q, err
	}
	q.Parameters = slices.Clone(q.Parameters)
	for i, p := range q.Parameters {
		if q.Parameters[i], err = s.Redact(ctx, p); err != nil {
			return q, err
		}
	}
	return q, nil
}

// keptReason is why an execution ended, as it is kept.
func (s *Service) keptReason(ctx context.Context, x *Execution) {
	for _, text := range x.reasons() {
		if s.Redact == nil || *text == "" {
			continue
		}
		kept, err := s.Redact(context.WithoutCancel(ctx), *text)
		if err != nil {
			s.Log.Error("cannot tell whether the reason of a failed query names an erased person", "id", x.ID, "error", err)
			kept = "the reason could not be kept; the server's log says why"
		}
		*text = kept
	}
}

func (x *Execution) reasons() []*string {
	if x.Error == nil {
		return []*string{&x.Reason}
	}
	return []*string{&x.Reason, &x.Error.Message}
}

// Settle waits until the executions that run now have ended: what was read before
// the call is then in their results, or nowhere.
func (s *Service) Settle(ctx context.Context) error {
	s.mu.Lock()
	running := slices.Collect(maps.Values(s.running))
	s.mu.Unlock()
	for _, r := range running {
		select {
		case <-r.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// RedactTexts passes what executions have of texts that somebody wrote, or that
// quote data, through f: statements, parameters, tokens, errors, names of columns,
// locations. It returns how many executions f changed; with dry they stay as they
// are. Those that run keep what they have in memory: see Settle.
func (s *Service) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (int64, error) {
	n, err := s.db.Rewrite(ctx, "query_executions", "id", "document", dry, func(doc string) (string, error) {
		var x Execution
		if err := json.Unmarshal([]byte(doc), &x); err != nil {
			return "", err
		}
		texts := append(x.reasons(), &x.Request.Statement, &x.Request.Catalog, &x.Request.Database, &x.Request.Token)
		for i := range x.Request.Parameters {
			texts = append(texts, &x.Request.Parameters[i])
		}
		for i := range x.Columns {
			texts = append(texts, &x.Columns[i].Name)
		}
		changed := redact(f, texts...)
		for _, l := range []*string{&x.Request.Output, &x.Output} {
			changed = redactFolder(f, l) || changed
		}
		if !changed {
			return doc, nil
		}
		redacted, err := json.Marshal(x)
		return string(redacted), err
	})
	if err != nil || dry {
		return n, err
	}
	if err := s.dropNamed(ctx, `SELECT token FROM query_executions WHERE token IS NOT NULL`, `UPDATE query_executions SET token = NULL WHERE token = $1`, f); err != nil {
		return n, err
	}
	folder := func(location string) string {
		redactFolder(f, &location)
		return location
	}
	return n, s.dropNamed(ctx, `SELECT location FROM query_outputs`, `DELETE FROM query_outputs WHERE location = $1`, folder)
}

// redactFolder passes the folders of a location through f, one by one: neither the
// bucket, which is no person's, nor the id that a result is named by.
func redactFolder(f func(string) string, location *string) bool {
	l, err := lethe.ParseLocation(*location)
	if err != nil {
		return false
	}
	parts := strings.Split(l.Key, "/")
	for i, part := range parts {
		if id, _, _ := strings.Cut(part, "."); !lethe.IsID(id) {
			parts[i] = f(part)
		}
	}
	if key := strings.Join(parts, "/"); key != l.Key {
		l.Key, *location = key, lethe.Location{Bucket: l.Bucket, Key: key}.String()
		return true
	}
	return false
}

func redact(f func(string) string, texts ...*string) (changed bool) {
	for _, t := range texts {
		if v := f(*t); v != *t {
			*t, changed = v, true
		}
	}
	return changed
}

// dropNamed runs a statement for each of some texts that f would change.
func (s *Service) dropNamed(ctx context.Context, list, drop string, f func(string) string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, list)
		if err != nil {
			return err
		}
		defer rows.Close()
		var named []string
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			if f(text) != text {
				named = append(named, text)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, text := range named {
			if _, err := tx.ExecContext(ctx, drop, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// ResultFile is a version of an object that holds, or held, a result.
type ResultFile struct {
	object.Version
	Execution string // its id; the execution may be forgotten
	CSV       bool   // else lines of text
}

// companionSuffix is what the key of a result's companion file ends with.
const companionSuffix = ".metadata"

// ResultFiles yields all versions of result files at all locations where results
// were ever stored, also of executions that are forgotten or not final. Companion
// files, which name columns, are not among them. A bucket that is gone has none.
func (s *Service) ResultFiles(ctx context.Context) iter.Seq2[ResultFile, error] {
	return func(yield func(ResultFile, error) bool) {
		locations, known, err := s.outputs(ctx)
		if err != nil {
			yield(ResultFile{}, err)
			return
		}
		for _, dir := range locations {
			files, err := s.resultFilesAt(ctx, dir, known)
			if err != nil {
				yield(ResultFile{}, err)
				return
			}
			for _, f := range files {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

// outputs are the folders that results were stored in, and the ids of the
// executions that are known.
func (s *Service) outputs(ctx context.Context) (dirs []lethe.Location, known map[string]bool, err error) {
	known = map[string]bool{}
	seen := map[lethe.Location]bool{}
	add := func(l lethe.Location) {
		if !seen[l] {
			seen[l] = true
			dirs = append(dirs, l)
		}
	}
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT location, '' FROM query_outputs UNION ALL SELECT '', document FROM query_executions`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var location, doc string
			if err := rows.Scan(&location, &doc); err != nil {
				return err
			}
			if doc != "" {
				var x Execution
				if err := json.Unmarshal([]byte(doc), &x); err != nil {
					return err
				}
				known[x.ID] = true
				location = folderOf(x.Output)
			}
			if l, err := lethe.ParseLocation(location); err == nil {
				add(l)
			} // else it named somebody, whose results are gone
		}
		return rows.Err()
	})
	return dirs, known, err
}

// folderOf is the location of a result without its last part.
func folderOf(output string) string { return output[:strings.LastIndexByte(output, '/')+1] }

// resultFilesAt are the result files directly in a folder: objects that are named as
// results are, of a known execution, or with a companion file beside them.
func (s *Service) resultFilesAt(ctx context.Context, dir lethe.Location, known map[string]bool) (files []ResultFile, err error) {
	companions := map[string]bool{}
	for v, err := range object.AllVersions(ctx, s.Store, dir.Bucket, dir.Key) {
		if lethe.Is(err, lethe.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(v.Key, dir.Key)
		if main, ok := strings.CutSuffix(name, companionSuffix); ok {
			companions[main] = true
			continue
		}
		id, suffix, _ := strings.Cut(name, ".")
		if v.Marker || !lethe.IsID(id) || suffix != "" && suffix != "csv" && suffix != "txt" {
			continue
		}
		files = append(files, ResultFile{Version: v, Execution: id, CSV: suffix == "csv"})
	}
	return slices.DeleteFunc(files, func(f ResultFile) bool {
		return !known[f.Execution] && !companions[strings.TrimPrefix(f.Key, dir.Key)]
	}), nil
}

// erasedReason is what an execution says whose result was erased.
const erasedReason = "its result was erased, because it held a person who was erased"

// EraseResult deletes a result, all versions of its file and of the companion file,
// for good. The execution says so from before on, and its result is an error. An
// error of kind Denied says that a lock keeps a version; the others are gone then.
func (s *Service) EraseResult(ctx context.Context, f ResultFile) error {
	x, err := s.load(ctx, f.Execution)
	switch {
	case err == nil && x.Erased.IsZero() && x.State.Final():
		x.Erased = time.Now().UTC()
		if x.State == Succeeded {
			x.Reason = erasedReason
		}
		if err := s.finish(ctx, &x); err != nil {
			return err
		}
	case err != nil && !lethe.Is(err, lethe.NotFound):
		return err
	}
	var kept error
	for _, key := range []string{f.Key + companionSuffix, f.Key} { // the file last: while it is there, it is found again
		var versions []string
		for v, err := range object.AllVersions(ctx, s.Store, f.Bucket, key) {
			if err != nil {
				return err
			}
			if v.Key == key {
				versions = append(versions, v.Object.Version)
			}
		}
		for _, v := range versions {
			if err := s.Store.DeleteVersion(ctx, f.Bucket, key, v); lethe.Is(err, lethe.Denied) {
				kept = err
			} else if err != nil && !lethe.Is(err, lethe.NotFound) {
				return err
			}
		}
	}
	return kept
}
