package erasure

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"lethe"
	"lethe/object"
	"lethe/workflow"
)

// vacuumOf is a key of a vacuum while it is looked into.
type vacuumOf struct {
	vacuumItem
	at     lethe.Location
	intent vacuumIntent
	dry    bool

	changed, records, bytes int64
	reason                  string // why it stays as it is
	until                   time.Time
}

// vacuumIntent is what is about to be done with an object, and what must be left of it.
// The zero value is nothing.
type vacuumIntent struct {
	ETag    string // of what is replaced
	Cut     int64  // blank records
	Bytes   int64  // by which it gets shorter
	Rows    int64  // that are left
	First   string // what the format's reader sees of these, in order
	Second  string // what the other one sees; "" if it does not read such objects
	Deleted bool   // nothing is left
	// Known says that the records to take out were known by their numbers: First is of all
	// others, and of these Blank have nothing in them for the other reader.
	Known bool
	Blank int64
}

// vacuumObject takes the blank records out of one object, and keeps what became of it.
func (s *Service) vacuumObject(ctx context.Context, it vacuumItem) (none workflow.None, err error) {
	v, err := s.Vacuum(ctx, it.Vacuum)
	if err != nil {
		return none, err
	}
	of := vacuumOf{vacuumItem: it, dry: v.DryRun}
	var sealed, intent string
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT sealed, intent, changed, records, bytes FROM erasure_vacuum_objects WHERE vacuum = $1 AND object = $2`, it.Vacuum, it.Object).
			Scan(&sealed, &intent, &of.changed, &of.records, &of.bytes)
	})
	if err != nil {
		return none, err
	}
	if intent != "" {
		if err := json.Unmarshal([]byte(intent), &of.intent); err != nil {
			return none, err
		}
	}
	if of.at, err = s.unsealed("erasure_vacuum_objects", it.Vacuum, it.Object, sealed); err != nil {
		return none, err
	}
	c, err := s.strict(ctx, of.at.Bucket, of.at.Key)
	if err != nil {
		return none, err
	}
	if err := s.vacuumKey(ctx, &of); err != nil {
		return none, passing(s.hide(c.covers(of.at.Bucket, of.at.Key), of.at.Key, fmt.Errorf("%s: %w", of.at, err)))
	}
	return none, s.keepVacuumOf(ctx, of, true)
}

// keepVacuumOf keeps how far an object of a vacuum is.
func (s *Service) keepVacuumOf(ctx context.Context, of vacuumOf, done bool) error {
	intent, last, until := "", int64(0), int64(0)
	if of.intent != (vacuumIntent{}) {
		raw, err := json.Marshal(of.intent)
		if err != nil {
			return err
		}
		intent = string(raw)
	}
	if done {
		last = 1
	}
	if !of.until.IsZero() {
		until = of.until.UnixMicro()
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE erasure_vacuum_objects SET intent = $1, done = $2, changed = $3, records = $4, bytes = $5, reason = $6, until = $7 WHERE vacuum = $8 AND object = $9`,
			intent, last, of.changed, of.records, of.bytes, of.reason, until, of.Vacuum, of.Object)
		return err
	})
}

// stay says why an object is left as it is.
func (of *vacuumOf) stay(until time.Time, format string, args ...any) error {
	of.reason, of.until = fmt.Sprintf(format, args...), until
	return nil
}

// vacuumKey takes the blank records out of what is current under a key. Like erase, it
// may be called again after it was interrupted, and begins anew where others write the
// key meanwhile. An error of kind BadData says that what it made is not what it should
// be: a person must look.
func (s *Service) vacuumKey(ctx context.Context, of *vacuumOf) error {
	for range attempts {
		again, err := s.vacuumOnce(ctx, of)
		switch {
		case gone(err): // replaced while it was read: what is there now counts
		case err != nil || !again:
			return err
		}
	}
	return lethe.Errorf(lethe.Conflict, "others changed it %d times while its blank records were taken out", attempts)
}

// vacuumOnce is one try of vacuumKey. It says whether the key must be looked into again.
func (s *Service) vacuumOnce(ctx context.Context, of *vacuumOf) (again bool, err error) {
	bucket, key := of.at.Bucket, of.at.Key
	c, err := s.strict(ctx, bucket, key)
	if err != nil {
		return false, err
	}
	covers := c.covers(bucket, key)
	if len(covers) == 0 {
		return false, of.stay(time.Time{}, "no mapping is of it any more")
	}
	// Before the object is read: what is blanked from here on is blanked again in what
	// this makes, or is in what this reads.
	blanked, err := s.blankedAt(ctx, bucket, key)
	if err != nil {
		return false, err
	}
	var o object.Object
	err = insist(ctx, func() (err error) {
		o, err = s.Store.Head(ctx, bucket, key)
		return err
	})
	there := !lethe.Is(err, lethe.NotFound)
	if err != nil && there {
		return false, err
	}
	if of.intent.ETag != "" && (!there || o.ETag != of.intent.ETag) {
		return true, s.settleVacuum(ctx, of, covers[0], o, there)
	}
	if !there {
		return false, s.notBlanked(ctx, bucket, key, blanked)
	}
	if of.reason, of.until, err = s.vacuumable(ctx, covers, o); err != nil || of.reason != "" {
		return false, err
	}
	plan, err := s.vacuumPlan(ctx, covers[0], o)
	switch {
	case gone(err):
		return true, nil
	case err != nil && stays(err):
		return false, of.stay(time.Time{}, "%v", s.hide(covers, key, err))
	case err != nil:
		return false, err
	}
	defer plan.Close()
	if plan.Cut == 0 {
		return false, s.notBlanked(ctx, bucket, key, blanked)
	}
	return s.vacuumApply(ctx, of, covers, o, plan)
}

