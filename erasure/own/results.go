package own

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
	"lethe/lib/delimited"
	"lethe/query"
)

// results are the files of queries' results.
type results struct {
	Config
	locks *locks
}

// Name implements erasure.Holder.
func (r *results) Name() string { return "query results" }

// Locate implements erasure.Holder.
func (r *results) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	var t tally
	err := r.each(ctx, p, func(f query.ResultFile) error { return t.count(ctx, r.locks, f) })
	return t.results(), err
}

// Erase implements erasure.Holder. Queries that run now may have read the person:
// their results are waited for.
func (r *results) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	if err := r.Queries.Settle(ctx); err != nil {
		return nil, err
	}
	var t tally
	err := r.each(ctx, p, func(f query.ResultFile) error {
		err := r.Queries.EraseResult(ctx, f)
		refused := lethe.Is(err, lethe.Denied)
		if err != nil && !refused {
			return err
		}
		r.locks.tried(f.Version, refused)
		if refused {
			return t.count(ctx, r.locks, f)
		}
		t.found++
		return nil
	})
	return t.results(), err
}

// count counts a result file that is there.
func (t *tally) count(ctx context.Context, l *locks, f query.ResultFile) error {
	kept, err := t.locks(ctx, l, f.Version, 1)
	if !kept {
		t.found++
	}
	return err
}

func (t *tally) results() []erasure.Holding {
	hs := held("result files", t.found)
	if t.locked > 0 {
		hs = append(hs, erasure.Holding{Place: "result files", Records: t.locked, Reason: lockedReason, Until: t.until.time()})
	}
	return hs
}

// each calls do for each result file that the person is in.
func (r *results) each(ctx context.Context, p erasure.Person, do func(query.ResultFile) error) error {
	m := r.match(p)
	for f, err := range r.Queries.ResultFiles(ctx) {
		if err != nil {
			return err
		}
		// The folder was named by somebody, the file by its id.
		found := slices.ContainsFunc(strings.Split(path.Dir(f.Key), "/"), m.in)
		if !found {
			if found, err = r.holds(ctx, m, f); err != nil {
				return err
			}
		}
		if !found {
			continue
		}
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// holds says whether a result names the person. One that cannot be read to its end
// is taken to: the query can be run again.
func (r *results) holds(ctx context.Context, m *matcher, f query.ResultFile) (bool, error) {
	found, whole, err := r.anyRecord(ctx, f, func(_ int, rec *delimited.Record) bool { return m.record(rec) })
	return found || !whole, err
}

// anyRecord says whether is is true of a record of a result, whose number it is given, the
// first one's 0; and whether all could be read until then.
func (c Config) anyRecord(ctx context.Context, f query.ResultFile, is func(n int, rec *delimited.Record) bool) (found, whole bool, err error) {
	body, _, err := c.Store.OpenVersion(ctx, f.Bucket, f.Key, f.Version.Object.Version, 0, -1)
	if lethe.Is(err, lethe.NotFound) {
		return false, true, nil
	}
	if err != nil {
		return false, true, err
	}
	defer body.Close()
	next := reader(body, f.CSV, ',')
	var rec delimited.Record
	for n := 0; ; n++ {
		if err := next(&rec); errors.Is(err, io.EOF) {
			return false, true, nil
		} else if err != nil {
			return false, true, err
		}
		if rec.Cut {
			return false, false, nil
		}
		if is(n, &rec) {
			return true, true, nil
		}
	}
}

// maxRecord bounds a record that is read, in bytes.
const maxRecord = 64 << 20

// reader reads records of CSV, or lines.
func reader(r io.Reader, csv bool, delim byte) func(*delimited.Record) error {
	if csv {
		return delimited.NewReader(r, delim, '"', maxRecord).Next
	}
	return delimited.NewLines(r, maxRecord).Next
}

// record says whether a record is of the person.
func (m *matcher) record(r *delimited.Record) bool {
	if raw := string(r.Raw); m.mask != nil && !m.each {
		if replaced(raw, m.mask) != raw {
			return true
		}
	} else if m.in(raw) {
		return true
	}
	if len(m.whole) == 0 && m.mask == nil {
		return false
	}
	for _, f := range r.Fields {
		if m.value(string(f.Text)) {
			return true
		}
	}
	return false
}
