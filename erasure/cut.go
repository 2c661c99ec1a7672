package erasure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"lethe"
	"lethe/object"
)

// Outcome is what became of a person's records under one key. It holds no value
// of theirs.
type Outcome struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Records int64  `json:"records"` // that were cut out of what is current
	// Changes are what was done, in order.
	Changes []Change `json:"changes,omitzero"`
	// Exceptions are versions that still hold the person, and why.
	Exceptions []Exception `json:"exceptions,omitzero"`
	Notes      []string    `json:"notes,omitzero"`

	// with is what became of other keys, which had to be erased before this one.
	with []Outcome
	seen seen
}

// seen is what erasing a key has seen, as long as it goes on.
type seen struct {
	held     map[ObjectVersion]int64  // how many records of the person a version has that was cut
	verified map[ObjectVersion]string // what cuts made, with the fingerprint of the mapping by which it was verified
}

// Change is one step of an erasure.
type Change struct {
	Version string `json:"version"`
	ETag    string `json:"etag"` // as it was
	// After is the ETag of what took its place; "" if the version was deleted.
	After   string `json:"after,omitempty"`
	Mapping string `json:"mapping"` // by which the person was found
	Records int64  `json:"records"`
	// Whole says that all of the version was the person's.
	Whole bool `json:"whole,omitempty"`
	// Statistics counts what the catalog had stored of the values in the table and the
	// partition whose folder this is, and stores no more. Nothing else was done then.
	Statistics int64 `json:"statistics,omitempty"`
}

// Exception is a version that could not be erased.
type Exception struct {
	ObjectVersion
	Hold   string `json:"hold,omitempty"` // the id of the hold that keeps it
	Reason string `json:"reason"`
	// Until is when what forbids it ends; zero if that is not known.
	Until time.Time `json:"until,omitzero"`

	unknown bool // whose it is, is not known
}

// attempts is how often a key is begun anew because somebody else wrote it, before
// the caller is told to come back.
const attempts = 20

// erase removes a person from all versions of a key, and returns when a listing
// after the last change has shown none but versions that were looked at and do not
// hold the person, and exceptions. It may be called again at any time, also after it
// was interrupted: what is done is found done.
//
// Nothing is taken for done that was not looked at. The object is cut on the
// condition of its ETag, and what the cut made is read again, as a reader would. An
// error of kind BadData says that this disagreed: a person must look, and nothing
// more is deleted. An error of kind Conflict says that others write the key so often
// that it must be tried later. Errors have no key that names somebody in them.
func (s *Service) erase(ctx context.Context, sub subject, bucket, key string) (out Outcome, err error) {
	out = Outcome{Bucket: bucket, Key: key, seen: seen{map[ObjectVersion]int64{}, map[ObjectVersion]string{}}}
	s.working.begin(bucket, key)
	defer func() {
		out.seen = seen{}
		if s.working.end(bucket, key) {
			err = errors.Join(err, s.Refresh(ctx, bucket, key))
		}
	}()
	c, err := s.strict(ctx, bucket, key)
	if err != nil {
		return out, err
	}
	if err = s.eraseKey(ctx, sub, &out); err != nil {
		err = s.hideFrom(c.covers(bucket, key), sub, key, err)
	}
	return out, err
}

