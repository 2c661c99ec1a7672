package erasure

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"lethe"
)

// exact is what the index knows of a person in an object version, where it knows all:
// no other record of the version is theirs.
type exact struct {
	entry Entry
	rows  []int64 // not nil
	marks []Mark
}

// exactness is what is needed to say whether the index knows all.
type exactness struct {
	// from is how large objects are, in bytes, that are worth it; those below it are
	// read whole, as they always may be. 0 means exactFrom. every is how many bytes lie
	// between marks, 0 what markEvery says. Tests set them.
	from, every int64
	// Places that were found for open requests, so that they are not looked up again
	// for each of their keys.
	mu     sync.Mutex
	places map[string]map[ObjectVersion]Place
}

const (
	exactFrom = 1 << 20
	// mostPlaced bounds the rows that are kept for a request, and mostRequests of how
	// many requests some are.
	mostPlaced   = 1 << 20
	mostRequests = 8
)

// worth reports whether objects of a size are worth to be looked at by what the index
// knows.
func (x *exactness) worth(size int64) bool {
	if x.from == 0 {
		return size >= exactFrom
	}
	return size >= x.from
}

func (x *exactness) markEvery(size int64) int64 {
	if x.every > 0 {
		return x.every
	}
	return markEvery(size)
}

// keep keeps the places of a request, unless they are too many.
func (x *exactness) keep(request string, places map[ObjectVersion]Place) {
	n := len(places)
	for _, p := range places {
		n += len(p.Rows)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if request == "" || n > mostPlaced {
		delete(x.places, request)
		return
	}
	if x.places == nil || len(x.places) >= mostRequests {
		x.places = map[string]map[ObjectVersion]Place{}
	}
	x.places[request] = places
}

func (x *exactness) drop(request string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.places, request)
}

func (x *exactness) place(request string, o ObjectVersion) (Place, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p, ok := x.places[request][o]
	return p, ok
}

// exactly reports whether the postings of a version are all by its records, and of all
// its records by one numbering: it is read by one mapping, and nothing beside it says
// whose it is.
func exactly(t task) bool {
	if len(t.looks) != 1 || t.Marker || t.gone {
		return false
	}
	k := t.looks[0]
	return k.unknown == nil && k.doc == nil && len(k.claims) == 0 && k.Mode != wholly && len(k.columns()) > 0 &&
		!slices.ContainsFunc(k.Identifiers, func(id Identifier) bool { return id.Sidecar != "" })
}

// placesOf finds all places of identifiers, with the rows of all of them.
func (s *Service) placesOf(ctx context.Context, hs []Hash) (map[ObjectVersion]Place, error) {
	places, rows := map[ObjectVersion]Place{}, map[ObjectVersion][]int64{}
	for _, h := range hs {
		for p, err := range s.Index.Find(ctx, h) {
			if err != nil {
				return nil, err
			}
			if before, ok := places[p.ObjectVersion]; ok {
				// Entered anew between two look-ups: it is not known that it has the rows of both.
				if !before.Indexed.Equal(p.Indexed) {
					p.Indexed = time.Time{}
				}
			}
			places[p.ObjectVersion] = p
			rows[p.ObjectVersion] = append(rows[p.ObjectVersion], p.Rows...)
		}
	}
	for v, p := range places {
		slices.Sort(rows[v])
		p.Rows = slices.Compact(rows[v])
		places[v] = p
	}
	return places, nil
}

