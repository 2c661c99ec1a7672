package erasure

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/object"
)

// Erasure is a request from the moment it is approved, as it is kept beside the lake's
// backups: who must not come back with one, by keyed hashes, and what proves it.
type Erasure struct {
	Request Request
	Since   time.Time // when it was approved
	// Certificate is nil until the request is done.
	Certificate *SignedCertificate
	// Types and Mappings are the lake's: a backup may be older than those by which the
	// person was found.
	Types    []IdentifierType
	Mappings []Mapping
}

// HoldsIn returns the holds in a state that have not ended. Another process may have it open.
func HoldsIn(ctx context.Context, db *state.DB) (hs []Hold, err error) {
	err = db.View(ctx, func(tx *sql.Tx) error {
		hs, err = holdsIn(ctx, tx, time.Now())
		return err
	})
	return hs, err
}

// ErasuresIn returns the requests in a state that were approved and are not held, the
// oldest first, without their certificates. Another process may have the state open.
func ErasuresIn(ctx context.Context, db *state.DB) (es []Erasure, err error) {
	since := map[string]time.Time{}
	var requests []Request
	err = db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT request, min(since) FROM erasure_suppressed GROUP BY request`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var at int64
			if err := rows.Scan(&id, &at); err != nil {
				return err
			}
			since[id] = time.UnixMicro(at).UTC()
		}
		if err := rows.Err(); err != nil {
			return err
		}
		requests, err = requestsIn(ctx, tx, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	types, err := all[IdentifierType](ctx, db, "erasure_types")
	if err != nil {
		return nil, err
	}
	mappings, err := all[Mapping](ctx, db, "erasure_mappings")
	if err != nil {
		return nil, err
	}
	for _, q := range requests {
		at, ok := since[q.ID]
		if q.State == Held { // it is not to be erased now, nor from a backup
			continue
		}
		if q.State == Done && !ok { // the hashes were there already, by an earlier request
			at, ok = q.Closed, true
		}
		if ok {
			es = append(es, Erasure{Request: q, Since: at, Types: types, Mappings: mappings})
		}
	}
	return es, nil
}

// Replayed is what a Replay has done.
type Replayed struct {
	Persons  int   // hashes of identifiers that are suppressed
	Requests int   // closed ones that the lake did not know
	Objects  int64 // versions in the index
	// Left counts the object versions that hold somebody still, as those under a lock.
	Left int64
	// Composite are requests that named somebody by an identifier of several values,
	// which is not found by its hash in texts and files that no mapping describes.
	Composite []string
	// LeftOut are mappings of the lake as it was last that do not fit the lake as it is
	// now, because their tables are not there or are others.
	LeftOut []string
}

// Replay erases from a lake that was restored from a backup whoever was erased since:
// those who are suppressed already, and those of some erasures, but for what holds keep,
// which are the lake's and some that were made since. It reads all that the index has
// not, so the lake is indexed when it returns. It may be called again after
// an error or a kill. What lethe itself has written of them it leaves to the holders,
// whom Everybody names those who were erased.
func (s *Service) Replay(ctx context.Context, erasures []Erasure, holds []Hold, report func(Progress)) (r Replayed, err error) {
	erasures = slices.SortedStableFunc(slices.Values(erasures), func(a, b Erasure) int { return a.Since.Compare(b.Since) })
	if r.LeftOut, err = s.remap(ctx, erasures); err != nil {
		return r, err
	}
	types, err := s.Types(ctx)
	if err != nil {
		return r, err
	}
	for _, e := range erasures {
		if slices.ContainsFunc(e.Request.Identifiers, func(id HashedIdentifier) bool {
			return slices.ContainsFunc(types, func(t IdentifierType) bool { return t.Name == id.Type && t.parts() > 1 })
		}) {
			r.Composite = append(r.Composite, e.Request.ID)
		}
		added, err := s.suppress(ctx, e)
		if err != nil {
			return r, err
		}
		if added {
			r.Requests++
		}
	}
	if err := s.holdAgain(ctx, holds); err != nil {
		return r, err
	}
	if err := s.suppressed.load(ctx, s.DB); err != nil {
		return r, err
	}
	if _, err := s.Build(ctx, report); err != nil {
		return r, err
	}
	us, err := s.Unread(ctx, 1<<20)
	if err != nil {
		return r, err
	}
	for _, u := range us {
		if !u.stays() {
			return r, lethe.Errorf(lethe.Exhausted, "an object in bucket %s cannot be read now, and may hold somebody who was erased: %s", u.Bucket, u.Reason)
		}
	}
	hs := s.suppressed.all()
	r.Persons = len(hs)
	for h := range hs {
		at, err := s.foundAt(ctx, h)
		if err != nil {
			return r, err
		}
		for _, o := range at {
			if _, err := s.eraseAgain(ctx, o); err != nil {
				return r, err
			}
		}
		if at, err = s.foundAt(ctx, h); err != nil {
			return r, err
		}
		r.Left += int64(len(at))
	}
	if _, err := s.DropPartitions(ctx); err != nil {
		return r, err
	}
	stats, err := s.Index.Stats(ctx)
	r.Objects = stats.Objects
	return r, err
}

// remap makes the types and mappings those by which persons were found last, in the
// order of erasures, where the catalog has tables for them: those of a backup may be
// older.
func (s *Service) remap(ctx context.Context, erasures []Erasure) (leftOut []string, err error) {
	mappings := map[string]Mapping{}
	for _, e := range erasures {
		for _, t := range e.Types {
			if err := s.put(ctx, "erasure_types", t.Name, t); err != nil {
				return nil, err
			}
		}
		for _, m := range e.Mappings {
			mappings[m.Name] = m
		}
	}
	k, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(mappings)) {
		switch _, err := s.places(ctx, mappings[name], k.types); lethe.KindOf(err) {
		case lethe.NotFound, lethe.Invalid, lethe.Unsupported:
			leftOut = append(leftOut, name)
			continue
		default:
			if err != nil {
				return nil, err
			}
		}
		if err := s.put(ctx, "erasure_mappings", name, mappings[name]); err != nil {
			return nil, err
		}
	}
	return leftOut, nil
}

// holdAgain keeps holds that were made since a backup. One of a request that the lake
// does not know has nothing to keep.
func (s *Service) holdAgain(ctx context.Context, holds []Hold) error {
	for _, h := range holds {
		if h.Request != "" {
			if _, err := s.Request(ctx, h.Request); lethe.Is(err, lethe.NotFound) {
				continue
			} else if err != nil {
				return err
			}
		}
		if err := s.put(ctx, "erasure_holds", h.ID, h); err != nil {
			return err
		}
	}
	return nil
}

// foundAt are the object versions that the index has a hash in.
func (s *Service) foundAt(ctx context.Context, h Hash) (at []ObjectVersion, err error) {
	for p, err := range s.Index.Find(ctx, h) {
		if err != nil {
			return nil, err
		}
		at = append(at, p.ObjectVersion)
	}
	return at, nil
}

// suppress keeps an erasure of which this lake may not know. Of a closed request it has
// the certificate too, if the lake does not have the request: one that it has and that
// is open goes on from where it was, and is decided on again.
func (s *Service) suppress(ctx context.Context, e Erasure) (added bool, err error) {
	q := e.Request
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, id := range q.Identifiers {
			h, err := parseHash(id.Hash)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO erasure_suppressed (hash, request, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, h[:], q.ID, e.Since.UnixMicro()); err != nil {
				return err
			}
		}
		if q.Closed.IsZero() {
			return nil
		}
		doc, err := json.Marshal(q)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO erasure_requests (id, state, document, identifiers, contacts) VALUES ($1, $2, $3, '', '') ON CONFLICT DO NOTHING`, q.ID, string(q.State), string(doc))
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		added = n > 0
		return err
	})
	if err != nil || e.Certificate == nil {
		return added, err
	}
	// Also where the request was there: a kill may have come before this.
	at, err := lethe.ParseLocation(q.Certificate)
	if err != nil {
		return added, err
	}
	if _, err := s.Store.Head(ctx, at.Bucket, at.Key); !lethe.Is(err, lethe.NotFound) {
		return added, err
	}
	raw, err := json.MarshalIndent(e.Certificate, "", "  ")
	if err != nil {
		return added, err
	}
	if err := s.Store.CreateBucket(ctx, at.Bucket); err != nil && !lethe.Is(err, lethe.Exists) {
		return added, err
	}
	_, err = s.Store.Put(ctx, at.Bucket, at.Key, strings.NewReader(string(raw)), object.Header{ContentType: "application/json"}, object.Condition{IfNoneMatch: true})
	return added, err
}