func (s *Service) eraseKey(ctx context.Context, sub subject, out *Outcome) error {
	bucket, key := out.Bucket, out.Key
	read := map[ObjectVersion]*Exception{} // what needs no other look: nil if it does not hold the person
	for others := 0; others < attempts; {
		c, err := s.strict(ctx, bucket, key)
		if err != nil {
			return err
		}
		versions, err := s.versions(ctx, bucket, key)
		if err != nil {
			return err
		}
		tasks, err := s.looker(c).versions(ctx, versions)
		if err != nil {
			return err
		}
		changed, markers := false, 0
		for _, t := range tasks {
			if t.Marker {
				markers++
				continue
			}
			if _, ok := read[t.version()]; ok {
				continue
			}
			if print, ok := out.seen.verified[t.version()]; ok && exactly(t) && print == s.fingerprint(t.looks) {
				continue
			}
			var kept *Exception
			if t.gone {
				err = lethe.Errorf(lethe.Conflict, "version %s is gone", t.Version.Version)
			} else {
				err = insist(ctx, func() (err error) {
					changed, kept, err = s.eraseVersion(ctx, sub, t, out)
					return err
				})
			}
			if gone(err) {
				changed = true // by somebody else: what is there now counts
				others++
			} else if err != nil {
				return fmt.Errorf("s3://%s/%s: %w", bucket, key, err)
			}
			if changed {
				break
			}
			read[t.version()] = kept
		}
		if changed {
			continue
		}
		if markers == len(tasks) { // there is nothing left but a name
			if changed, err = s.eraseMarkers(ctx, sub, tasks, out); err != nil {
				return fmt.Errorf("s3://%s/%s: %w", bucket, key, err)
			}
			if changed {
				continue
			}
		}
		for _, t := range tasks {
			if e := read[t.version()]; e != nil {
				out.Exceptions = append(out.Exceptions, *e)
			} else if _, named := t.named(sub); t.Marker && named && markers < len(tasks) {
				out.Exceptions = append(out.Exceptions, *except(t.Version, time.Time{}, "its name stays with the versions below it"))
			}
		}
		s.working.look(bucket, key)
		return insist(ctx, func() error { return s.Refresh(ctx, bucket, key) })
	}
	return lethe.Errorf(lethe.Conflict, "s3://%s/%s: others changed it %d times while it was erased", bucket, key, attempts)
}

// tries is how often a store that fails is asked before the caller is told to come
// back. Then all versions of the key are read again, which are many where it is
// written often.
const tries = 5

