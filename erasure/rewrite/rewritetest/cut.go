package rewritetest

import (
	"bytes"
	"context"
	"os"
	"slices"
	"testing"

	"lethe/erasure"
	"lethe/object"
)

// targets chooses people, the columns to look for them, and how they match.
func (u *under) targets(people []person) (columns []string, match func([][]string) bool, names []string) {
	columns = u.some(u.columns(true))
	n := u.r.IntN(1 + min(4, len(people)))
	who := map[string]bool{}
	for range n {
		p := people[u.r.IntN(len(people))]
		for _, c := range Columns[:5] {
			for _, v := range p.row().Values(c) {
				who[v] = true
				names = append(names, v)
			}
		}
	}
	return columns, func(values [][]string) bool {
		return slices.ContainsFunc(values, func(vs []string) bool {
			return slices.ContainsFunc(vs, func(v string) bool { return who[v] })
		})
	}, names
}

// row is a row with all of a person's identifiers.
func (p person) row() Row {
	return Row{User: &p.user, Number: &p.number, UUID: &p.uuid, Buyer: &p.buyer, Friends: []string{p.friend}}
}

// values of a row's columns, as Match gets them.
func (r Row) all(columns []string) [][]string {
	out := make([][]string, len(columns))
	for i, c := range columns {
		out[i] = r.Values(c)
	}
	return out
}

func text(s string) *string { return &s }

// replacements chooses new values, by column.
func (u *under) replacements(identifying []string) map[string]*string {
	of := map[string]*string{"user_id": text("erased, \"x\""), "number": text("0"), "uuid": text("00000000-0000-0000-0000-000000000000"),
		"buyer.id": text("é"), "friends": text("nobody"), "note": text("")}
	if u.r.IntN(2) == 0 {
		of["note"] = text("gone")
	}
	out := map[string]*string{}
	// All identifying columns, so that the person is not found again.
	for _, c := range append(slices.Clone(identifying), u.some(u.columns(false))...) {
		if out[c] = of[c]; u.r.IntN(2) == 0 || c == "note" && *of[c] == "" {
			out[c] = nil
		}
	}
	return out
}

// trial is one cut of one object.
type trial struct {
	rows []Row
	obj  []byte
	cut  erasure.Cut
	hit  []bool
	// stays says that rows of the same people stay, so that what names them does.
	stays bool
}

func (u *under) trial(t testing.TB, mode erasure.Mode) *trial {
	x := &trial{}
	var people []person
	x.rows, people = u.rows(u.r.IntN(300))
	x.obj = u.Write(t, u.r, x.rows)
	x.cut = erasure.Cut{Mode: mode, Dir: t.TempDir()}
	x.cut.Columns, x.cut.Match, x.cut.Traces = u.targets(people)
	if mode == erasure.Replace {
		x.cut.Replace = u.replacements(x.cut.Columns)
	}
	for _, r := range x.rows {
		x.hit = append(x.hit, x.cut.Match(r.all(x.cut.Columns)))
	}
	return x
}

// want are the rows after the cut; nil stands for a blanked one.
func (x *trial) want() (out []*Row) {
	for i, r := range x.rows {
		if x.hit[i] {
			switch x.cut.Mode {
			case erasure.Delete:
				continue
			case erasure.Blank:
				out = append(out, nil)
				continue
			}
			for c, v := range x.cut.Replace {
				r = r.with(c, v)
			}
		}
		out = append(out, &r)
	}
	return out
}

// plan plans, checks the plan's figures, and applies and closes it.
func plan(t testing.TB, f erasure.Format, obj []byte, c erasure.Cut) (*erasure.Plan, []byte) {
	t.Helper()
	src := &counted{Content: bytes.NewReader(obj)}
	p, err := f.Plan(context.Background(), src, c)
	if err != nil {
		t.Fatal(err)
	}
	if read := src.read.Load(); p.Read != read {
		t.Errorf("the plan says that it read %d bytes; it read %d", p.Read, read)
	}
	var written int64
	for _, e := range p.Edits {
		written += e.NewLen()
	}
	if p.Written != written {
		t.Errorf("the plan says that it writes %d bytes; it writes %d", p.Written, written)
	}
	out, err := Apply(obj, p.Edits)
	if err != nil {
		t.Fatalf("applying the edits: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("closing the plan: %v", err)
	}
	left, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("the closed plan left %s in its directory", left[0].Name())
	}
	return p, out
}

