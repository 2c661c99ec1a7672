package erasure_test

import (
	"testing"
	"time"

	"lethe/erasure"
)

// TestStops: a request says when it came to each stop, and whether somebody is told.
func TestStops(t *testing.T) {
	l, _ := mailed(t)
	q, err := l.AskAndTell(as("officer"), ada, erasure.Contacts{Person: "person@example.net"})
	l.must(err)
	q = l.until(q.ID, erasure.Reported)
	if !q.ContactGiven || q.RequesterGiven || !q.Stops.Approved.IsZero() {
		t.Errorf("reported: %+v", q)
	}
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	q = l.until(q.ID, erasure.Done)
	if !q.Stops.Told.IsZero() {
		t.Errorf("told before the letter: %+v", q.Stops)
	}
	l.deliver()
	q, err = l.Request(t.Context(), q.ID)
	l.must(err)
	s := q.Stops
	last := q.Made
	for i, at := range []time.Time{s.Asked, s.Located, s.Reported, s.Approved, s.Erased, s.Verified, s.Told} {
		if at.IsZero() || at.Before(last) {
			t.Errorf("stop %d is at %s, after %s", i, at, last)
		}
		last = at
	}
	// Nobody is told who gave no address, and that can be seen.
	q = l.until(l.ask(erasure.Named{Type: "user_id", Values: []string{"bob"}}).ID, erasure.Reported)
	l.decide(q.ID, "boss", erasure.Decision{Digest: q.Digest, Reason: "no"})
	l.until(q.ID, erasure.Rejected)
	l.deliver()
	if q, err = l.Request(t.Context(), q.ID); err != nil || q.ContactGiven || !q.Stops.Told.IsZero() || !q.Stops.Approved.IsZero() {
		t.Errorf("%+v, %v", q, err)
	}
}