// DropPartitions takes the partitions out of the catalog that name somebody who is
// suppressed, if nothing is left in them, and returns how many these were: a catalog that
// was restored has them again.
func (s *Service) DropPartitions(ctx context.Context) (dropped int, err error) {
	c, err := s.scope(ctx, false)
	if err != nil {
		return 0, err
	}
	all, err := s.Everybody(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range c.partitionsOf(all.sub) {
		stays, _, err := s.below(ctx, c, p)
		if _, kept := all.sub.keeps(p.Name); err == nil && stays == 0 && !kept {
			if err = s.Catalog.DropPartitions(ctx, p.Database, p.Table, [][]string{p.values}, true); err == nil {
				dropped++
			}
			s.scopes.forget()
		}
		if err != nil {
			return dropped, s.hideFrom([]cover{p.cover}, all.sub, p.Key, err)
		}
	}
	return dropped, nil
}

// Everybody is all who are suppressed, as one Person: only hashes are known of them.
func (s *Service) Everybody(ctx context.Context) (p Person, err error) {
	types, err := s.Types(ctx)
	if err != nil {
		return p, err
	}
	hs := s.suppressed.all()
	p = HashedPerson(types, func(typ, v string) bool { return hs[s.Key.Hash(typ, v)] })
	p.sub.kept, err = s.keeping(ctx, "")
	return p, err
}

// HashedPerson is a Person of whom only hashes are known; is says whether an identifier of
// a type, as it is compared, is one of theirs.
func HashedPerson(types []IdentifierType, is func(typ, value string) bool) Person {
	k := known{types: map[string]IdentifierType{}}
	for _, t := range types {
		k.types[t.Name] = t
	}
	return Person{known: k, sub: subject{hashed: is}}
}

// Hashed says whether a Person is one of whom only hashes are known: Identifiers and
// Traces are empty then, and Erased says who they are.
func (p Person) Hashed() bool { return p.sub.hashed != nil }

// Erased is Is for those of whom only hashes are known.
func (p Person) Erased(typ string, values []string) bool {
	t, ok := p.known.types[typ]
	if !ok || p.sub.hashed == nil || len(values) != t.parts() {
		return false
	}
	v, ok := t.Normal(values)
	return ok && p.sub.hashed(typ, v)
}

// Types returns all types of identifiers, by name.
func (p Person) Types() (all []IdentifierType) {
	for _, t := range p.known.types {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b IdentifierType) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// parseHash reads what Hash.String writes.
func parseHash(text string) (h Hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, lethe.Errorf(lethe.BadData, "the hash of an erased identifier has %d bytes, and must have %d", len(raw), len(h))
	}
	return Hash(raw), nil
}