// exactOf returns what the index knows of a person in a version, and nil where it may
// not know all, so that the version must be read whole. ADR 0034 has the reasons:
//
//   - the version is indexed at exactly its ETag, by the mapping as it is now, and was
//     read to its end;
//   - its entry is one and the same from before the look-ups until after them;
//   - the index has never been made to forget one of the person's identifiers;
//   - nobody else writes into the index, as in plain mode they may.
func (s *Service) exactOf(ctx context.Context, sub subject, t task) (*exact, error) {
	if x, ok := s.Index.(PlainIndex); ok && x.Plain() {
		return nil, nil
	}
	if sub.hashed != nil || !exactly(t) || !s.exactness.worth(t.Size) {
		return nil, nil
	}
	before, err := s.Index.Entry(ctx, t.version())
	if lethe.Is(err, lethe.NotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if before.Mapping != s.fingerprint(t.looks) || before.Size != t.Size {
		return nil, nil
	}
	hs := s.hashesOf(sub)
	p, ok := s.exactness.place(sub.request, t.version())
	if !ok {
		places, err := s.placesOf(ctx, hs)
		if err != nil {
			return nil, err
		}
		s.exactness.keep(sub.request, places)
		p, ok = places[t.version()]
	}
	after, err := s.Index.Entry(ctx, t.version())
	if lethe.Is(err, lethe.NotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if !after.Indexed.Equal(before.Indexed) || ok && !p.Indexed.Equal(before.Indexed) || slices.Contains(p.Rows, Whole) {
		return nil, nil
	}
	// Last: what is forgotten from now on was found.
	if forgotten, err := s.forgotten(ctx, hs); err != nil || forgotten {
		return nil, err
	}
	x := &exact{entry: before, rows: append([]int64{}, p.Rows...)}
	x.marks, err = s.marksOf(ctx, t.version())
	return x, err
}

// hashesOf are the hashes of a subject's identifiers.
func (s *Service) hashesOf(sub subject) (hs []Hash) {
	for typ, values := range sub.normal {
		for v := range values {
			hs = append(hs, s.Key.Hash(typ, v))
		}
	}
	return hs
}

// forgetting keeps that the index is about to forget identifiers: from now on it is no
// proof of where they are not.
func (s *Service) forgetting(ctx context.Context, hs []Hash) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, h := range hs {
			if _, err := tx.ExecContext(ctx, `UPDATE erasure_suppressed SET forgotten = 1 WHERE hash = $1`, h[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgotten reports whether the index may have been made to forget one of them.
func (s *Service) forgotten(ctx context.Context, hs []Hash) (forgotten bool, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		for _, h := range hs {
			var is int64
			err := tx.QueryRowContext(ctx, `SELECT forgotten FROM erasure_suppressed WHERE hash = $1`, h[:]).Scan(&is)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			forgotten = forgotten || is == 1
		}
		return nil
	})
	return forgotten, err
}

// Follower is an Index that can take over what it has of an object to what became of
// it, so that this need not be read.
type Follower interface {
	Index
	// Follow enters to in place of from, which is of the same key, with from's postings
	// but those of the rows gone, which are in order. Unless blank, these rows were taken
	// out, and the others move up; to's own Rows say how many there are then. It
	// happens whole or not at all. An error of kind NotFound says that from does not
	// count, one of kind Unsupported that to must be entered by Put.
	Follow(ctx context.Context, from ObjectVersion, to Entry, gone []int64, blank bool) error
}

// follow has the index know what a cut made without reading it, where that is known:
// by the plan, which says which records went, and by the verification, which has found
// it so.
func (s *Service) follow(ctx context.Context, request string, k look, x *exact, p *Plan, made ObjectVersion, size int64) error {
	index, ok := s.Index.(Follower)
	if mode := modes[k.Mode]; !ok || mode != Delete && mode != Blank {
		return nil // Replace puts in identifiers that only reading shows
	}
	// Another request that has left this version as it is has the index read it again
	// when it is closed, and would take what follows from it for read.
	if others, err := s.namedByOthers(ctx, request, made.Bucket, made.Key); err != nil || others {
		return err
	}
	to := x.entry
	to.ObjectVersion, to.Size, to.Sequencer = made, size, ""
	to.Indexed = time.Now().UTC().Truncate(time.Microsecond)
	blank := modes[k.Mode] == Blank
	var gone []int64
	if !blank {
		gone = x.rows
		to.Rows -= int64(len(gone))
	}
	err := index.Follow(ctx, x.entry.ObjectVersion, to, x.rows, blank)
	if lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Unsupported) {
		return nil
	} else if err != nil {
		return err
	}
	if x.marks == nil {
		return nil
	}
	marks := MoveMarks(x.marks, byOffset(p.Edits), gone)
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.keepMarks(ctx, tx, made, marks) })
}

// namedByOthers reports whether an open request other than this one names a key.
func (s *Service) namedByOthers(ctx context.Context, request, bucket, key string) (named bool, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM erasure_objects WHERE object = $1 AND request <> $2)`, s.objectID(bucket, key), request).Scan(&named)
	})
	return named, err
}
