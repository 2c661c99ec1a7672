package erasure

import (
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
}

// Change is one step of an erasure.
type Change struct {
	Version string `json:"version"`
	ETag    string `json:"etag"` // as it was
	// After is the ETag of what took its place; "" if the version was deleted.
	After   string `json:"after,omitempty"`
	Mapping string `json:"mapping"` // by which the person was found
	Records int64  `json:"records"`
}

// Exception is a version that could not be erased.
type Exception struct {
	ObjectVersion
	Reason string `json:"reason"`
	// Until is when what forbids it ends; zero if that is not known.
	Until time.Time `json:"until,omitzero"`
}

// attempts is how often a key is begun anew because somebody else wrote it, before
// the caller is told to come back.
const attempts = 20

// erase removes a person from all versions of a key, and returns when a listing
// after the last change has shown none but versions that were read and do not hold
// the person, and exceptions. It may be called again at any time, also after it
// was interrupted: what is done is found done.
//
// Nothing is taken for done that was not read. The object is cut on the condition
// of its ETag, and what the cut made is read again, as a reader would. An error of
// kind BadData says that this disagreed: a person must look, and nothing more is
// deleted. An error of kind Conflict says that others write the key so often that
// it must be tried later.
func (s *Service) erase(ctx context.Context, sub subject, bucket, key string) (Outcome, error) {
	out := Outcome{Bucket: bucket, Key: key}
	read := map[ObjectVersion]*Exception{} // what needs no other look: nil if it does not hold the person
	for others := 0; others < attempts; {
		c, err := s.scope(ctx, false)
		if err != nil {
			return out, err
		}
		versions, err := s.versions(ctx, bucket, key)
		if err != nil {
			return out, err
		}
		changed := false
		for _, v := range versions {
			o := ObjectVersion{Bucket: bucket, Key: key, Version: v.Version, ETag: v.ETag}
			if _, ok := read[o]; ok {
				continue
			}
			var kept *Exception
			changed, kept, err = s.eraseVersion(ctx, c, sub, v, &out)
			if lethe.Is(err, lethe.Conflict) || lethe.Is(err, lethe.NotFound) {
				changed = true // by somebody else: what is there now counts
				others++
			} else if err != nil {
				return out, fmt.Errorf("s3://%s/%s: %w", bucket, key, err)
			}
			if changed {
				break
			}
			read[o] = kept
		}
		if changed {
			continue
		}
		for _, v := range versions {
			if e := read[ObjectVersion{Bucket: bucket, Key: key, Version: v.Version, ETag: v.ETag}]; e != nil {
				out.Exceptions = append(out.Exceptions, *e)
			}
		}
		return out, s.Refresh(ctx, bucket, key)
	}
	return out, lethe.Errorf(lethe.Conflict, "s3://%s/%s: others changed it %d times while it was erased", bucket, key, attempts)
}

// versions are the versions of a key, the newest first, without delete markers.
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
			if !v.Marker {
				vs = append(vs, v)
			}
		}
		if after = l.Next; after == (object.VersionMark{}) {
			return vs, nil
		}
	}
}

// eraseVersion removes the person from a version. It says whether it changed
// anything, or why the version stays as it is.
func (s *Service) eraseVersion(ctx context.Context, c *scope, sub subject, v object.Version, out *Outcome) (changed bool, kept *Exception, err error) {
	for _, cov := range c.covers(v.Bucket, v.Key) {
		plan, err := s.plan(ctx, sub, cov, v.Object)
		if err != nil {
			if u := (Unread{Kind: lethe.KindOf(err)}); u.stays() {
				return false, except(v, time.Time{}, "mapping %s: %v", cov.Name, err), nil
			}
			return false, nil, err
		}
		if plan.Cut > 0 || len(plan.Edits) > 0 {
			kept, err = s.apply(ctx, sub, cov, v, plan, out)
			return kept == nil, kept, errors.Join(err, plan.Close())
		}
		if err := plan.Close(); err != nil {
			return false, nil, err
		}
	}
	return false, nil, nil
}

func except(v object.Version, until time.Time, format string, args ...any) *Exception {
	return &Exception{ObjectVersion: ObjectVersion{Bucket: v.Bucket, Key: v.Key, Version: v.Version, ETag: v.ETag}, Reason: fmt.Sprintf(format, args...), Until: until}
}

// plan plans the removal of a person from a version by a mapping.
func (s *Service) plan(ctx context.Context, sub subject, c cover, o object.Object) (*Plan, error) {
	f, err := s.Format(c.table, c.storage, o.Key)
	if err != nil {
		return nil, err
	}
	return f.Plan(ctx, content{ctx, s.Store, o}, Cut{
		Columns: c.columns(), Match: c.holds(sub), Mode: modes[c.Mode], Replace: c.Replace, Traces: sub.traces, Dir: s.Dir,
	})
}

// apply carries a plan out, or says why it cannot be. The current version is cut,
// or deleted if nothing is left of it; a version below it is deleted, as nothing
// can be written there.
func (s *Service) apply(ctx context.Context, sub subject, c cover, v object.Version, p *Plan, out *Outcome) (*Exception, error) {
	change := Change{Version: v.Version, ETag: v.ETag, Mapping: c.Name, Records: p.Cut}
	if !v.Latest {
		kept, err := s.drop(ctx, v)
		if err == nil && kept == nil {
			out.Changes = append(out.Changes, change)
		}
		return kept, err
	}
	// A lock does not keep the current version from being replaced: what was current
	// then lies below, and is found there.
	if p.Empty && modes[c.Mode] == Delete {
		if err := s.Store.Delete(ctx, v.Bucket, v.Key, object.Condition{IfMatch: v.ETag}); err != nil {
			return nil, err
		}
	} else {
		after, err := s.Store.Splice(ctx, v.Bucket, v.Key, v.ETag, p.Edits)
		if err != nil {
			return nil, err
		}
		if err := s.verify(ctx, sub, c, p, after); err != nil {
			return nil, err
		}
		change.After = after.ETag
	}
	out.Records += p.Cut
	out.Notes = append(out.Notes, p.Notes...)
	out.Changes = append(out.Changes, change)
	return nil, nil
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
func (s *Service) verify(ctx context.Context, sub subject, c cover, p *Plan, after object.Object) error {
	f, err := s.Format(c.table, c.storage, after.Key)
	if err != nil {
		return err
	}
	holds := c.holds(sub)
	var rows, left int64
	for r, err := range f.Records(ctx, content{ctx, s.Store, after}, c.columns(), nil) {
		switch {
		case lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Conflict) || err != nil && lethe.KindOf(err) == lethe.Canceled:
			return err // it is somebody else's by now
		case err != nil:
			return lethe.Errorf(lethe.BadData, "what was left of it cannot be read again: %w", err)
		}
		if rows++; !r.Unreadable && holds(r.Values) {
			left++
		}
	}
	want := p.Rows
	if modes[c.Mode] == Delete {
		want -= p.Cut
	}
	switch {
	case left > 0:
		return lethe.Errorf(lethe.BadData, "%d records of the person are in it after they were cut out", left)
	case p.Rows >= 0 && rows != want:
		return lethe.Errorf(lethe.BadData, "it has %d records after %d of %d were cut out", rows, p.Cut, p.Rows)
	}
	return nil
}
