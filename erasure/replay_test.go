package erasure_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
)

// kept is what is kept of a lake's erasures beside its backups, as a restored lake
// reads it: through JSON.
func (l *lake) kept() (es []erasure.Erasure, holds []erasure.Hold) {
	l.t.Helper()
	all, err := erasure.ErasuresIn(l.t.Context(), l.DB)
	l.must(err)
	for i, e := range all {
		if e.Request.State == erasure.Done {
			c, err := l.CertificateOf(l.t.Context(), e.Request.ID)
			l.must(err)
			all[i].Certificate = &c
		}
	}
	raw, err := json.Marshal(all)
	l.must(err)
	l.must(json.Unmarshal(raw, &es))
	holds, err = erasure.HoldsIn(l.t.Context(), l.DB)
	l.must(err)
	return es, holds
}

// TestReplay: from a lake as it was before, who was erased since is erased again, by
// mappings that are newer than that lake; also if it is stopped in between. Others stay,
// and so does what a hold keeps that is newer too.
func TestReplay(t *testing.T) {
	living := newPeople(t, "")
	living.table("days", "who")
	living.table("new")
	living.must(living.PutMapping(t.Context(), people("new")))
	days := erasure.Mapping{Name: "days", Database: "default", Table: "days", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"who"}}}}
	living.must(living.PutMapping(t.Context(), days))
	_, _ = living.done(ada...)
	named := living.until(living.ask(erasure.Named{Type: "name", Values: []string{"Grace", "Hopper"}}).ID, erasure.Reported)
	living.hold(erasure.Hold{Kind: erasure.LegalHold, Reason: "case 7", Request: named.ID})
	living.approve(named.ID)
	living.until(named.ID, erasure.Held)
	third := living.until(living.ask(erasure.Named{Type: "name", Values: []string{"Mary", "Shelley"}}).ID, erasure.Reported)
	living.approve(third.ID)
	living.until(third.ID, erasure.Done)
	es, holds := living.kept()
	if len(es) != 2 || len(holds) != 1 {
		t.Fatalf("of two that are erased and one that is held %+v and %+v are kept", es, holds)
	}
	holds = append(holds, erasure.Hold{ID: lethe.NewOrderedID(), Kind: erasure.Exemption, Mapping: "held", Reason: "claims"})

	// The lake of a backup: it maps user ids alone, and not all tables.
	l := newLake(t)
	l.must(l.PutType(t.Context(), erasure.IdentifierType{Name: "user_id", Form: erasure.Exact}))
	l.table("reviews")
	l.table("held")
	l.table("days", "who")
	for _, name := range []string{"reviews", "held"} {
		l.must(l.PutMapping(t.Context(), erasure.Mapping{Name: name, Database: "default", Table: name, Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}}))
	}
	l.must(l.cat.AddPartitions(t.Context(), "default", "days", []catalog.Partition{
		{Values: []string{"ada"}, Storage: catalog.Storage{Location: "s3://lake/days/who=ada", BucketCount: -1, SerDe: catalog.SerDe{Library: "json"}}},
		{Values: []string{"bob"}, Storage: catalog.Storage{Location: "s3://lake/days/who=bob", BucketCount: -1, SerDe: catalog.SerDe{Library: "json"}}},
	}, false))
	l.write("reviews/1.json", hers, somebody)
	l.write("reviews/2.json", herMail)
	l.write("reviews/3.json", somebody, `{"first":"Mary","last":"SHELLEY"}`, `{"first":"Grace","last":"Hopper"}`)
	l.write("held/1.json", hers)
	l.write("days/who=ada/1.json", `{"body":"x"}`)
	l.write("days/who=bob/1.json", `{"body":"y"}`)

	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := l.Replay(stopped, es, holds, nil); err == nil {
		t.Error("it does not stop")
	}
	for range 2 {
		r, err := l.Replay(t.Context(), es, holds, nil)
		l.must(err)
		if r.Persons != 3 || r.Left != 1 || !slices.Equal(r.LeftOut, []string{"new"}) || !slices.Equal(r.Composite, []string{third.ID}) {
			t.Errorf("%+v", r)
		}
		l.wantLines("reviews/1.json", somebody)
		l.wantLines("reviews/2.json")
		l.wantLines("reviews/3.json", somebody, `{"first":"Grace","last":"Hopper"}`)
		l.wantLines("held/1.json", hers)
		l.wantLines("days/who=ada/1.json")
		l.wantLines("days/who=bob/1.json", `{"body":"y"}`)
		table, err := l.cat.Partitions(t.Context(), "default", "days", catalog.PartitionPage{})
		l.must(err)
		if len(table) != 1 || table[0].Values[0] != "bob" {
			t.Errorf("partitions %+v", table)
		}
	}
	// What proves it is there, and she does not come back.
	for _, e := range es {
		q, err := l.Request(t.Context(), e.Request.ID)
		l.must(err)
		c, err := l.CertificateOf(t.Context(), q.ID)
		l.must(err)
		if q.State != erasure.Done || string(c.Signature) != string(e.Certificate.Signature) {
			t.Errorf("%+v", q)
		}
	}
	if _, err := l.Request(t.Context(), named.ID); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a request that was open then: %v", err)
	}
	l.write("reviews/4.json", herMail)
	l.event("reviews/4.json")
	l.wantLines("reviews/4.json")
	everybody, err := l.Everybody(t.Context())
	l.must(err)
	if !everybody.Hashed() || !everybody.Erased("user_id", []string{"ada"}) || everybody.Erased("user_id", []string{"bob"}) || everybody.Erased("phone", []string{"ada"}) {
		t.Error("everybody who was erased is not ada")
	}
	if _, err := l.Replay(t.Context(), []erasure.Erasure{{Request: erasure.Request{ID: lethe.NewOrderedID(), Identifiers: []erasure.HashedIdentifier{{Type: "user_id", Hash: "00"}}}}}, nil, nil); !lethe.Is(err, lethe.BadData) {
		t.Errorf("of a damaged hash: %v", err)
	}
}

