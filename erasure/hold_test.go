package erasure_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/event"
)

func (l *lake) hold(h erasure.Hold) erasure.Hold {
	l.t.Helper()
	h, err := l.Hold(as("counsel"), h)
	l.must(err)
	return h
}

func TestAHeldRequestWaits(t *testing.T) {
	for _, all := range []bool{false, true} {
		l := newPeople(t, "blank")
		l.write("reviews/1.json", hers, somebody)
		q := l.ask(ada...)
		l.until(q.ID, erasure.Reported)
		of := erasure.Hold{Kind: erasure.LegalHold, Reason: "case 7", Until: time.Now().Add(time.Hour)}
		if !all {
			of.Request = q.ID
		}
		h := l.hold(of)
		if h.By != "counsel" || h.ID == "" || h.Made.IsZero() {
			t.Errorf("%+v", h)
		}
		l.approve(q.ID)
		q = l.until(q.ID, erasure.Held)
		if len(q.Held) != 1 || q.Held[0] != h.ID {
			t.Errorf("%+v", q)
		}
		// Nothing erases her meanwhile, although it was approved: no event and no listing.
		l.write("reviews/2.json", hers)
		l.must(l.Handle(t.Context(), []event.Event{{Bucket: "lake", Key: "reviews/2.json"}}))
		l.build()
		l.must(l.Tend(t.Context(), time.Now()))
		l.wantLines("reviews/1.json", hers, somebody)
		l.wantLines("reviews/2.json", hers)
		if all {
			l.must(l.Tend(t.Context(), time.Now().Add(2*time.Hour))) // its time passes
		} else {
			l.must(l.Release(as("counsel"), h.ID))
		}
		if hs, err := l.Holds(t.Context()); err != nil || len(hs) != 0 {
			t.Errorf("%+v, %v", hs, err)
		}
		l.until(q.ID, erasure.Done)
		l.wantLines("reviews/1.json", "{}", somebody)
		l.wantLines("reviews/2.json", "{}")
	}
}

func TestTheReportTellsOfHolds(t *testing.T) {
	l := newPeople(t, "blank")
	l.write("reviews/1.json", hers, somebody)
	all := l.hold(erasure.Hold{Kind: erasure.LegalHold, Reason: "case 7"})
	of := l.hold(erasure.Hold{Kind: erasure.Exemption, Mapping: "reviews", Reason: "tax law"})
	raw, err := l.ReportOf(t.Context(), l.until(l.ask(ada...).ID, erasure.Reported).ID)
	l.must(err)
	var r erasure.Report
	l.must(json.Unmarshal(raw, &r))
	if len(r.Holds) != 2 || r.Holds[0].ID != all.ID || r.Objects[0].Hold != of.ID {
		t.Errorf("%s", raw)
	}
}

func TestAMappingThatIsKept(t *testing.T) {
	l := newPeople(t, "blank")
	l.write("reviews/1.json", hers, somebody)
	l.table("orders")
	m := people("orders")
	m.Mode = "blank"
	l.must(l.PutMapping(t.Context(), m))
	l.write("orders/1.json", hers, somebody)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	h := l.hold(erasure.Hold{Kind: erasure.Exemption, Mapping: "orders", Reason: "tax law", Until: until})

	q := l.ask(ada...)
	l.approve(q.ID)
	q = l.until(q.ID, erasure.Done)
	l.wantLines("reviews/1.json", "{}", somebody)
	l.wantLines("orders/1.json", hers, somebody)
	c, _ := l.certificate(q.ID)
	if len(c.Exceptions) != 1 || c.Exceptions[0].Hold != h.ID || !c.Exceptions[0].Until.Equal(until) || !strings.Contains(c.Exceptions[0].Reason, "tax law") || len(c.Holds) != 1 {
		t.Errorf("%+v", c)
	}
	if len(q.Remains) != 1 || l.column(q.ID, "identifiers") == "" {
		t.Errorf("what remains is not kept: %+v", q)
	}
	signed, err := l.CertificateOf(t.Context(), q.ID)
	l.must(err)
	if k, err := l.VerifyCertificate(t.Context(), signed); err != nil || k.Found != 0 || k.Exceptions != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	// She came back under the mapping that is kept: she stays there too.
	l.write("orders/2.json", hers)
	l.build()
	l.wantLines("orders/2.json", hers)

	l.must(l.Tend(t.Context(), until.Add(-time.Minute)))
	if rs, err := l.Requests(t.Context()); err != nil || len(rs) != 1 {
		t.Fatalf("%+v, %v", rs, err)
	}
	for range 2 {
		l.must(l.Tend(t.Context(), until))
	}
	rs, err := l.Requests(t.Context())
	l.must(err)
	if len(rs) != 2 || rs[1].Remainder != q.ID {
		t.Fatalf("%+v", rs)
	}
	if l.column(q.ID, "identifiers") != "" {
		t.Error("the closed request still has the identifiers")
	}
	l.approve(rs[1].ID)
	q = l.until(rs[1].ID, erasure.Done)
	l.wantLines("orders/1.json", "{}", somebody)
	l.wantLines("orders/2.json", "{}")
	if c, raw := l.certificate(q.ID); l.column(q.ID, "identifiers") != "" || len(c.Exceptions) != 0 {
		t.Errorf("%s", raw)
	}
	l.leaves("ada@example.org")
}

func TestWhatCannotBeHeld(t *testing.T) {
	l := newPeople(t, "")
	for _, x := range []struct {
		h    erasure.Hold
		kind lethe.Kind
	}{
		{erasure.Hold{Kind: "wish", Reason: "r"}, lethe.Invalid},
		{erasure.Hold{Kind: erasure.LegalHold}, lethe.Invalid},
		{erasure.Hold{Kind: erasure.Exemption, Reason: "r"}, lethe.Invalid},
		{erasure.Hold{Kind: erasure.LegalHold, Reason: "r", Until: time.Unix(1, 0)}, lethe.Invalid},
		{erasure.Hold{Kind: erasure.LegalHold, Reason: strings.Repeat("r", 5000)}, lethe.Invalid},
		{erasure.Hold{Kind: erasure.LegalHold, Reason: "r", Request: "none"}, lethe.NotFound},
		{erasure.Hold{Kind: erasure.LegalHold, Reason: "r", Mapping: "none"}, lethe.NotFound},
	} {
		if _, err := l.Hold(as("counsel"), x.h); !lethe.Is(err, x.kind) {
			t.Errorf("%+v: %v", x.h, err)
		}
	}
	if err := l.Release(as("counsel"), "none"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}