// vacuumable says why an object must stay as it is, "" if it need not.
func (s *Service) vacuumable(ctx context.Context, covers []cover, o object.Object) (reason string, until time.Time, err error) {
	hs, err := s.Holds(ctx)
	if err != nil {
		return "", until, err
	}
	for _, h := range hs {
		for _, c := range covers {
			if h.Mapping == c.Name || h.Mapping == "" && h.Request == "" {
				return h.says(), h.Until, nil
			}
		}
	}
	for _, c := range covers {
		for _, id := range c.Identifiers {
			if id.Sidecar != "" {
				return "a metadata file says whose its records are by the numbers they have", until, nil
			}
		}
	}
	var d object.Details
	err = insist(ctx, func() (err error) {
		d, err = s.Store.Describe(ctx, o.Bucket, o.Key, o.Version)
		return err
	})
	switch {
	case err != nil:
		return "", until, err
	case d.ETag != o.ETag:
		return "", until, lethe.Errorf(lethe.Conflict, "it was replaced")
	case d.Lock.Hold:
		return "a legal hold keeps it", until, nil
	case d.Lock.Holds(time.Now()):
		return fmt.Sprintf("an object lock in mode %s keeps it", d.Lock.Mode), d.Lock.Until, nil
	}
	return "", until, nil
}

// vacuumPlan plans what a vacuum does with an object.
func (s *Service) vacuumPlan(ctx context.Context, c cover, o object.Object) (plan *Plan, err error) {
	f, err := s.format(c, o.Key)
	if err != nil {
		return nil, err
	}
	v, ok := f.(Vacuumer)
	if !ok {
		return nil, lethe.Errorf(lethe.Unsupported, "no blank records are known in its format")
	}
	err = insist(ctx, func() (err error) {
		plan, err = v.Vacuum(ctx, content{ctx, s.Store, o}, s.Dir)
		return err
	})
	return plan, err
}

// vacuumApply carries a plan out.
func (s *Service) vacuumApply(ctx context.Context, of *vacuumOf, covers []cover, o object.Object, plan *Plan) (again bool, err error) {
	_, size, err := object.Edits(o.Size, plan.Edits)
	if err != nil {
		return false, err
	}
	todo := vacuumIntent{ETag: o.ETag, Cut: plan.Cut, Bytes: o.Size - size, Rows: plan.Rows - plan.Cut, Deleted: plan.Empty}
	if plan.Empty {
		todo.Bytes = o.Size
	}
	if of.dry {
		of.changed, of.records, of.bytes = 1, todo.Cut, todo.Bytes
		return false, nil
	}
	c := covers[0]
	todo.Known = plan.Gone != nil
	before, err := s.sequences(ctx, c, o, todo.Known, plan.Gone)
	twice := before.second.Sum != [32]byte{}
	switch {
	case err != nil:
		return false, err
	case twice && (before.second.Blank < plan.Cut || !todo.Known && before.second.Blank > plan.Cut || before.second.Records != plan.Rows):
		return false, of.stay(time.Time{}, "two readers disagree about its records: one finds %d, of which %d are blank, and the other %d and %d",
			plan.Rows, plan.Cut, before.second.Records, before.second.Blank)
	}
	todo.First, todo.Second = before.first, before.second.text()
	if twice {
		todo.Blank = before.second.Blank - plan.Cut
	}
	of.intent = todo
	if err := s.keepVacuumOf(ctx, *of, false); err != nil {
		return false, err
	}
	var after object.Object
	if todo.Deleted {
		err = s.Store.Delete(ctx, o.Bucket, o.Key, object.Condition{IfMatch: o.ETag})
	} else {
		after, err = s.Store.Splice(ctx, o.Bucket, o.Key, o.ETag, plan.Edits)
	}
	if err != nil {
		return false, err
	}
	if !todo.Deleted {
		if err := insist(ctx, func() error { return s.verifyVacuum(ctx, c, after, todo) }); err != nil {
			return false, err
		}
	}
	return true, s.vacuumDone(ctx, of, c, after.ETag)
}

