package erasure

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/workflow"
)

// Holder is a place besides the mapped objects that may hold persons: tables of a
// database, what another program keeps, what lethe itself has written down. It has
// no index, and is asked each time.
//
// Its methods may be called again after a failure and find done what was done. An
// error of kind Internal, Exhausted or Conflict is one that trying again may mend;
// any other blocks the request, with the holder's name.
type Holder interface {
	// Name names the place in reports, as postgres:crm or query history. No two
	// have the same, and a request's journal keeps it.
	Name() string
	// Locate says where the person is held now, and changes nothing. What Erase will
	// leave there has its Reason already.
	Locate(ctx context.Context, p Person) ([]Holding, error)
	// Erase erases the person and returns what it did. What it cannot erase it
	// returns as a Holding with a Reason, and not as an error.
	Erase(ctx context.Context, p Person) ([]Holding, error)
}

// Holding is one place within a Holder's. It holds no value of a person.
type Holding struct {
	Holder string `json:"holder"` // its Name; the service sets it
	// Place is where, as public.customers or result files. It is never a text that
	// could hold an identifier.
	Place   string `json:"place"`
	Records int64  `json:"records"`
	// Reason says why the person stays there; "" if they do not. Until is when that
	// ends, zero if it is not known.
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Hold   string    `json:"hold,omitempty"` // the id of the hold that keeps them; the service sets it
}

// Person is whom a Holder looks for.
type Person struct {
	// Identifiers are those that were given, as they were given.
	Identifiers []Named
	known       known
	sub         subject
}

// Is says whether an identifier of a type is the person's, by the spellings that
// the type takes for the same.
func (p Person) Is(typ string, values []string) bool {
	t, ok := p.known.types[typ]
	if !ok || len(values) != t.parts() {
		return false
	}
	v, ok := t.Normal(values)
	return ok && p.sub.normal[typ][v]
}

// Normal returns an identifier as it is compared; false if it is none.
func (p Person) Normal(n Named) (string, bool) {
	t, ok := p.known.types[n.Type]
	if !ok || len(n.Values) != t.parts() {
		return "", false
	}
	return t.Normal(n.Values)
}

// Type returns an identifier type by its name.
func (p Person) Type(name string) (IdentifierType, bool) {
	t, ok := p.known.types[name]
	return t, ok
}

// Traces are the texts that name the person wherever they stand, as they were given
// and as they are compared, without repeats. A part of a composite identifier, as a
// first name, is none.
func (p Person) Traces() []string { return slices.Clone(p.sub.traces) }

// personOf unseals whom an open request names.
func (s *Service) personOf(ctx context.Context, id string) (Person, error) {
	given, err := s.givenOf(ctx, id)
	if err != nil {
		return Person{}, err
	}
	p, err := s.person(ctx, given)
	if err != nil {
		return Person{}, err
	}
	p.sub.request = id
	p.sub.kept, err = s.keeping(ctx, id)
	return p, err
}

func (s *Service) person(ctx context.Context, given []Named) (Person, error) {
	types, err := s.Types(ctx)
	if err != nil {
		return Person{}, err
	}
	return NewPerson(types, given)
}

// holderItem names a holder to a step of a request.
type holderItem struct{ Request, Holder string }

var (
	holding = workflow.Activity[workflow.Page, workflow.Items[holderItem]]{Name: "erasure.holders"}
	asking  = workflow.Activity[holderItem, workflow.None]{Name: "erasure.holder"}
)

// askHolders keeps which holders a request has been located at, and must therefore
// be erased from.
func (s *Service) askHolders(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE erasure_holders SET asked = 0 WHERE request = $1`, id); err != nil {
		return err
	}
	for _, h := range s.Holders {
		_, err := tx.ExecContext(ctx, `INSERT INTO erasure_holders (request, holder, holdings, asked) VALUES ($1, $2, '[]', 1)
			ON CONFLICT (request, holder) DO UPDATE SET asked = 1`, id, h.Name())
		if err != nil {
			return err
		}
	}
	return nil
}

// holders lists the holders to erase from: all of them, since only they know, in their
// order, as what one has may lead another to what it has; and then those that the person
// was located at and that are configured no more.
func (s *Service) holders(ctx context.Context, p workflow.Page) (items workflow.Items[holderItem], err error) {
	var names []string
	for _, h := range s.Holders {
		names = append(names, h.Name())
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT holder FROM erasure_holders WHERE request = $1 AND asked = 1 ORDER BY holder`, p.Of)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return rows.Err()
	})
	for _, name := range names {
		items.Items = append(items.Items, holderItem{p.Of, name})
	}
	return items, err
}