// testCut: what matches is gone, all else is as it was, and a second cut finds
// nothing.
func testCut(t *testing.T, u *under, mode erasure.Mode) {
	f := u.New()
	cuts := 0
	for range u.Rounds {
		x := u.trial(t, mode)
		p, out := plan(t, f, x.obj, x.cut)
		x.check(t, u, f, p, out)
		if t.Failed() {
			t.FailNow()
		}
		cuts += int(p.Cut)
		again, same := plan(t, f, out, x.cut)
		if again.Cut != 0 || len(again.Edits) != 0 || !bytes.Equal(out, same) {
			t.Fatalf("a second cut took out %d records with %d edits", again.Cut, len(again.Edits))
		}
	}
	if cuts == 0 && u.Rounds > 10 {
		t.Errorf("no record was cut in any of %d objects", u.Rounds)
	}
}

func (x *trial) check(t testing.TB, u *under, f erasure.Format, p *erasure.Plan, out []byte) {
	t.Helper()
	hits := int64(0)
	for _, h := range x.hit {
		if h {
			hits++
		}
	}
	if p.Cut != hits || p.Rows != int64(len(x.rows)) && p.Rows != -1 {
		t.Errorf("the plan cuts %d of %d records, not %d of %d", p.Cut, p.Rows, hits, len(x.rows))
	}
	if hits == 0 && (len(p.Edits) != 0 || p.Empty) {
		t.Errorf("nothing matched, and the plan has %d edits, empty %v", len(p.Edits), p.Empty)
	}
	if x.cut.Mode == erasure.Delete && x.cut.Marks == nil && p.Empty != (hits > 0 && hits == int64(len(x.rows))) {
		t.Errorf("%d of %d records were taken out, and empty is %v", hits, len(x.rows), p.Empty)
	}
	want := x.want()
	if len(want) > 0 || !p.Empty { // what is said to be empty goes as a whole
		columns := u.columns(false)
		got, err := read(f, bytes.NewReader(out), columns, nil)
		if err != nil {
			t.Fatalf("reading the result: %v", err)
		}
		if len(got) != len(want) {
			t.Fatalf("the result has %d records, not %d", len(got), len(want))
		}
		for i, r := range got {
			if want[i] == nil {
				for j, v := range r.Values {
					if len(v) > 0 {
						t.Fatalf("the blanked record %d has %s %q", i, columns[j], v)
					}
				}
				continue
			}
			same(t, r, *want[i], columns)
		}
		if u.Lines {
			x.checkBytes(t, f, got, out)
		}
	}
	if !x.stays {
		x.checkTraces(t, u, want, out)
	}
}

