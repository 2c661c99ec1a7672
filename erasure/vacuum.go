package erasure

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"lethe"
	"lethe/lib/state"
	"lethe/object"
	"lethe/workflow"
)

// A Vacuum takes out the blank records that erasures by mode Blank have left, so that
// the records after them move up; the index follows. It does so as a person is erased:
// on the condition of the object's ETag, with what is about to be done kept before, and
// reading what was made again by two readers, who must find the other records as they
// were, in their order.
//
// In JSON lines and CSV a record that was blank before anybody was erased cannot be told
// from one that was blanked, and goes with it. So only objects that were blanked are looked
// into, unless All says otherwise. A Parquet file says which of its rows were blanked, and
// only these go.
//
// Only what is current is changed. In a bucket that keeps versions the one before stays
// below it: it holds nobody. An object under a lock, or under a mapping that a hold
// keeps, stays as it is.
type Vacuum struct {
	ID    string      `json:"id"`
	State VacuumState `json:"state"`
	VacuumScope
	By    string    `json:"by"` // the principal who made it
	Made  time.Time `json:"made,omitzero"`
	Ended time.Time `json:"ended,omitzero"`

	Objects int64 `json:"objects"` // keys to look into
	Looked  int64 `json:"looked"`  // of these, that have been
	// Changed counts the objects from which blank records were taken out, Records
	// these, and Bytes by how much the objects are shorter; in a dry run, what would be.
	Changed int64 `json:"changed"`
	Records int64 `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Kept counts the objects that stay as they are though they may have blank records.
	Kept    int64        `json:"kept"`
	Reasons []VacuumKept `json:"reasons,omitzero"` // of the first of these, once it has ended
	Problem string       `json:"problem,omitempty"`
}

// VacuumScope says what a Vacuum looks into.
type VacuumScope struct {
	Table  string `json:"table,omitempty"`  // as default.reviews; "" for all
	Prefix string `json:"prefix,omitempty"` // as s3://bucket/folder/; "" for all
	// Before leaves out objects that were blanked later; zero for none.
	Before time.Time `json:"before,omitzero"`
	// All has all objects looked into that a mapping is of, also those that were not
	// blanked. Before means nothing then.
	All    bool `json:"all,omitempty"`
	DryRun bool `json:"dry_run,omitempty"`
}

// VacuumKept is an object that stays as it is.
type VacuumKept struct {
	Bucket string    `json:"bucket"`
	Key    string    `json:"key"` // masked
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // when that ends; zero if it is not known
}

// VacuumState is how a Vacuum is.
type VacuumState string

// The states of vacuums. One has failed that needs a person: see its Problem.
const (
	Vacuuming    VacuumState = "vacuuming"
	Vacuumed     VacuumState = "vacuumed"
	VacuumFailed VacuumState = "failed"
)

// The process of a vacuum, and what its steps do.
var (
	vacuumProcess = workflow.Process[string, workflow.None]{Name: "erasure.vacuum/1"}

	vacuumChoosing = workflow.Activity[string, int64]{Name: "erasure.vacuum.choose"}
	vacuumListing  = workflow.Activity[workflow.Page, workflow.Items[vacuumItem]]{Name: "erasure.vacuum.objects"}
	vacuumOne      = workflow.Activity[vacuumItem, workflow.None]{Name: "erasure.vacuum.object"}
	vacuumEnding   = workflow.Activity[vacuumEnd, workflow.None]{Name: "erasure.vacuum.end"}
)

// vacuumItem is a key, by its objectID.
type vacuumItem struct{ Vacuum, Object string }

type vacuumEnd struct{ Vacuum, Problem string }

// registerVacuum says what the steps of vacuums do.
func (s *Service) registerVacuum(g *workflow.Registry) {
	workflow.Handle(g, vacuumChoosing, s.vacuumChoose)
	workflow.Handle(g, vacuumListing, s.vacuumObjects)
	workflow.Handle(g, vacuumOne, s.vacuumObject)
	workflow.Handle(g, vacuumEnding, s.vacuumEnd)
	workflow.Define(g, vacuumProcess, func(r workflow.Run, id string) (none workflow.None, err error) {
		if _, err = workflow.Call(r, vacuumChoosing, id); err == nil {
			_, err = workflow.Each(r, vacuumListing, vacuumOne, id, s.AtOnce)
		}
		end := vacuumEnd{Vacuum: id}
		if err != nil {
			end.Problem = err.Error()
		}
		_, ending := workflow.Call(r, vacuumEnding, end)
		return none, errors.Join(err, ending)
	})
}

// StartVacuum begins a vacuum on behalf of ctx's principal. An error of kind Conflict
// says that one is under way.
func (s *Service) StartVacuum(ctx context.Context, of VacuumScope) (Vacuum, error) {
	if err := s.checkVacuum(ctx, &of); err != nil {
		return Vacuum{}, err
	}
	v := Vacuum{ID: lethe.NewOrderedID(), State: Vacuuming, VacuumScope: of, By: lethe.PrincipalOf(ctx).Name, Made: time.Now().UTC().Truncate(time.Microsecond)}
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		var other string
		err := tx.QueryRowContext(ctx, `SELECT id FROM erasure_vacuums WHERE state = $1`, string(Vacuuming)).Scan(&other)
		switch {
		case err == nil:
			return lethe.Errorf(lethe.Conflict, "vacuum %s is under way", other).WithHint("wait until it has ended")
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_vacuums WHERE id NOT IN (SELECT id FROM erasure_vacuums ORDER BY id DESC LIMIT $1)`, vacuumsKept-1); err != nil {
			return err
		}
		return keepVacuum(ctx, tx, v)
	})
	if err != nil {
		return Vacuum{}, err
	}
	return v, errors.Join(s.audit(ctx, "", "vacuum", v.arn(), ""), s.Engine.Start(ctx, vacuumProcess.Name, v.run(), v.ID))
}