// eraseHolder erases a request's person from a holder, and keeps what it did beside
// what it did in earlier rounds.
func (s *Service) eraseHolder(ctx context.Context, it holderItem) (none workflow.None, err error) {
	at := slices.IndexFunc(s.Holders, func(h Holder) bool { return h.Name() == it.Holder })
	if at < 0 {
		return none, lethe.Errorf(lethe.NotFound, "%s is configured no more", it.Holder).WithHint("configure it again, or begin the request anew without it: lethe erase retry")
	}
	p, err := s.personOf(ctx, it.Request)
	if err != nil {
		return none, err
	}
	if _, kept := p.sub.keeps(it.Holder); kept {
		return none, nil // the verification keeps why
	}
	if held, err := s.held(ctx, it.Request); held || err != nil {
		return none, err // the verification finds it
	}
	// What was done is known to the holder before it is known here: it is kept what there
	// is to be done, so that whatever comes between does not make it nothing.
	found, err := s.Holders[at].Locate(ctx, p)
	if err != nil {
		return none, passing(s.holderError(p, it.Holder, err))
	}
	if err := s.beginHoldings(ctx, it, s.holdings(p, it.Holder, found)); err != nil {
		return none, err
	}
	did, err := s.Holders[at].Erase(ctx, p)
	ended := err == nil
	if err != nil {
		err = passing(s.holderError(p, it.Holder, err))
	}
	// What was done before an error was done.
	return none, errors.Join(err, s.keepHoldings(context.WithoutCancel(ctx), it, s.holdings(p, it.Holder, did), ended))
}

// holderError is a holder's error with its name, and without what names the person:
// it is kept with the request.
func (s *Service) holderError(p Person, name string, err error) error {
	said := &lethe.Error{Kind: lethe.KindOf(err), Message: name + ": " + s.masked(p.sub, err.Error()), Cause: err}
	var e *lethe.Error
	if errors.As(err, &e) && err == error(e) {
		said.Message, said.Hint = name+": "+s.masked(p.sub, e.Message), s.masked(p.sub, e.Hint)
	}
	return said
}

// holdings are a holder's, as they are kept and shown.
func (s *Service) holdings(p Person, name string, hs []Holding) []Holding {
	hs = slices.Clone(hs)
	for i := range hs {
		h := &hs[i]
		h.Holder, h.Place, h.Reason, h.Hold = name, s.masked(p.sub, h.Place), s.masked(p.sub, h.Reason), ""
		if k, kept := p.sub.keeps(name); kept && h.Reason == "" {
			h.Reason, h.Until, h.Hold = k.says(), k.Until, k.ID
		}
	}
	return hs
}

// holderLedger is what a request's erasing from a holder has come to.
type holderLedger struct {
	done  []Holding // and what stays, with its reason
	begun []Holding // what was there when a try began of which the end is not known
}

// add adds records that were erased.
func (l *holderLedger) add(d Holding) {
	i := slices.IndexFunc(l.done, func(h Holding) bool { return h.Place == d.Place && h.Reason == "" && d.Reason == "" })
	if i < 0 {
		l.done = append(l.done, d)
	} else {
		l.done[i].Records += d.Records
	}
}

// erasable are the records at a place that need not stay.
func erasable(hs []Holding, place string) (n int64) {
	for _, h := range hs {
		if h.Place == place && h.Reason == "" {
			n += h.Records
		}
	}
	return n
}

// beginHoldings keeps what a holder has before it is erased from. What a try that was
// interrupted found, and is not there any more, that try has erased.
func (s *Service) beginHoldings(ctx context.Context, it holderItem, found []Holding) error {
	return s.reviseHoldings(ctx, it, func(l *holderLedger) {
		for _, b := range l.begun {
			if b.Records -= erasable(found, b.Place); b.Reason == "" && b.Records > 0 {
				l.add(b)
			}
		}
		l.begun = found
	})
}

