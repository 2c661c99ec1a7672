package erasure

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/workflow"
)

// The process of a request, and what its steps do. Their names are kept by
// engines for as long as requests are.
var (
	process = workflow.Process[string, workflow.None]{Name: "erasure.request/2"}

	locating   = workflow.Activity[string, int64]{Name: "erasure.locate"}
	reporting  = workflow.Activity[string, workflow.None]{Name: "erasure.report"}
	clearing   = workflow.Activity[string, bool]{Name: "erasure.clear"}
	deciding   = workflow.Activity[string, verdict]{Name: "erasure.verdict"}
	listing    = workflow.Activity[workflow.Page, workflow.Items[item]]{Name: "erasure.objects"}
	purging    = workflow.Activity[item, workflow.None]{Name: "erasure.purge"}
	verifying  = workflow.Activity[string, int64]{Name: "erasure.verify"}
	certifying = workflow.Activity[string, workflow.None]{Name: "erasure.certify"}
	closing    = workflow.Activity[string, workflow.None]{Name: "erasure.close"}
	blocking   = workflow.Activity[problem, workflow.None]{Name: "erasure.block"}
)

// item is a key from which a person is erased, by its objectID: journals must not
// name anybody.
type item struct{ Request, Object string }

// verdict is what the decisions on a report come to.
type verdict string

const (
	undecided verdict = ""
	approved  verdict = "approved"
	rejected  verdict = "rejected"
)

// problem is why a request needs a person.
type problem struct{ Request, Text string }

// lookAgain is how often a process that waits looks for itself: Tend does what time asks
// for, and signals tell of the rest.
const lookAgain = 30 * 24 * time.Hour

// rounds is how often what a verification finds is erased before somebody must
// look where it comes from.
const rounds = 10

// Register says what the steps of requests do. The engine that is given to Open
// runs them.
func (s *Service) Register(g *workflow.Registry) {
	workflow.Handle(g, locating, s.locate)
	workflow.Handle(g, reporting, s.report)
	workflow.Handle(g, deciding, s.verdict)
	workflow.Handle(g, clearing, s.clear)
	workflow.Handle(g, listing, s.objects)
	workflow.Handle(g, purging, s.purge)
	workflow.Handle(g, holding, s.holders)
	workflow.Handle(g, asking, s.eraseHolder)
	workflow.Handle(g, verifying, s.verifyRequest)
	workflow.Handle(g, certifying, s.certify)
	workflow.Handle(g, closing, s.close)
	workflow.Handle(g, blocking, func(ctx context.Context, p problem) (none workflow.None, err error) {
		defer s.wake()
		return none, s.revise(ctx, p.Request, func(tx *sql.Tx, r *Request) error {
			r.State, r.Problem = Blocked, p.Text
			return s.tell(ctx, tx, r, tellBlocked, "", toEscalation, toHook)
		})
	})
	workflow.Define(g, process, s.run)
	s.registerVacuum(g)
}

// run is the process: find, report, wait for a decision and for holds to end, erase, and
// erase again until a listing shows nothing; then certify and close.
func (s *Service) run(r workflow.Run, id string) (none workflow.None, err error) {
	if _, err := workflow.Call(r, locating, id); err != nil {
		return none, block(r, id, err)
	}
	if _, err := workflow.Call(r, reporting, id); err != nil {
		return none, block(r, id, err)
	}
	for v := undecided; v != approved; {
		if _, _, err = workflow.Await[workflow.None](r, "decision", lookAgain); err != nil {
			return none, err
		}
		if v, err = workflow.Call(r, deciding, id); err != nil {
			return none, err
		}
		if v == rejected {
			_, err := workflow.Call(r, closing, id)
			return none, err
		}
	}
	for n := 0; n < rounds; {
		held, err := workflow.Call(r, clearing, id)
		if err != nil {
			return none, err
		}
		if held {
			if _, _, err := workflow.Await[workflow.None](r, "released", lookAgain); err != nil {
				return none, err
			}
			continue
		}
		n++
		if _, err := workflow.Each(r, listing, purging, id, s.AtOnce); err != nil {
			return none, block(r, id, err)
		}
		if _, err := workflow.Each(r, holding, asking, id, 1); err != nil {
			return none, block(r, id, err)
		}
		left, err := workflow.Call(r, verifying, id)
		if err != nil {
			return none, block(r, id, err)
		}
		if left == 0 {
			if _, err := workflow.Call(r, certifying, id); err != nil {
				return none, block(r, id, err)
			}
			_, err := workflow.Call(r, closing, id)
			return none, err
		}
	}
	return none, block(r, id, fmt.Errorf("after %d rounds the person is still found: something writes them again", rounds))
}