// vacuumsKept is how many vacuums are remembered.
const vacuumsKept = 100

func (v Vacuum) run() string { return "vacuum/" + v.ID }

func (v Vacuum) arn() string { return "arn:lethe:erasure:::vacuum/" + v.ID }

// checkVacuum refuses a scope in which nothing can be, and writes it as it is compared.
func (s *Service) checkVacuum(ctx context.Context, of *VacuumScope) error {
	if of.Prefix != "" {
		at, err := lethe.ParseLocation(of.Prefix)
		if err != nil {
			return lethe.Errorf(lethe.Invalid, "prefix: %w", err)
		}
		of.Prefix = at.String()
	}
	if of.Table == "" {
		return nil
	}
	of.Table = strings.ToLower(of.Table)
	if db, table, ok := strings.Cut(of.Table, "."); !ok || db == "" || table == "" || strings.Contains(table, ".") {
		return lethe.Errorf(lethe.Invalid, "table %q: name it with its database, as default.reviews", of.Table)
	}
	ms, err := s.Mappings(ctx)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.Database+"."+m.Table == of.Table {
			return nil
		}
	}
	return lethe.Errorf(lethe.NotFound, "no mapping is of table %s, so nobody was erased from it", of.Table)
}

// has says whether a key that covers are of is in a scope.
func (of VacuumScope) has(at lethe.Location, covers []cover) bool {
	if of.Prefix != "" {
		p, err := lethe.ParseLocation(of.Prefix)
		if err != nil || p.Bucket != at.Bucket || !strings.HasPrefix(at.Key, p.Key) {
			return false
		}
	}
	for _, c := range covers {
		if of.Table == "" || c.Database+"."+c.Table == of.Table {
			return true
		}
	}
	return false
}

func keepVacuum(ctx context.Context, tx *sql.Tx, v Vacuum) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO erasure_vacuums (id, state, document) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, document = excluded.document`, v.ID, string(v.State), string(raw))
	return err
}

// Vacuum returns a vacuum; an error of kind NotFound if there is none, or it is
// remembered no more.
func (s *Service) Vacuum(ctx context.Context, id string) (v Vacuum, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		all, err := state.Documents[Vacuum](ctx, tx, `SELECT document FROM erasure_vacuums WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return lethe.Errorf(lethe.NotFound, "there is no vacuum %q", id)
		}
		v = all[0]
		return countVacuum(ctx, tx, &v)
	})
	return v, err
}

