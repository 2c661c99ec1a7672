package erasure_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/erasure"
)

// heard is a holder that counts how often it is asked where a person is.
type heard struct {
	*archive
	asked atomic.Int64
}

func (h *heard) Locate(ctx context.Context, p erasure.Person) ([]erasure.Holding, error) {
	h.asked.Add(1)
	return h.archive.Locate(ctx, p)
}

// TestHoldersAreAskedOnce: the report has what was found when the request was located,
// by the holds of its own time.
func TestHoldersAreAskedOnce(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers)
	crm := &heard{archive: &archive{name: "crm", people: []string{"ada", "ada"}}}
	l.Holders = []erasure.Holder{crm}
	q := l.until(l.ask(ada...).ID, erasure.Reported)
	if n := crm.asked.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	raw, err := l.ReportOf(t.Context(), q.ID)
	l.must(err)
	if !strings.Contains(string(raw), `"crm"`) || !strings.Contains(string(raw), `"records": 2`) {
		t.Errorf("the report: %s", raw)
	}
}

// TestVerifyAsksHolders: who comes back into a database is found by whoever verifies the
// certificate with the identifiers, and by nobody else, which the check says.
func TestVerifyAsksHolders(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	crm := &archive{name: "crm", people: []string{"ada", "bob"}, kept: 2}
	l.Holders = []erasure.Holder{crm}
	id := l.ask(ada...).ID
	l.approve(id)
	l.until(id, erasure.Done)
	signed, err := l.CertificateOf(t.Context(), id)
	l.must(err)
	check, err := l.VerifyCertificate(t.Context(), signed)
	l.must(err)
	if check.Asked != 0 || !slices.Equal(check.NotAsked, []string{"crm"}) || check.Found != 0 {
		t.Errorf("without identifiers: %+v", check)
	}
	check, err = l.VerifyCertificate(t.Context(), signed, ada...)
	l.must(err)
	if check.Asked != 1 || len(check.NotAsked) != 0 || len(check.Places) != 0 || check.Exceptions != 1 {
		t.Errorf("with them: %+v", check)
	}
	crm.mu.Lock()
	crm.people = append(crm.people, "ada")
	crm.mu.Unlock()
	check, err = l.VerifyCertificate(t.Context(), signed, ada...)
	l.must(err)
	if len(check.Places) != 1 || check.Places[0].Holder != "crm" || check.Places[0].Records != 1 {
		t.Errorf("when she is back: %+v", check)
	}
	other := []erasure.Named{ada[0], {Type: "mail", Values: []string{"bob@example.org"}}}
	for name, given := range map[string][]erasure.Named{"one too few": ada[:1], "another": other, "one too many": append(slices.Clone(ada), other[1])} {
		if _, err := l.VerifyCertificate(t.Context(), signed, given...); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