// keepHoldings adds what was done to what is known to have been; reasons are those
// of the last time. Unless the try has ended well, it may have done more.
func (s *Service) keepHoldings(ctx context.Context, it holderItem, did []Holding, ended bool) error {
	return s.reviseHoldings(ctx, it, func(l *holderLedger) {
		l.done = slices.DeleteFunc(l.done, func(h Holding) bool { return h.Reason != "" })
		for _, d := range did {
			l.add(d)
		}
		for i, b := range l.begun {
			l.begun[i].Records -= erasable(did, b.Place)
		}
		if ended {
			l.begun = nil
		}
	})
}

// keepReasons adds why the person stays at places where erasing them has not said so.
func (s *Service) keepReasons(ctx context.Context, it holderItem, found []Holding) error {
	return s.reviseHoldings(ctx, it, func(l *holderLedger) {
		for _, f := range found {
			if f.Reason == "" {
				continue
			}
			i := slices.IndexFunc(l.done, func(h Holding) bool { return h.Place == f.Place && h.Reason != "" })
			if i < 0 {
				l.done = append(l.done, f)
			} else {
				l.done[i] = f
			}
		}
	})
}

// holdingsIn reads a list of holdings; "" is an empty one.
func holdingsIn(text string) (hs []Holding, err error) {
	if text == "" {
		return nil, nil
	}
	return hs, json.Unmarshal([]byte(text), &hs)
}

func (s *Service) reviseHoldings(ctx context.Context, it holderItem, f func(*holderLedger)) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		var done, begun string
		err := tx.QueryRowContext(ctx, `SELECT holdings, begun FROM erasure_holders WHERE request = $1 AND holder = $2`, it.Request, it.Holder).Scan(&done, &begun)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var l holderLedger
		if l.done, err = holdingsIn(done); err != nil {
			return err
		}
		if l.begun, err = holdingsIn(begun); err != nil {
			return err
		}
		f(&l)
		raw, err := json.Marshal(append([]Holding{}, l.done...))
		if err != nil {
			return err
		}
		begun = ""
		if len(l.begun) > 0 {
			text, err := json.Marshal(l.begun)
			if err != nil {
				return err
			}
			begun = string(text)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO erasure_holders (request, holder, holdings, begun) VALUES ($1, $2, $3, $4)
			ON CONFLICT (request, holder) DO UPDATE SET holdings = excluded.holdings, begun = excluded.begun`, it.Request, it.Holder, string(raw), begun)
		return err
	})
}

// erasedHoldings are what a request's holders have done.
func (s *Service) erasedHoldings(ctx context.Context, id string) (hs []Holding, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		each, err := state.Documents[[]Holding](ctx, tx, `SELECT holdings FROM erasure_holders WHERE request = $1 ORDER BY holder`, id)
		hs = slices.Concat(each...)
		return err
	})
	return hs, err
}

// locateHoldings asks all holders where a person is held.
func (s *Service) locateHoldings(ctx context.Context, p Person) (all []Holding, err error) {
	for _, h := range s.Holders {
		found, err := s.locateAt(ctx, p, h)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	sortHoldings(all)
	return all, nil
}

// locateAt asks a holder where a person is held.
func (s *Service) locateAt(ctx context.Context, p Person, h Holder) ([]Holding, error) {
	found, err := h.Locate(ctx, p)
	if err != nil {
		return nil, passing(s.holderError(p, h.Name(), err))
	}
	return s.holdings(p, h.Name(), found), nil
}

// heldBy counts the places of holders at which a request's person is still held and
// need not be, and keeps why they stay at others.
func (s *Service) heldBy(ctx context.Context, id string) (n int64, err error) {
	p, err := s.personOf(ctx, id)
	if err != nil {
		return 0, err
	}
	found, err := s.locateHoldings(ctx, p)
	if err != nil {
		return 0, err
	}
	stays := map[string][]Holding{}
	for _, f := range found {
		if f.Reason == "" {
			n++
		} else {
			stays[f.Holder] = append(stays[f.Holder], f)
		}
	}
	for name, fs := range stays {
		if err := s.keepReasons(ctx, holderItem{id, name}, fs); err != nil {
			return 0, err
		}
	}
	return n, nil
}