// Vacuums returns the last vacuums, the oldest first.
func (s *Service) Vacuums(ctx context.Context) (vs []Vacuum, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if vs, err = state.Documents[Vacuum](ctx, tx, `SELECT document FROM erasure_vacuums ORDER BY id`); err != nil {
			return err
		}
		for i := range vs {
			if err := countVacuum(ctx, tx, &vs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return vs, err
}

// countVacuum counts what a vacuum under way has done.
func countVacuum(ctx context.Context, tx *sql.Tx, v *Vacuum) error {
	if v.State != Vacuuming {
		return nil
	}
	return tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(done), 0), count(CASE WHEN changed > 0 THEN 1 END), coalesce(sum(records), 0), coalesce(sum(bytes), 0),
		count(CASE WHEN reason <> '' THEN 1 END) FROM erasure_vacuum_objects WHERE vacuum = $1`, v.ID).
		Scan(&v.Objects, &v.Looked, &v.Changed, &v.Records, &v.Bytes, &v.Kept)
}

// resumeVacuums starts the processes of vacuums that were made and not started.
func (s *Service) resumeVacuums(ctx context.Context) error {
	vs, err := s.Vacuums(ctx)
	for _, v := range vs {
		if v.State == Vacuuming {
			err = errors.Join(err, s.Engine.Start(ctx, vacuumProcess.Name, v.run(), v.ID))
		}
	}
	return err
}

// vacuumChoose lists the keys of a vacuum, and returns how many they are.
func (s *Service) vacuumChoose(ctx context.Context, id string) (n int64, err error) {
	v, err := s.Vacuum(ctx, id)
	if err != nil {
		return 0, err
	}
	c, err := s.scope(ctx, false)
	if err != nil {
		return 0, err
	}
	var some []lethe.Location
	flush := func() error {
		err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
			for _, at := range some {
				_, err := tx.ExecContext(ctx, `INSERT INTO erasure_vacuum_objects (vacuum, object, sealed, intent, done, changed, records, bytes, reason, until)
					VALUES ($1, $2, $3, '', 0, 0, 0, 0, '', 0) ON CONFLICT DO NOTHING`, id, s.objectID(at.Bucket, at.Key), s.sealed("erasure_vacuum_objects", id, at.Bucket, at.Key))
				if err != nil {
					return err
				}
			}
			return nil
		})
		some = some[:0]
		return err
	}
	take := func(at lethe.Location) error {
		if !v.has(at, c.covers(at.Bucket, at.Key)) {
			return nil
		}
		n++
		if some = append(some, at); len(some) < 1000 {
			return nil
		}
		return flush()
	}
	if v.All {
		for _, root := range c.roots() {
			for o, err := range object.All(ctx, s.Store, root.Bucket, root.Key) {
				if lethe.Is(err, lethe.NotFound) {
					break // nor is its bucket
				}
				if err == nil {
					err = take(lethe.Location{Bucket: o.Bucket, Key: o.Key})
				}
				if err != nil {
					return 0, err
				}
			}
		}
		return n, flush()
	}
	all, err := s.blanked(ctx, v.Before)
	if err != nil {
		return 0, err
	}
	for _, at := range all {
		if err := take(at); err != nil {
			return 0, err
		}
	}
	return n, flush()
}

// blanked are the keys that were blanked, last before a moment unless it is zero.
func (s *Service) blanked(ctx context.Context, before time.Time) (all []lethe.Location, err error) {
	until := int64(1<<63 - 1)
	if !before.IsZero() {
		until = before.UnixMicro()
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT object, sealed FROM erasure_blanked WHERE at < $1 ORDER BY object`, until)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var object, text string
			if err := rows.Scan(&object, &text); err != nil {
				return err
			}
			at, err := s.unsealed("erasure_blanked", "", object, text)
			if err != nil {
				return err
			}
			all = append(all, at)
		}
		return rows.Err()
	})
	return all, err
}

// vacuumObjects lists the keys of a vacuum that have not been looked into.
func (s *Service) vacuumObjects(ctx context.Context, p workflow.Page) (workflow.Items[vacuumItem], error) {
	return keysOf(ctx, s, `SELECT object FROM erasure_vacuum_objects WHERE vacuum = $1 AND done = 0 AND object > $2 ORDER BY object LIMIT $3`, p,
		func(object string) vacuumItem { return vacuumItem{p.Of, object} })
}

// reasonsKept is of how many objects a vacuum says why they stay.
const reasonsKept = 100

// vacuumEnd ends a vacuum, and forgets the keys it had.
func (s *Service) vacuumEnd(ctx context.Context, end vacuumEnd) (none workflow.None, err error) {
	v, err := s.Vacuum(ctx, end.Vacuum)
	if err != nil || v.State != Vacuuming {
		return none, err
	}
	if v.Reasons, err = s.vacuumReasons(ctx, v.ID); err != nil {
		return none, err
	}
	v.State, v.Problem, v.Ended = Vacuumed, end.Problem, time.Now().UTC().Truncate(time.Microsecond)
	if v.Problem != "" {
		v.State = VacuumFailed
		s.Log.Error("A vacuum needs a person", "vacuum", v.ID, "problem", v.Problem)
	}
	return none, s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM erasure_vacuum_objects WHERE vacuum = $1`, v.ID); err != nil {
			return err
		}
		return keepVacuum(ctx, tx, v)
	})
}

// vacuumReasons says why objects of a vacuum stay as they are.
func (s *Service) vacuumReasons(ctx context.Context, id string) (all []VacuumKept, err error) {
	c, err := s.recent(ctx)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT object, sealed, reason, until FROM erasure_vacuum_objects WHERE vacuum = $1 AND reason <> '' ORDER BY object LIMIT $2`, id, reasonsKept)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var object, text string
			var k VacuumKept
			var until int64
			if err := rows.Scan(&object, &text, &k.Reason, &until); err != nil {
				return err
			}
			at, err := s.unsealed("erasure_vacuum_objects", id, object, text)
			if err != nil {
				return err
			}
			k.Bucket, k.Key = at.Bucket, s.shown(c.covers(at.Bucket, at.Key), at.Key)
			if until != 0 {
				k.Until = time.UnixMicro(until).UTC()
			}
			all = append(all, k)
		}
		return rows.Err()
	})
	return all, err
}