// block says that a request needs a person, and ends its process with the reason.
func block(r workflow.Run, id string, why error) error {
	_, err := workflow.Call(r, blocking, problem{id, why.Error()})
	return errors.Join(why, err)
}

// locate brings the index to what the store has, and finds the person's keys.
func (s *Service) locate(ctx context.Context, id string) (int64, error) {
	if _, err := s.Build(ctx, nil); err != nil {
		return 0, err
	}
	n, records, err := s.find(ctx, id)
	if err != nil {
		return 0, err
	}
	unread, err := s.Unread(ctx, 1<<20)
	if err != nil {
		return 0, err
	}
	p, err := s.personOf(ctx, id)
	if err != nil {
		return 0, err
	}
	held, err := s.locateHoldings(ctx, p)
	if err != nil {
		return 0, err
	}
	err = s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
		r.Stops.Located = stopped()
		r.State, r.Found = Located, Found{Objects: n, Records: records, Unread: int64(len(unread)), Holdings: int64(len(held))}
		if err := s.askHolders(ctx, tx, id); err != nil {
			return err
		}
		return s.keepFound(ctx, tx, id, held)
	})
	if err != nil {
		return 0, err
	}
	return n, s.audit(ctx, id, "located", "", fmt.Sprintf("%d objects, %d records, %d other places, %d unread", n, records, len(held), len(unread)))
}

