package own

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"lethe"
	"lethe/dash"
	"lethe/erasure"
)

// kept are extracts, whose rows begin with the names of their columns.
type kept struct {
	files   []dash.ExtractFile
	rows    map[string][][]string
	damaged map[string]bool
	texts   []string
	settled int
}

func (k *kept) add(id string, made time.Time, rows ...[]string) {
	k.files = append(k.files, dash.ExtractFile{ID: id, DataSet: "set", Made: made})
	k.rows[id] = rows
}

func (k *kept) ids() (all []string) {
	for _, f := range k.files {
		all = append(all, f.ID)
	}
	return all
}

func (k *kept) Settle(context.Context) error { k.settled++; return nil }

func (k *kept) RedactTexts(_ context.Context, dry bool, f func(string) string) (n int64, err error) {
	for i, t := range k.texts {
		if v := f(t); v != t {
			n++
			if !dry {
				k.texts[i] = v
			}
		}
	}
	return n, nil
}

func (k *kept) Extracts(context.Context) iter.Seq2[dash.ExtractFile, error] {
	return func(yield func(dash.ExtractFile, error) bool) {
		for _, f := range append(slices.Clone(k.files), dash.ExtractFile{ID: "gone"}) {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (k *kept) Rows(_ context.Context, f dash.ExtractFile) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		if k.damaged[f.ID] {
			yield(nil, lethe.Errorf(lethe.BadData, "it is damaged"))
			return
		}
		rows, ok := k.rows[f.ID]
		if !ok {
			yield(nil, lethe.Errorf(lethe.NotFound, "it is gone"))
		}
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (k *kept) EraseExtract(_ context.Context, f dash.ExtractFile) error {
	k.files = slices.DeleteFunc(k.files, func(x dash.ExtractFile) bool { return x.ID == f.ID })
	return nil
}

func newKept(l *lake) *kept {
	k := &kept{rows: map[string][][]string{}, damaged: map[string]bool{}}
	l.config.Extracts = k
	for _, h := range Holders(l.config) {
		l.holders[h.Name()] = h
	}
	return k
}

// TestExtracts: an extract that a person is in goes whole; one that cannot be read does, too.
func TestExtracts(t *testing.T) {
	l := newLake(t)
	k := newKept(l)
	now := time.Now()
	k.add("others", now, []string{"id", "mail"}, []string{"u22", "eve@example.org"}, []string{"", ""})
	k.add("word", now, []string{"note"}, []string{"nobody"}, []string{"call u2, please"})
	k.add("value", now, []string{"n", "mail"}, []string{"1", "ADA@Example.org"})
	k.add("parts", now, []string{"first", "last"}, []string{"Ada", "Lovelace"})
	k.add("apart", now, []string{"first", "last"}, []string{"Ada", "Byron"}, []string{"Eve", "Lovelace"})
	k.add("named", now, []string{"u2"}, []string{"1"})
	k.add("broken", now)
	k.damaged["broken"] = true
	k.texts = []string{"u2 is no number"}
	who := testPerson(t, ada...)
	for _, name := range []string{"extracts", "extract history"} {
		h := l.holders[name]
		want := map[string]string{"extracts": "extracts of data sets 5", "extract history": "refreshes 1"}[name]
		for _, f := range []func(context.Context, erasure.Person) ([]erasure.Holding, error){h.Locate, h.Erase} {
			hs, err := f(t.Context(), who)
			if err != nil || len(hs) != 1 || fmt.Sprint(hs[0].Place, " ", hs[0].Records) != want {
				t.Errorf("%s: %+v, %v; want %s", name, hs, err, want)
			}
		}
		if hs, err := h.Locate(t.Context(), who); err != nil || len(hs) != 0 {
			t.Errorf("%s, afterwards: %+v, %v", name, hs, err)
		}
	}
	if got := k.ids(); !slices.Equal(got, []string{"others", "apart"}) || k.settled != 2 {
		t.Errorf("left are %q, and it was waited %d times", got, k.settled)
	}
}

// TestSweepExtracts: extracts that were made after somebody was erased lose them.
func TestSweepExtracts(t *testing.T) {
	l := newLake(t)
	k := newKept(l)
	s := suppressing(t, ada...)
	l.must(s.PutMapping(t.Context(), erasure.Mapping{Name: "people", Location: "s3://lake/people/", Format: "csv", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"buyer.id"}}}}))
	since := time.Now()
	k.add("before", since.Add(-time.Hour), []string{"mail"}, []string{"ada@example.org"})
	k.add("telling", since.Add(time.Second), []string{"x"}, []string{"ada@example.org"})
	k.add("column", since.Add(time.Second), []string{"n", "ID"}, []string{"1", "u2"})
	k.add("chance", since.Add(time.Second), []string{"n", "x"}, []string{"1", "u2"})
	k.add("broken", since.Add(time.Second))
	k.damaged["broken"] = true
	k.texts = []string{"of ada@example.org"}
	did, err := Sweep(t.Context(), l.config, s, since)
	if err != nil || did != (Swept{Extracts: 2, Texts: 1}) {
		t.Errorf("it did %+v, %v", did, err)
	}
	if got := k.ids(); !slices.Equal(got, []string{"before", "chance", "broken"}) {
		t.Errorf("left are %q", got)
	}
}
