package erasure_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/object"
)

// doubter is a second reader that says what it is told to.
type doubter struct {
	asked   atomic.Int64
	records int64
	values  [][]string
	errs    []error // of the first times
}

func (d *doubter) Read(_ context.Context, s erasure.Stored, _ object.Content, columns []string, f func([][]string)) (int64, error) {
	n := d.asked.Add(1)
	if s.Table.Name != "reviews" || len(columns) != 5 {
		return 0, errors.New("it was asked for something else")
	}
	if int(n) <= len(d.errs) {
		return 0, d.errs[n-1]
	}
	if d.values != nil {
		f(d.values)
	}
	return d.records, nil
}

func (d *doubter) Sequence(context.Context, erasure.Stored, object.Content) (erasure.Sequence, error) {
	return erasure.Sequence{}, errors.New("nothing is vacuumed here")
}

// TestSecondReader: what two readers disagree about blocks the request.
func TestSecondReader(t *testing.T) {
	for name, c := range map[string]struct {
		reader  *doubter
		problem string // "" if the request is done
	}{
		"agrees":             {&doubter{records: 1, values: [][]string{{"bob"}, nil, nil, nil, nil}}, ""},
		"does not count":     {&doubter{records: -1}, ""},
		"does not read it":   {&doubter{errs: []error{lethe.Errorf(lethe.Unsupported, "no")}}, ""},
		"finds the person":   {&doubter{records: 1, values: [][]string{{"ada"}, nil, nil, nil, nil}}, "another reader finds 1 records of the person"},
		"counts otherwise":   {&doubter{records: 2}, "another reader finds 2 records in it, and not 1"},
		"finds it damaged":   {&doubter{errs: []error{lethe.Errorf(lethe.Invalid, "it ends early")}}, "another reader cannot read what was left of it: it ends early"},
		"a store that fails": {&doubter{records: 1, errs: []error{errors.New("503"), errors.New("503")}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newPeople(t, "")
			l.SecondReader = c.reader
			l.write("reviews/1.json", hers, somebody)
			q := l.until(l.ask(ada...).ID, erasure.Reported)
			l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
			l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
			if c.problem == "" {
				l.until(q.ID, erasure.Done)
			} else if q = l.until(q.ID, erasure.Blocked); !strings.Contains(q.Problem, c.problem) {
				t.Errorf("it is blocked because %q", q.Problem)
			}
			if c.reader.asked.Load() == 0 {
				t.Error("it was not asked")
			}
		})
	}
}
