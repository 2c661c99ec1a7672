package erasure

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/object"
)

// eraseWhole removes a version as a whole, or says what forbids it. What was current
// lies below a delete marker then, if the bucket keeps versions, and is found there.
func (s *Service) eraseWhole(ctx context.Context, sub subject, v object.Version, change Change, out *Outcome) (*Exception, error) {
	if kept := sub.keep(change.Mapping, v); kept != nil {
		return kept, nil
	}
	change.Version, change.ETag = v.Version, v.ETag
	if v.Latest {
		if err := s.Store.Delete(ctx, v.Bucket, v.Key, object.Condition{IfMatch: v.ETag}); err != nil {
			return nil, err
		}
		out.Records += change.Records
	} else if kept, err := s.drop(ctx, v); err != nil || kept != nil {
		return kept, err
	}
	change.Whole = change.Records == 0
	if !slices.ContainsFunc(out.Changes, func(c Change) bool { return c.Version == change.Version && c.ETag == change.ETag && c.After == "" }) {
		out.Changes = append(out.Changes, change) // and not once more when it goes from below its delete marker
	}
	return nil, nil
}

// named returns a claim by which a version's key is a person's, with its mapping.
func (t task) named(sub subject) (mapping string, ok bool) {
	for _, k := range t.looks {
		for _, c := range k.claims {
			if c.inKey && sub.is(c.typ, c.value) {
				return k.Name, true
			}
		}
	}
	return "", false
}

// eraseMarkers removes the delete markers of a key that names the person, of which
// nothing else is left. It says whether it changed anything.
func (s *Service) eraseMarkers(ctx context.Context, sub subject, tasks []task, out *Outcome) (changed bool, err error) {
	for _, t := range tasks {
		mapping, ok := t.named(sub)
		if !ok {
			continue
		}
		if kept := sub.keep(mapping, t.Version); kept != nil {
			out.Exceptions = append(out.Exceptions, *kept)
			continue
		}
		err := s.Store.DeleteVersion(ctx, t.Bucket, t.Key, t.Version.Version)
		if lethe.Is(err, lethe.Denied) {
			out.Exceptions = append(out.Exceptions, *except(t.Version, time.Time{}, "the store refuses to delete it: %v", err))
			continue
		} else if err != nil {
			return changed, err
		}
		out.Changes = append(out.Changes, Change{Version: t.Version.Version, Mapping: mapping, Whole: true})
		changed = true
	}
	return changed, nil
}

// eraseOnesObject removes a version that holds records of the person as a whole, as
// mode object has it. One that holds records of somebody else, too, is not one
// person's, and stays.
func (s *Service) eraseOnesObject(ctx context.Context, sub subject, k look, v object.Version, out *Outcome) (changed bool, kept *Exception, err error) {
	f, err := s.format(k.cover, v.Key)
	if err != nil {
		return false, nil, err
	}
	var theirs, others, unreadable int64
	holds := k.holds(sub)
	for r, err := range f.Records(ctx, content{ctx, s.Store, v.Object}, k.columns(), nil) {
		switch {
		case err != nil:
			return false, nil, err
		case r.Unreadable:
			unreadable++
		case holds(r.Values):
			theirs++
		default:
			k.normals(r.Values, func(string, string) bool {
				others++
				return false
			})
		}
	}
	switch {
	case theirs == 0 && unreadable == 0:
		return false, nil, nil
	case unreadable > 0:
		return false, nil, lethe.Errorf(lethe.BadData, "%d records cannot be read", unreadable)
	case others > 0:
		return false, nil, lethe.Errorf(lethe.BadData, "%d of its records are the person's and %d somebody else's: by mode object it would go whole", theirs, others)
	}
	kept, err = s.eraseWhole(ctx, sub, v, Change{Mapping: k.Name, Records: theirs}, out)
	return kept == nil && err == nil, kept, err
}

// eraseFromSidecar removes the person from a version of a metadata file, once the
// objects that it names as theirs are erased: it is what says whose they are.
func (s *Service) eraseFromSidecar(ctx context.Context, sub subject, k look, v object.Version, out *Outcome) (changed bool, kept *Exception, err error) {
	is := k.is(sub)
	for _, key := range k.of(v.Key, is) {
		if _, also := k.sidecarFolder(key); also {
			continue // it is erased by itself
		}
		one, err := s.erase(ctx, sub, v.Bucket, key)
		out.with = append(append(out.with, one.with...), one)
		if err != nil {
			return false, nil, err
		}
		for _, e := range one.Exceptions {
			if e.unknown { // no metadata file says whose that is, so neither does this
				continue
			}
			kept = except(v, e.Until, "it says whose an object is that stays: %s",
				strings.ReplaceAll(e.Reason, key, s.masked(sub, s.shown([]cover{k.cover}, key))))
			kept.Hold = e.Hold
		}
	}
	left := int64(0)
	for _, e := range k.doc.entries() {
		if is(e) {
			left++
		}
	}
	if left == 0 || kept != nil {
		return false, kept, nil
	}
	if kept := sub.keep(k.Name, v); kept != nil {
		return false, kept, nil
	}
	change := Change{Version: v.Version, ETag: v.ETag, Mapping: k.Name, Records: left}
	if !v.Latest {
		kept, err := s.eraseWhole(ctx, sub, v, change, out)
		return kept == nil && err == nil, kept, err
	}
	each := k.doc.Objects == nil
	raw, err := withoutPerson(k.raw, each, v.Modified, is)
	if err != nil {
		return false, except(v, time.Time{}, "mapping %s: %v", k.Name, err), nil
	}
	if raw == nil {
		kept, err := s.eraseWhole(ctx, sub, v, change, out)
		return kept == nil && err == nil, kept, err
	}
	after, err := parseSidecar(raw, each)
	if err != nil {
		return false, except(v, time.Time{}, "mapping %s: %v", k.Name, err), nil
	}
	for _, e := range after.entries() {
		if is(e) {
			return false, except(v, time.Time{}, "mapping %s: its fields are not written as they must be, so that the person could not be taken out", k.Name), nil
		}
	}
	o, err := s.Store.Splice(ctx, v.Bucket, v.Key, v.ETag, []object.Edit{{Off: 0, Len: v.Size, Data: bytes.NewReader(raw)}})
	if err != nil {
		return false, nil, err
	}
	change.After = o.ETag
	out.Records += change.Records
	out.Changes = append(out.Changes, change)
	return true, nil, nil
}
