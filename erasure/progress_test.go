package erasure_test

import (
	"testing"

	"lethe"
	"lethe/erasure"
)

func TestProgress(t *testing.T) {
	l := newPeople(t, "blank")
	l.write("reviews/ada/1.json", hers, somebody)
	l.write("reviews/2.json", hers)
	l.build()
	r := l.until(l.ask(erasure.Named{Type: "user_id", Values: []string{"ada"}}).ID, erasure.Reported)

	p, err := l.Progress(t.Context(), r.ID, 1)
	l.must(err)
	if p.Objects != 2 || p.Erased != 0 || len(p.Keys) != 1 || p.Keys[0].Erased {
		t.Errorf("before the decision: %+v", p)
	}
	p, err = l.Progress(t.Context(), r.ID, 10)
	l.must(err)
	for _, k := range p.Keys {
		if names([]byte(k.Key)) {
			t.Errorf("the key names the person: %s", k.Key)
		}
	}

	l.decide(r.ID, "boss", erasure.Decision{Approve: true, Digest: r.Digest})
	l.decide(r.ID, "counsel", erasure.Decision{Approve: true, Digest: r.Digest})
	l.until(r.ID, erasure.Done)
	if _, err := l.Progress(t.Context(), r.ID, 10); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("of a closed request: %v", err)
	}
	if _, err := l.Progress(t.Context(), "none", 10); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("of no request: %v", err)
	}
}