// settleVacuum finds out what became of an intent, after a crash or an answer of the
// store that was lost: the object is another by now, or is gone.
func (s *Service) settleVacuum(ctx context.Context, of *vacuumOf, c cover, o object.Object, there bool) error {
	if there && !of.intent.Deleted {
		err := insist(ctx, func() error { return s.verifyVacuum(ctx, c, o, of.intent) })
		if err == nil {
			return s.vacuumDone(ctx, of, c, o.ETag)
		}
		if !lethe.Is(err, lethe.BadData) {
			return err
		}
		// Others have written it, before or after this did. What they wrote is theirs, and
		// is looked into from the beginning.
	} else if !there && of.intent.Deleted {
		return s.vacuumDone(ctx, of, c, "")
	}
	of.intent = vacuumIntent{}
	return s.keepVacuumOf(ctx, *of, false)
}

// vacuumDone keeps that an intent was carried out, after the index has the records by
// their new numbers.
func (s *Service) vacuumDone(ctx context.Context, of *vacuumOf, c cover, after string) error {
	if _, err := s.forgetStatistics(ctx, c); err != nil {
		return err
	}
	if err := insist(ctx, func() error { return s.Refresh(ctx, of.at.Bucket, of.at.Key) }); err != nil {
		return err
	}
	was := "deleted"
	if after != "" {
		was = after
	}
	done := of.intent
	err := s.audit(ctx, "", "vacuumed", "arn:aws:s3:::"+of.at.Bucket+"/"+of.at.Key, fmt.Sprintf("%d blank records, %s became %s", done.Cut, done.ETag, was))
	if err != nil {
		return err
	}
	of.changed, of.records, of.bytes, of.intent = of.changed+1, of.records+done.Cut, of.bytes+done.Bytes, vacuumIntent{}
	return s.keepVacuumOf(ctx, *of, false)
}

// sequences are the records of an object as both readers see them.
type sequences struct {
	first  string
	rows   int64
	second Sequence
}

// sequences reads an object twice, passing over records with nothing in them. Where those
// to pass over are known, the first reading passes over these, and no others.
func (s *Service) sequences(ctx context.Context, c cover, o object.Object, known bool, gone func(row int64) bool) (q sequences, err error) {
	err = insist(ctx, func() (err error) {
		q.first, q.rows, err = s.firstSequence(ctx, c, o, known, gone)
		return err
	})
	if err != nil || s.SecondReader == nil {
		return q, err
	}
	err = insist(ctx, func() (err error) {
		q.second, err = s.SecondReader.Sequence(ctx, Stored{c.table, c.storage, c.Mapping.Format, o.Key}, content{ctx, s.Store, o})
		return err
	})
	if lethe.Is(err, lethe.Unsupported) {
		q.second, err = Sequence{}, nil
	}
	return q, err
}

// firstSequence is a hash over the values of the mapping's columns in the records of an
// object that have some, in order, and how many records there are; where it is known which
// are gone, if any, over those in all others.
func (s *Service) firstSequence(ctx context.Context, c cover, o object.Object, known bool, gone func(row int64) bool) (sum string, rows int64, err error) {
	f, err := s.format(c, o.Key)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	for r, err := range f.Records(ctx, content{ctx, s.Store, o}, c.columns(), nil) {
		if err != nil {
			return "", 0, err
		}
		rows++
		some := r.Unreadable
		for _, vs := range r.Values {
			some = some || len(vs) > 0
		}
		if known {
			some = gone == nil || !gone(r.Row)
		}
		if some {
			fmt.Fprintf(h, "%t %q\n", r.Unreadable, r.Values)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), rows, nil
}

// verifyVacuum reads what a vacuum has made: no record may be blank, but such as were
// known to be somebody's, and all others must be there as they were. An error of kind BadData says what is wrong.
func (s *Service) verifyVacuum(ctx context.Context, c cover, after object.Object, want vacuumIntent) error {
	q, err := s.sequences(ctx, c, after, want.Known, nil)
	switch {
	case err != nil && stays(err):
		return lethe.Errorf(lethe.BadData, "what was left of it cannot be read again: %w", err)
	case err != nil:
		return err
	case q.rows != want.Rows:
		return lethe.Errorf(lethe.BadData, "it has %d records after %d blank ones were taken out, and should have %d", q.rows, want.Cut, want.Rows)
	case q.first != want.First:
		return lethe.Errorf(lethe.BadData, "its records are not those it had before %d blank ones were taken out", want.Cut)
	case q.second.text() != want.Second:
		return lethe.Errorf(lethe.BadData, "another reader does not find the records that it had before %d blank ones were taken out", want.Cut)
	case q.second.Blank != want.Blank:
		return lethe.Errorf(lethe.BadData, "another reader finds %d blank records in it after %d were taken out, and should find %d", q.second.Blank, want.Cut, want.Blank)
	}
	return nil
}