// checkBytes: the records that did not match are there byte for byte.
func (x *trial) checkBytes(t testing.TB, f erasure.Format, got []erasure.Record, out []byte) {
	t.Helper()
	old, err := read(f, bytes.NewReader(x.obj), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for i, r := range old {
		if !x.hit[i] {
			if a, b := x.obj[r.Off:r.Off+r.Len], out[got[at].Off:got[at].Off+got[at].Len]; !bytes.Equal(a, b) {
				t.Fatalf("record %d was %q and is %q", i, a, b)
			}
		} else if x.cut.Mode == erasure.Delete {
			continue
		}
		at++
	}
}

// checkTraces: what was only in values that went is nowhere in the object.
func (x *trial) checkTraces(t testing.TB, u *under, want []*Row, out []byte) {
	t.Helper()
	forms := [][]byte{out}
	if u.Inside != nil {
		forms = append(forms, u.Inside(t, out)...)
	}
	type value struct{ column, text string }
	kept := map[value]bool{}
	for _, r := range want {
		if r == nil {
			continue
		}
		for _, c := range Columns {
			for _, v := range r.Values(c) {
				kept[value{c, v}] = true
			}
		}
	}
	gone := map[value]bool{}
	for i, r := range x.rows {
		if !x.hit[i] {
			continue
		}
		for _, c := range u.columns(false) {
			for _, v := range r.Values(c) {
				if !kept[value{c, v}] {
					gone[value{c, v}] = true
				}
			}
		}
	}
	for v := range gone {
		shown := v.text
		if v.column == "user_id" || v.column == "buyer.id" || v.column == "note" {
			shown = shown[:18] // without what formats escape
		}
		for _, b := range traces(v.column, shown) {
			for i, form := range forms {
				if at := bytes.Index(form, b); at >= 0 {
					t.Fatalf("%s %q is still at %d in form %d of the object", v.column, v.text, at, i)
				}
			}
		}
	}
}

func testNoMatch(t *testing.T, u *under) {
	f := u.New()
	rows, _ := u.rows(100)
	obj := u.Write(t, u.r, rows)
	for _, mode := range []erasure.Mode{erasure.Delete, erasure.Blank, erasure.Replace} {
		p, out := plan(t, f, obj, erasure.Cut{Columns: u.columns(true), Match: func([][]string) bool { return false }, Mode: mode,
			Replace: map[string]*string{"user_id": nil}, Traces: []string{"u-nobody"}, Dir: t.TempDir()})
		if p.Cut != 0 || len(p.Edits) != 0 || p.Empty || !bytes.Equal(out, obj) {
			t.Errorf("nothing matched, and the plan of mode %d cuts %d records with %d edits, empty %v", mode, p.Cut, len(p.Edits), p.Empty)
		}
	}
}

// testAll: where everything matches, the object is said to be empty.
func testAll(t *testing.T, u *under) {
	f := u.New()
	for range 5 {
		rows, _ := u.rows(1 + u.r.IntN(100))
		obj := u.Write(t, u.r, rows)
		p, _ := plan(t, f, obj, erasure.Cut{Columns: u.columns(true), Match: func([][]string) bool { return true }, Dir: t.TempDir()})
		if !p.Empty || p.Cut != int64(len(rows)) || p.Rows != p.Cut {
			t.Errorf("%d of %d records were cut of %d, empty %v", p.Cut, p.Rows, len(rows), p.Empty)
		}
	}
}

// testOnlyRows: records that are not among Rows stay, whatever they hold, and
// those among them go only if they match.
func testOnlyRows(t *testing.T, u *under) {
	f := u.New()
	for range u.Rounds {
		x := u.trial(t, erasure.Mode(u.r.IntN(2)))
		x.cut.Rows = u.pick(len(x.rows))
		for i := range x.hit {
			x.hit[i] = x.hit[i] && slices.Contains(x.cut.Rows, int64(i))
		}
		p, out := plan(t, f, x.obj, x.cut)
		x.stays = true
		x.check(t, u, f, p, out)
	}
}

// testMarks: with marks the same is cut, and less is read.
func testMarks(t *testing.T, u *under) {
	if !u.Lines {
		return // its records have no place of their own, and it takes no marks
	}
	f := u.New()
	for range u.Rounds {
		x := u.trial(t, erasure.Delete)
		x.cut.Rows = []int64{}
		for i, h := range x.hit {
			if h {
				x.cut.Rows = append(x.cut.Rows, int64(i))
			}
		}
		var marks []erasure.Mark
		all, err := read(f, bytes.NewReader(x.obj), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if u.r.IntN(5) == 0 {
				marks = append(marks, erasure.Mark{Row: r.Row, Off: r.Off})
			}
		}
		marks = append(marks, erasure.Mark{Row: int64(len(all)), Off: int64(len(x.obj))})
		x.cut.Marks = marks
		p, out := plan(t, f, x.obj, x.cut)
		if p.Rows != int64(len(x.rows)) {
			t.Errorf("with marks to the end the plan counts %d of %d records", p.Rows, len(x.rows))
		}
		x.check(t, u, f, p, out)
		if len(marks) > 1 {
			wrong := slices.Clone(x.cut.Marks)
			wrong[0].Off++
			x.cut.Marks = wrong
			if q, err := f.Plan(context.Background(), bytes.NewReader(x.obj), x.cut); err == nil {
				if _, _, err := object.Edits(int64(len(x.obj)), q.Edits); err != nil {
					t.Error(err)
				}
				q.Close()
			}
		}
	}
}
