package own

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lethe"
	"lethe/erasure"
	"lethe/lib/delimited"
	"lethe/query"
)

// Suppressor knows who was erased, and must not come back; an erasure.Service is one.
type Suppressor interface {
	Everybody(ctx context.Context) (erasure.Person, error)
	Mappings(ctx context.Context) ([]erasure.Mapping, error)
	Holds(ctx context.Context) ([]erasure.Hold, error)
}

// Swept counts what a Sweep has done.
type Swept struct {
	Results  int64 // that were erased
	Extracts int64 // that were
	Records  int64 // cut out of quarantine
	Texts    int64 // in which identifiers were replaced
	Locked   int64 // results that a lock keeps
}

// Sweep looks for persons who were erased in copies that were made since a moment: data
// came back and was queried before it was erased again, or somebody wrote an identifier
// into a statement. Of those persons only hashes are known, so that what is looked at
// are whole values and words. As there are many of them, and a copy may be made at any
// time, a value counts only where it is telling, which a small number or a short word is
// not, or stands in a column that is named as one of a mapping's.
//
// Results that a lock keeps, and what a hold keeps, stay.
func Sweep(ctx context.Context, c Config, s Suppressor, since time.Time) (did Swept, err error) {
	w, err := newSweep(ctx, c, s, since)
	if err != nil {
		return did, err
	}
	for _, part := range []struct {
		name string
		do   func(context.Context, *Swept) error
	}{
		{"query results", w.results}, {"extracts", w.extracts}, {"extract history", w.texts(c.Extracts)}, {"ingest quarantine", w.quarantine},
		{"ingest history", w.texts(c.Ingests)}, {"process journal", w.singles(c.Journal)}, {"scrub report", w.texts(c.Scrub)}, {"data sets and dashboards", w.texts(c.Pictures)},
		{"event dead letters", w.letters},
	} {
		if w.kept[part.name] {
			continue
		}
		if err := part.do(ctx, &did); err != nil {
			return did, err
		}
	}
	if did.Texts > 0 {
		err = c.DB.Truncate(ctx)
	}
	return did, err
}

// sweep is a Sweep under way.
type sweep struct {
	Config
	since   time.Time
	person  erasure.Person
	matcher *matcher
	columns []sweptColumns
	kept    map[string]bool // holders that a hold keeps as they are
}

// sweptColumns are columns in which identifiers of a type are.
type sweptColumns struct {
	typ   string
	names []string // in lower case, of one value each
}

func newSweep(ctx context.Context, c Config, s Suppressor, since time.Time) (*sweep, error) {
	p, err := s.Everybody(ctx)
	if err != nil {
		return nil, err
	}
	ms, err := s.Mappings(ctx)
	if err != nil {
		return nil, err
	}
	hs, err := s.Holds(ctx)
	if err != nil {
		return nil, err
	}
	w := &sweep{Config: c, since: since, person: p, matcher: c.match(p), kept: map[string]bool{}}
	for _, h := range hs {
		w.kept[h.Mapping] = true
	}
	mask := w.matcher.mask
	w.matcher.mask = func(v string) (string, bool) {
		if !telling(v) {
			return "", false
		}
		return mask(v)
	}
	together := w.matcher.together
	w.matcher.together = func(t erasure.IdentifierType, values []string) (string, bool) {
		if !tellingTogether(values) {
			return "", false
		}
		return together(t, values)
	}
	for _, m := range ms {
		for _, id := range m.Identifiers {
			of := sweptColumns{typ: id.Type}
			for _, name := range id.Columns {
				of.names = append(of.names, strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]))
			}
			if len(of.names) > 0 {
				w.columns = append(w.columns, of)
			}
		}
	}
	return w, nil
}

// tellingLength is from how many characters on a value is not one by chance.
const tellingLength = 8

// telling says whether a value names somebody wherever it stands.
func telling(v string) bool {
	return strings.Contains(v, "@") || utf8.RuneCountInString(v) >= tellingLength
}

