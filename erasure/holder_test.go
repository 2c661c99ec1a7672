package erasure_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
)

// archive is a Holder that keeps persons by user id in memory.
type archive struct {
	mu     sync.Mutex
	name   string
	people []string // the user id of each record
	// kept are records of everybody that stay, until then.
	kept  int64
	until time.Time
	// failing are errors of the next calls of Erase, after which it works; on says
	// that it has begun the work by then.
	failing []error
	// returning are put back after each of the next calls.
	returning [][]string
	erased    int
}

func (a *archive) Name() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.name
}

func (a *archive) rename(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.name = name
}

func (a *archive) stays() (hs []erasure.Holding) {
	if a.kept > 0 {
		hs = append(hs, erasure.Holding{Place: "backups of ada", Records: a.kept, Reason: "backups cannot be changed", Until: a.until})
	}
	return hs
}

func (a *archive) Locate(_ context.Context, p erasure.Person) ([]erasure.Holding, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hs := a.stays()
	n := int64(0)
	for _, id := range a.people {
		if p.Is("user_id", []string{id}) {
			n++
		}
	}
	if n > 0 {
		hs = append(hs, erasure.Holding{Place: "records", Records: n})
	}
	return hs, nil
}

func (a *archive) Erase(_ context.Context, p erasure.Person) ([]erasure.Holding, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.failing) > 0 {
		err := a.failing[0]
		a.failing = a.failing[1:]
		return nil, err
	}
	a.erased++
	hs := a.stays()
	before := len(a.people)
	a.people = slices.DeleteFunc(a.people, func(id string) bool { return p.Is("user_id", []string{id}) })
	if n := before - len(a.people); n > 0 {
		hs = append(hs, erasure.Holding{Place: "records", Records: int64(n)})
	}
	if len(a.returning) > 0 {
		a.people = append(a.people, a.returning[0]...)
		a.returning = a.returning[1:]
	}
	return hs, nil
}

func (l *lake) approve(id string) {
	l.t.Helper()
	q := l.until(id, erasure.Reported)
	l.decide(id, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(id, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
}

func (l *lake) certificate(id string) (erasure.Certificate, []byte) {
	l.t.Helper()
	signed, err := l.CertificateOf(l.t.Context(), id)
	l.must(err)
	c, err := erasure.Verify(signed, l.public)
	l.must(err)
	return c, signed.Certificate
}

// TestHolders: what fails and passes is tried again, what is found again is erased
// again, and what stays stands in the report and the certificate with its reason
// and date. Nothing of it names the person.
func TestHolders(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	full := lethe.Errorf(lethe.Exhausted, "its queue is full, says ada")
	flaky := &archive{name: "flaky", people: []string{"ada", "bob", "ada"}, failing: []error{full, lethe.Errorf(lethe.Conflict, "a lock is held")},
		returning: [][]string{{"ada", "eve"}, {"ada"}}}
	keeper := &archive{name: "keeper", people: []string{"ada"}, kept: 7, until: until}
	l.Holders = []erasure.Holder{keeper, flaky, &archive{name: "nobody's"}}

	q := l.until(l.ask(ada...).ID, erasure.Reported)
	if q.Found != (erasure.Found{Objects: 1, Records: 1, Holdings: 3}) {
		t.Errorf("found: %+v", q.Found)
	}
	raw, err := l.ReportOf(t.Context(), q.ID)
	l.must(err)
	var report erasure.Report
	l.must(json.Unmarshal(raw, &report))
	masked := ""
	if len(report.Holdings) == 3 {
		masked = report.Holdings[1].Place
	}
	stays := erasure.Holding{Holder: "keeper", Place: masked, Records: 7, Reason: "backups cannot be changed", Until: until}
	if want := []erasure.Holding{{Holder: "flaky", Place: "records", Records: 2}, stays, {Holder: "keeper", Place: "records", Records: 1}}; !slices.Equal(report.Holdings, want) ||
		!strings.HasPrefix(masked, "backups of [") || names(raw) {
		t.Errorf("report: %s", raw)
	}

	l.approve(q.ID)
	q = l.until(q.ID, erasure.Done)
	c, text := l.certificate(q.ID)
	// Found again twice, each of which took a round.
	if want := []erasure.Holding{{Holder: "flaky", Place: "records", Records: 4}, {Holder: "keeper", Place: "records", Records: 1}, stays}; !slices.Equal(sorted(c.Holdings), want) || names(text) {
		t.Errorf("certificate: %s", text)
	}
	if q.Records != 1+4+1 || q.Exceptions != 1 || flaky.erased != 3 || !slices.Equal(flaky.people, []string{"bob", "eve"}) {
		t.Errorf("done: %+v, and it holds %q after %d times", q, flaky.people, flaky.erased)
	}
	l.leaves("ada@example.org")
}

func sorted(hs []erasure.Holding) []erasure.Holding {
	slices.SortStableFunc(hs, func(a, b erasure.Holding) int {
		return strings.Compare(a.Holder+" "+a.Reason, b.Holder+" "+b.Reason)
	})
	return hs
}

// TestHoldersBlock: what trying again does not mend blocks a request and says which
// holder it is, and so does one that the person was located at and is not there any
// more: the request would otherwise be called done without it.
func TestHoldersBlock(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	crm := &archive{name: "crm", people: []string{"ada"}, failing: []error{lethe.Errorf(lethe.Denied, "DELETE is not granted, nor on ada").WithHint("grant it")}}
	l.Holders = []erasure.Holder{crm}
	id := l.ask(ada...).ID
	l.approve(id)
	q := l.until(id, erasure.Blocked)
	if !strings.HasPrefix(q.Problem, "crm: DELETE is not granted") || !strings.Contains(q.Problem, "(grant it)") || names([]byte(q.Problem)) {
		t.Errorf("it is blocked because %q", q.Problem)
	}

	l.must(l.Retry(t.Context(), id))
	q = l.until(id, erasure.Reported)
	crm.rename("elsewhere")
	l.approve(id)
	q = l.until(id, erasure.Blocked)
	if !strings.Contains(q.Problem, "crm is configured no more") {
		t.Errorf("it is blocked because %q", q.Problem)
	}

	// Begun anew it is located without it.
	l.must(l.Retry(t.Context(), id))
	l.approve(id)
	l.until(id, erasure.Done)
	if c, text := l.certificate(id); len(c.Holdings) != 1 || c.Holdings[0].Holder != "elsewhere" {
		t.Errorf("certificate: %s", text)
	}
}

// noted is a holder that writes down when it is erased from.
type noted struct {
	*archive
	order *[]string
}

func (n noted) Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	n.mu.Lock()
	*n.order = append(*n.order, n.name)
	n.mu.Unlock()
	return n.archive.Erase(ctx, p)
}

// TestHoldersInOrder: they are erased from in the order in which they are given, and not
// by their names: what leads to results goes after these.
func TestHoldersInOrder(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	var order []string
	names := []string{"results", "history", "index", "files"}
	l.Holders = nil
	for _, name := range names {
		l.Holders = append(l.Holders, noted{&archive{name: name, people: []string{"ada"}}, &order})
	}
	id := l.ask(ada...).ID
	l.approve(id)
	l.until(id, erasure.Done)
	if !slices.Equal(order, names) {
		t.Errorf("it was erased from %q, want %q", order, names)
	}
}