// find adds the keys at which the index has the person to a request's objects, to
// be erased, and returns how many and of how many records. A version that was left
// as an exception is none.
func (s *Service) find(ctx context.Context, id string) (keys, records int64, err error) {
	hs, err := s.hashes(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	excepted, err := s.excepted(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	type at struct{ bucket, key string }
	found := map[at]bool{}
	places, err := s.placesOf(ctx, hs)
	if err != nil {
		return 0, 0, err
	}
	s.exactness.keep(id, places)
	for _, p := range places {
		if excepted[p.ObjectVersion] {
			continue
		}
		found[at{p.Bucket, p.Key}] = true
		for _, r := range p.Rows {
			if r != Whole {
				records++
			}
		}
	}
	return int64(len(found)), records, s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for k := range found {
			object := s.objectID(k.bucket, k.key)
			_, err := tx.ExecContext(ctx, `INSERT INTO erasure_objects (request, object, sealed, erased, outcome) VALUES ($1, $2, $3, 0, '')
				ON CONFLICT (request, object) DO UPDATE SET erased = 0`, id, object, s.sealObject(id, k.bucket, k.key))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// hashes are a request's identifiers.
func (s *Service) hashes(ctx context.Context, id string) (hs []Hash, err error) {
	sub, err := s.subjectOf(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.hashesOf(sub), nil
}

// verdict counts the decisions on a report. Who approves begins to keep the person
// out: what comes back from now on is erased again.
func (s *Service) verdict(ctx context.Context, id string) (v verdict, err error) {
	hs, err := s.hashes(ctx, id)
	if err != nil {
		return v, err
	}
	err = s.revise(ctx, id, func(tx *sql.Tx, r *Request) error {
		yes := 0
		for _, d := range r.Decisions {
			if !d.Approve {
				v = rejected
				return nil
			}
			yes++
		}
		if yes < s.Approvals {
			return nil
		}
		v, r.State, r.Stops.Approved = approved, Erasing, stopped()
		for _, h := range hs {
			if _, err := tx.ExecContext(ctx, `INSERT INTO erasure_suppressed (hash, request, since, forgotten) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING`, h[:], id, time.Now().UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && v == approved {
		err = s.suppressed.load(ctx, s.DB)
	}
	return v, err
}

// objectsPage is how many keys are worked on before it is kept that they were.
const objectsPage = 100

// keysOf lists a page of keys, by their objectIDs: a query selects those of p.Of that are
// after p.After, in their order, no more than a number.
func keysOf[T any](ctx context.Context, s *Service, query string, p workflow.Page, of func(object string) T) (items workflow.Items[T], err error) {
	last := ""
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, p.Of, p.After, objectsPage)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&last); err != nil {
				return err
			}
			items.Items = append(items.Items, of(last))
		}
		return rows.Err()
	})
	if len(items.Items) == objectsPage {
		items.Next = last
	}
	return items, err
}

// objects lists the keys of a request that are not erased yet.
func (s *Service) objects(ctx context.Context, p workflow.Page) (workflow.Items[item], error) {
	return keysOf(ctx, s, `SELECT object FROM erasure_objects WHERE request = $1 AND erased = 0 AND object > $2 ORDER BY object LIMIT $3`, p,
		func(object string) item { return item{p.Of, object} })
}

// sealObject seals a key of a request's objects.
func (s *Service) sealObject(id, bucket, key string) string {
	return s.Seal.Seal([]byte(lethe.Location{Bucket: bucket, Key: key}.String()), "erasure_objects", id, s.objectID(bucket, key))
}

// purge erases the person from one key, and keeps what became of it.
func (s *Service) purge(ctx context.Context, it item) (none workflow.None, err error) {
	if held, err := s.held(ctx, it.Request); held || err != nil {
		return none, err // it is found again by the verification, and then waits
	}
	sub, err := s.subjectOf(ctx, it.Request)
	if err != nil {
		return none, err
	}
	var sealed string
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT sealed FROM erasure_objects WHERE request = $1 AND object = $2`, it.Request, it.Object).Scan(&sealed)
	})
	if err != nil {
		return none, err
	}
	raw, err := s.Seal.Unseal(sealed, "erasure_objects", it.Request, it.Object)
	if err != nil {
		return none, err
	}
	at, err := lethe.ParseLocation(string(raw))
	if err != nil {
		return none, err
	}
	out, err := s.erase(ctx, sub, at.Bucket, at.Key)
	err = passing(err)
	// What was done before an error was done.
	kept := s.DB.Tx(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		for _, o := range append(out.with, out) {
			if e := s.keepOutcome(context.WithoutCancel(ctx), tx, it.Request, o); e != nil {
				return e
			}
		}
		if err != nil {
			return nil
		}
		_, e := tx.ExecContext(context.WithoutCancel(ctx), `UPDATE erasure_objects SET erased = 1 WHERE request = $1 AND object = $2`, it.Request, it.Object)
		return e
	})
	return none, errors.Join(err, kept)
}

// keepOutcome keeps what became of a key. Outcomes of earlier rounds, or of a try
// that was interrupted, stay in it.
func (s *Service) keepOutcome(ctx context.Context, tx *sql.Tx, id string, out Outcome) error {
	if err := s.auditOutcome(ctx, id, out); err != nil {
		return err
	}
	object := s.objectID(out.Bucket, out.Key)
	_, err := tx.ExecContext(ctx, `INSERT INTO erasure_objects (request, object, sealed, erased, outcome) VALUES ($1, $2, $3, 1, '')
		ON CONFLICT (request, object) DO NOTHING`, id, object, s.sealObject(id, out.Bucket, out.Key))
	if err != nil {
		return err
	}
	var text string
	if err := tx.QueryRowContext(ctx, `SELECT outcome FROM erasure_objects WHERE request = $1 AND object = $2`, id, object).Scan(&text); err != nil {
		return err
	}
	if text != "" {
		before, err := s.unsealOutcome(id, object, text)
		if err != nil {
			return err
		}
		out.Records += before.Records
		out.Changes = slices.Concat(before.Changes, out.Changes)
		out.Notes = slices.Compact(slices.Sorted(slices.Values(slices.Concat(before.Notes, out.Notes))))
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE erasure_objects SET outcome = $1 WHERE request = $2 AND object = $3`, s.Seal.Seal(raw, "erasure_objects", id, object, "outcome"), id, object)
	return err
}

func (s *Service) unsealOutcome(id, object, text string) (o Outcome, err error) {
	raw, err := s.Seal.Unseal(text, "erasure_objects", id, object, "outcome")
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(raw, &o)
}

// eachObject calls f with a request's keys, in the order in which they are erased, and
// with what became of them so far; at most limit, 0 for all.
func (s *Service) eachObject(ctx context.Context, tx *sql.Tx, id string, limit int, f func(at lethe.Location, erased bool, o Outcome) error) error {
	rows, err := tx.QueryContext(ctx, `SELECT object, sealed, erased, outcome FROM erasure_objects WHERE request = $1 ORDER BY object`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for n := 0; rows.Next() && (limit == 0 || n < limit); n++ {
		var object, sealed, text string
		var erased int64
		if err := rows.Scan(&object, &sealed, &erased, &text); err != nil {
			return err
		}
		raw, err := s.Seal.Unseal(sealed, "erasure_objects", id, object)
		if err != nil {
			return err
		}
		at, err := lethe.ParseLocation(string(raw))
		if err != nil {
			return err
		}
		var o Outcome
		if text != "" {
			if o, err = s.unsealOutcome(id, object, text); err != nil {
				return err
			}
		}
		if err := f(at, erased == 1, o); err != nil {
			return err
		}
	}
	return rows.Err()
}

// outcomes are what became of a request's keys.
func (s *Service) outcomes(ctx context.Context, id string) (outs []Outcome, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return s.eachObject(ctx, tx, id, 0, func(_ lethe.Location, _ bool, o Outcome) error {
			if o.Bucket != "" { // something did
				outs = append(outs, o)
			}
			return nil
		})
	})
	slices.SortFunc(outs, func(a, b Outcome) int {
		return cmp.Or(strings.Compare(a.Bucket, b.Bucket), strings.Compare(a.Key, b.Key))
	})
	return outs, err
}

// excepted are the versions that stay though they hold the person.
func (s *Service) excepted(ctx context.Context, id string) (map[ObjectVersion]bool, error) {
	outs, err := s.outcomes(ctx, id)
	if err != nil {
		return nil, err
	}
	es := map[ObjectVersion]bool{}
	for _, o := range outs {
		for _, e := range o.Exceptions {
			es[e.ObjectVersion] = true
		}
	}
	return es, nil
}

// verifyRequest lists all that is in scope, brings the index to it, asks the holders
// again, and returns at how many keys and places the person is found.
func (s *Service) verifyRequest(ctx context.Context, id string) (int64, error) {
	err := s.revise(ctx, id, func(_ *sql.Tx, r *Request) error {
		r.Stops.Erased = stopped()
		return nil
	})
	if err != nil {
		return 0, err
	}
	for {
		if _, err := s.Build(ctx, nil); err != nil {
			return 0, err
		}
		keys, _, err := s.find(ctx, id)
		if err != nil {
			return 0, err
		}
		if keys == 0 {
			if err := s.leaveStatistics(ctx, id); err != nil {
				return 0, err
			}
			if left, err := s.leavePartitions(ctx, id); err != nil {
				return 0, err
			} else if left { // what lies below others may be in scope now
				continue
			}
		}
		held, err := s.heldBy(ctx, id)
		if err != nil {
			return 0, err
		}
		return keys + held, s.audit(ctx, id, "verified", "", fmt.Sprintf("%d keys and %d other places with the person", keys, held))
	}
}