// lasting is a holder of backups that end when they should, or do not.
type lasting struct{ there bool }

func (*lasting) Name() string { return "backups" }

func (b *lasting) Locate(context.Context, erasure.Person) ([]erasure.Holding, error) {
	return []erasure.Holding{{Place: "monday", Reason: "until it expires", Until: time.Now().Add(-time.Minute)}, {Place: "tuesday", Reason: "until it expires", Until: time.Now().Add(time.Hour)}}, nil
}

func (b *lasting) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	return b.Locate(ctx, p)
}

func (b *lasting) Remains(_ context.Context, at erasure.Holding) (bool, error) {
	return b.there || at.Place != "monday", nil
}

// TestOverdue: who verifies a certificate is told of places that it says have ended and
// that have not, also if they do not say who the person is.
func TestOverdue(t *testing.T) {
	l := newPeople(t, "")
	b := &lasting{}
	l.Holders = append(l.Holders, b, &archive{name: "crm"})
	l.write("reviews/1.json", hers, somebody)
	_, c := l.done(ada...)
	signed, err := l.CertificateOf(t.Context(), c.Request)
	l.must(err)
	for _, there := range []bool{false, true} {
		b.there = there
		k, err := l.VerifyCertificate(t.Context(), signed)
		l.must(err)
		if there != (len(k.Overdue) == 1 && k.Overdue[0].Place == "monday") {
			t.Errorf("there: %v, overdue: %+v", there, k.Overdue)
		}
		want := int64(1) // tuesday
		if there {
			want = 2
		}
		if k.Exceptions != want || k.Asked != 1 || !slices.Equal(k.NotAsked, []string{"crm"}) {
			t.Errorf("there: %v, %+v", there, k)
		}
		if k, err = l.VerifyCertificate(t.Context(), signed, ada...); err != nil || k.Exceptions != want || k.Asked != 2 || k.NotAsked != nil {
			t.Errorf("with her identifiers: %+v, %v", k, err)
		}
	}
}