// results erases results.
func (w *sweep) results(ctx context.Context, did *Swept) error {
	for f, err := range w.Queries.ResultFiles(ctx) {
		if err != nil {
			return err
		}
		if f.Modified.Before(w.since) {
			continue
		}
		found, err := w.holds(ctx, f)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		switch err := w.Queries.EraseResult(ctx, f); {
		case lethe.Is(err, lethe.Denied):
			did.Locked++
		case err != nil:
			return err
		default:
			did.Results++
		}
	}
	return nil
}

// holds says whether a result names somebody who was erased. Of one that cannot be read
// to its end nothing is known, and it stays.
func (w *sweep) holds(ctx context.Context, f query.ResultFile) (bool, error) {
	found, _, err := w.anyRecord(ctx, f, w.erased(f.CSV))
	return found, err
}

// erased says of one record after the other whether it names somebody who was erased. The
// first, of number 0, names the columns, if there is a header.
func (w *sweep) erased(header bool) func(n int, rec *delimited.Record) bool {
	var places []placed
	return func(n int, rec *delimited.Record) bool {
		if w.matcher.record(rec) {
			return true
		}
		if n == 0 && header {
			places = w.places(rec)
			return false
		}
		return slices.ContainsFunc(places, func(p placed) bool { return w.person.Erased(p.typ, p.values(rec)) })
	}
}

// placed are the columns of a result that hold identifiers of a type.
type placed struct {
	typ string
	at  []int
}

// places finds the columns of mappings among those of a result.
func (w *sweep) places(header *delimited.Record) (ps []placed) {
	names := make([]string, len(header.Fields))
	for i, f := range header.Fields {
		names[i] = strings.ToLower(string(f.Text))
	}
	for _, c := range w.columns {
		p := placed{typ: c.typ}
		for _, name := range c.names {
			if i := slices.Index(names, name); i >= 0 {
				p.at = append(p.at, i)
			}
		}
		if len(p.at) == len(c.names) {
			ps = append(ps, p)
		}
	}
	return ps
}

func (p placed) values(r *delimited.Record) []string {
	values := make([]string, len(p.at))
	for i, at := range p.at {
		if at < len(r.Fields) {
			values[i] = string(r.Fields[at].Text)
		}
	}
	return values
}

// quarantine cuts records out of the files that ingests have written aside.
func (w *sweep) quarantine(ctx context.Context, did *Swept) error {
	all, err := w.quarantined(ctx)
	if err != nil {
		return err
	}
	f, t, m := &files{Config: w.Config, locks: newLocks(w.Store)}, tally{}, *w.matcher
	m.each = true
	for _, at := range all {
		o, err := w.Store.Head(ctx, at.Bucket, at.Key)
		switch {
		case lethe.Is(err, lethe.NotFound), lethe.Is(err, lethe.Denied):
			continue
		case err != nil:
			return err
		case o.Modified.Before(w.since):
			continue
		}
		if err := f.one(ctx, &m, at, true, &t); err != nil {
			return err
		}
	}
	did.Records += t.found
	return nil
}

// texts replaces identifiers in a service's texts.
func (w *sweep) texts(of Texts) func(context.Context, *Swept) error {
	return func(ctx context.Context, did *Swept) error {
		if of == nil {
			return nil
		}
		n, err := of.RedactTexts(ctx, false, w.matcher.redact)
		did.Texts += n
		return err
	}
}

// singles replaces identifiers of one value in texts that are too many to try in each
// what may be parts of a composite one.
func (w *sweep) singles(of Texts) func(context.Context, *Swept) error {
	return func(ctx context.Context, did *Swept) error {
		n, err := of.RedactTexts(ctx, false, func(text string) string { return replaced(text, w.matcher.mask) })
		did.Texts += n
		return err
	}
}

func (w *sweep) letters(ctx context.Context, did *Swept) error {
	dead, _, err := w.Events.RedactTexts(ctx, false, w.matcher.redact)
	did.Texts += dead
	return err
}