// insist calls f until it has no error, or one that trying again does not mend.
func insist(ctx context.Context, f func() error) (err error) {
	for range tries {
		if err = f(); err == nil || stays(err) || gone(err) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// versions are the versions of a key and its delete markers, the newest first.
func (s *Service) versions(ctx context.Context, bucket, key string) (vs []object.Version, err error) {
	var after object.VersionMark
	for {
		l, err := s.Store.ListVersions(ctx, bucket, object.VersionOptions{Prefix: key, After: after})
		if lethe.Is(err, lethe.NotFound) {
			return nil, nil // the bucket is no more
		} else if err != nil {
			return nil, err
		}
		for _, v := range l.Versions {
			if v.Key != key { // the key itself comes before those that are longer
				return vs, nil
			}
			vs = append(vs, v)
		}
		if after = l.Next; after == (object.VersionMark{}) {
			return vs, nil
		}
	}
}

// eraseVersion removes the person from a version. It says whether it changed
// anything, or why the version stays as it is.
func (s *Service) eraseVersion(ctx context.Context, sub subject, t task, out *Outcome) (changed bool, kept *Exception, err error) {
	for _, k := range t.looks {
		if _, ok := k.whole(sub); ok && k.doc == nil {
			for _, other := range t.looks { // whose mapping keeps it, keeps it from all
				if kept := sub.keep(other.Name, t.Version); kept != nil {
					return false, kept, nil
				}
			}
			kept, err := s.eraseWhole(ctx, sub, t.Version, Change{Mapping: k.Name}, out)
			return kept == nil && err == nil, kept, err
		}
	}
	x, err := s.exactOf(ctx, sub, t)
	if err != nil {
		return false, nil, err
	}
	for _, k := range t.looks {
		changed, stays, err := s.eraseWith(ctx, sub, k, t.Version, x, out)
		if changed || err != nil {
			return changed, nil, err
		}
		if kept == nil {
			kept = stays
		}
	}
	return false, kept, nil
}

// eraseWith is eraseVersion by one mapping.
func (s *Service) eraseWith(ctx context.Context, sub subject, k look, v object.Version, x *exact, out *Outcome) (changed bool, kept *Exception, err error) {
	err = k.unknown
	switch {
	case err != nil:
	case k.doc != nil:
		return s.eraseFromSidecar(ctx, sub, k, v, out)
	case len(k.columns()) == 0:
		return false, nil, nil
	case k.Mode == wholly:
		changed, kept, err = s.eraseOnesObject(ctx, sub, k, v, out)
	default:
		changed, kept, err = s.eraseRecords(ctx, sub, k, v, x, out)
	}
	if err != nil && !gone(err) && stays(err) && !changed {
		kept = except(v, time.Time{}, "mapping %s: %v", k.Name, err)
		kept.unknown = k.unknown != nil
		return false, kept, nil
	}
	return changed, kept, err
}

// eraseRecords cuts the person's records out of a version.
func (s *Service) eraseRecords(ctx context.Context, sub subject, k look, v object.Version, x *exact, out *Outcome) (changed bool, kept *Exception, err error) {
	if n, ok := out.seen.held[versionOf(v.Object)]; ok && !v.Latest { // it was cut, and lies below that
		kept, err := s.eraseWhole(ctx, sub, v, Change{Mapping: k.Name, Records: n}, out)
		return kept == nil && err == nil, kept, err
	}
	if x != nil && len(x.rows) == 0 {
		return false, nil, nil
	}
	plan, err := s.plan(ctx, sub, k, v.Object, x)
	if x != nil && (err != nil && (stays(err) || gone(err)) || err == nil && plan.Cut != int64(len(x.rows))) {
		// The index has sent it astray: then it is not asked.
		if err == nil {
			err = plan.Close()
		} else {
			err = nil
		}
		if x = nil; err == nil {
			plan, err = s.plan(ctx, sub, k, v.Object, nil)
		}
	}
	if err != nil {
		return false, nil, err
	}
	if plan.Cut > 0 || len(plan.Edits) > 0 {
		kept, err = s.apply(ctx, sub, k, v, x, plan, out)
		changed = kept == nil
	}
	return changed, kept, errors.Join(err, plan.Close())
}

func except(v object.Version, until time.Time, format string, args ...any) *Exception {
	return &Exception{ObjectVersion: versionOf(v.Object), Reason: fmt.Sprintf(format, args...), Until: until}
}

// plan plans the removal of a person from a version by a mapping; where x is not nil,
// by what the index knows of it.
func (s *Service) plan(ctx context.Context, sub subject, c look, o object.Object, x *exact) (*Plan, error) {
	f, err := s.format(c.cover, o.Key)
	if err != nil {
		return nil, err
	}
	cut := Cut{Columns: c.columns(), Match: c.holds(sub), Mode: modes[c.Mode], Replace: c.Replace, Traces: sub.traces, Dir: s.Dir}
	if x != nil {
		cut.Rows, cut.Marks = x.rows, x.marks
	}
	return f.Plan(ctx, content{ctx, s.Store, o}, cut)
}

// apply carries a plan out, or says why it cannot be. The current version is cut,
// or deleted if nothing is left of it; a version below it is deleted, as nothing
// can be written there.
func (s *Service) apply(ctx context.Context, sub subject, c look, v object.Version, x *exact, p *Plan, out *Outcome) (*Exception, error) {
	if kept := sub.keep(c.Name, v); kept != nil {
		return kept, nil
	}
	change := Change{Version: v.Version, ETag: v.ETag, Mapping: c.Name, Records: p.Cut}
	if !v.Latest {
		return s.eraseWhole(ctx, sub, v, change, out)
	}
	// A lock does not keep the current version from being replaced: what was current
	// then lies below, and is found there.
	var after object.Object
	var was *expected
	var err error
	if x != nil {
		if was, err = s.expect(ctx, c, p, v.Object); err != nil && !stays(err) {
			return nil, err
		}
	}
	empty := p.Empty && modes[c.Mode] == Delete
	if modes[c.Mode] == Blank {
		if err := s.blanks(ctx, v.Bucket, v.Key); err != nil {
			return nil, err
		}
	}
	if empty {
		err = s.Store.Delete(ctx, v.Bucket, v.Key, object.Condition{IfMatch: v.ETag})
	} else {
		after, err = s.Store.Splice(ctx, v.Bucket, v.Key, v.ETag, p.Edits)
	}
	if err != nil {
		return nil, err
	}
	change.After = after.ETag
	out.Records += p.Cut
	out.Notes = append(out.Notes, p.Notes...)
	out.Changes = append(out.Changes, change)
	if empty {
		return nil, nil
	}
	out.seen.held[versionOf(v.Object)] = p.Cut
	if x == nil || was == nil {
		// Only now is it known how many records must be left.
		return nil, insist(ctx, func() error { return s.verify(ctx, sub, c, p, after) })
	}
	if err := insist(ctx, func() error { return s.verifyExcerpt(ctx, sub, c, was, p, after) }); err != nil {
		return nil, err
	}
	made := versionOf(after)
	made.Version = cmp.Or(made.Version, object.NullVersion) // as listings name it
	out.seen.verified[made] = x.entry.Mapping
	return nil, s.follow(ctx, sub.request, c, x, p, made, after.Size)
}

// drop deletes a version below the current one for good, or says what forbids it.
func (s *Service) drop(ctx context.Context, v object.Version) (*Exception, error) {
	d, err := s.Store.Describe(ctx, v.Bucket, v.Key, v.Version)
	if err != nil {
		return nil, err
	}
	switch {
	case d.ETag != v.ETag:
		return nil, lethe.Errorf(lethe.Conflict, "version %s was replaced", v.Version)
	case d.Lock.Hold:
		return except(v, time.Time{}, "a legal hold keeps it"), nil
	case d.Lock.Holds(time.Now()):
		return except(v, d.Lock.Until, "an object lock in mode %s keeps it", d.Lock.Mode), nil
	}
	err = s.Store.DeleteVersion(ctx, v.Bucket, v.Key, v.Version)
	if lethe.Is(err, lethe.Denied) {
		return except(v, time.Time{}, "the store refuses to delete it: %v", err), nil
	}
	return nil, err
}

// verify reads what a cut made.
func (s *Service) verify(ctx context.Context, sub subject, c look, p *Plan, after object.Object) error {
	holds, made := c.holds(sub), content{ctx, s.Store, after}
	rows, err := s.readOnce(ctx, c, after.Key, made, holds)
	if err != nil {
		return err
	}
	want := p.Rows
	if modes[c.Mode] == Delete {
		want -= p.Cut
	}
	if p.Rows >= 0 && rows != want {
		return lethe.Errorf(lethe.BadData, "it has %d records after %d of %d were cut out", rows, p.Cut, p.Rows)
	}
	return s.readAgain(ctx, c, after.Key, made, rows, holds)
}

// readOnce reads what a cut has left by the format that cut it, and returns how many
// records there are, of which none may hold the person.
func (s *Service) readOnce(ctx context.Context, c look, key string, made object.Content, holds func(values [][]string) bool) (rows int64, err error) {
	f, err := s.format(c.cover, key)
	if err != nil {
		return 0, err
	}
	left := 0
	for r, err := range f.Records(ctx, made, c.columns(), nil) {
		switch {
		case err != nil && !stays(err):
			return 0, err // the store fails, or it is somebody else's by now
		case err != nil:
			return 0, lethe.Errorf(lethe.BadData, "what was left of it cannot be read again: %w", err)
		}
		if rows++; !r.Unreadable && holds(r.Values) {
			left++
		}
	}
	if left > 0 {
		return 0, lethe.Errorf(lethe.BadData, "%d records of the person are in it after they were cut out", left)
	}
	return rows, nil
}
