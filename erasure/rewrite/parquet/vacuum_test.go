package parquet_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
	"lethe/erasure/rewrite/rewritetest"
)

// visit is a row of a table; the zero value is one that its writer left empty.
type visit struct {
	Who  *string  `parquet:"who,dict"`
	Page string   `parquet:"page,dict"` // cannot be null
	N    int64    `parquet:"n"`
	Tags []string `parquet:"tags,list"`
}

func visitOf(who string, n int) visit {
	return visit{&who, fmt.Sprint("page of ", who, n%3), int64(n + 1), slices.Repeat([]string{who}, n%3)}
}

func (v visit) String() string {
	who := "-"
	if v.Who != nil {
		who = *v.Who
	}
	return fmt.Sprint(who, v.Page, v.N, v.Tags)
}

func visits(t *testing.T, b []byte) (rows []string) {
	t.Helper()
	vs, err := pq.Read[visit](bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vs {
		rows = append(rows, v.String())
	}
	return rows
}

// edited carries out a plan.
func edited(t *testing.T, b []byte, p *erasure.Plan, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	after, err := rewritetest.Apply(b, p.Edits)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return after
}

func writeVisits(t *testing.T, rows []visit, group int64, options ...pq.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pq.NewGenericWriter[visit](&b, append(options, pq.MaxRowsPerRowGroup(group), pq.PageBufferSize(300))...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// whose says whose the rows are that a cut is of.
func whose(who string) func([][]string) bool {
	return func(values [][]string) bool { return slices.Contains(values[0], who) }
}

// TestVacuum: of the rows with nothing in them those go that were blanked, after whatever
// was cut out of the file between, and none that its writer left empty.
func TestVacuum(t *testing.T) {
	r := seed(t)
	for round := range 30 {
		rows := make([]visit, 1+r.IntN(400))
		now := make([]string, len(rows)) // "" stands for a row that was blanked
		for i := range rows {
			if r.IntN(5) > 0 {
				rows[i] = visitOf(fmt.Sprint("p", r.IntN(6)), i)
			}
			now[i] = rows[i].String()
		}
		options := []pq.WriterOption{pq.DataPageVersion(1 + r.IntN(2))}
		if r.IntN(2) == 0 {
			options = append(options, pq.KeyValueMetadata("kept", "by a test"))
		}
		b := writeVisits(t, rows, int64(1+r.IntN(300)), options...)
		for range r.IntN(5) {
			who := fmt.Sprint("p", r.IntN(6))
			c := erasure.Cut{Columns: []string{"who"}, Match: whose(who), Mode: erasure.Mode(r.IntN(3)), Dir: t.TempDir(), Traces: []string{who}}
			page := "gone"
			if c.Mode == erasure.Replace {
				c.Replace = map[string]*string{"who": nil, "page": &page}
			}
			p, err := parquet.Format{}.Plan(t.Context(), bytes.NewReader(b), c)
			b = edited(t, b, p, err)
			seen := visits(t, b)
			switch c.Mode {
			case erasure.Delete:
				now = slices.DeleteFunc(now, func(v string) bool { return strings.HasPrefix(v, who) })
			case erasure.Blank:
				for i := range now {
					if strings.HasPrefix(now[i], who) {
						now[i] = ""
					}
				}
			case erasure.Replace:
				for i := range now {
					if strings.HasPrefix(now[i], who) {
						now[i] = seen[i] // what it is then is others' test
					}
				}
			}
		}
		p, err := parquet.Format{}.Vacuum(t.Context(), bytes.NewReader(b), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		blank := int64(0)
		for i, v := range now {
			if v == "" {
				blank++
			}
			if p.Gone(int64(i)) != (v == "") {
				t.Errorf("round %d: row %d, %q, goes: %v", round, i, v, v != "")
			}
		}
		if p.Cut != blank || p.Rows != int64(len(now)) || p.Empty != (blank > 0 && blank == p.Rows) {
			t.Errorf("round %d: %d of %d rows are to go, empty %v; there are %d of %d", round, p.Cut, p.Rows, p.Empty, blank, len(now))
		}
		b = edited(t, b, p, nil)
		if got, want := visits(t, b), slices.DeleteFunc(now, func(v string) bool { return v == "" }); !slices.Equal(got, want) {
			t.Fatalf("round %d: %d rows are left, and should be %d: %q, %q", round, len(got), len(want), got, want)
		}
		honest(t, fmt.Sprint("round ", round), b)
		p, err = parquet.Format{}.Vacuum(t.Context(), bytes.NewReader(b), t.TempDir())
		if err != nil || p.Cut != 0 || len(p.Edits) != 0 {
			t.Errorf("round %d: again: %+v, %v", round, p, err)
		}
	}
}

// TestVacuumOthersRows: what a file says of blank rows is of this file: with other rows it
// means nothing, and a row that holds something stays, whatever is said.
func TestVacuumOthersRows(t *testing.T) {
	rows := []visit{visitOf("ann", 1), {}, visitOf("bob", 2), visitOf("ann", 3), {}}
	b := writeVisits(t, rows, 100)
	p, err := parquet.Format{}.Plan(t.Context(), bytes.NewReader(b), erasure.Cut{Columns: []string{"who"}, Match: whose("ann"), Mode: erasure.Blank, Dir: t.TempDir()})
	b = edited(t, b, p, err)
	f, err := pq.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	said, ok := f.Lookup("lethe.blanked")
	if !ok {
		t.Fatal("the file does not say which rows were blanked")
	}
	// Another program filters rows and copies the metadata.
	copied := writeVisits(t, []visit{{}, visitOf("bob", 2), {}, {}}, 100, pq.KeyValueMetadata("lethe.blanked", said))
	p, err = parquet.Format{}.Vacuum(t.Context(), bytes.NewReader(copied), t.TempDir())
	if err != nil || p.Cut != 0 || len(p.Edits) != 0 {
		t.Errorf("metadata of another file: %+v, %v", p, err)
	}
	// The next cut takes it out.
	p, err = parquet.Format{}.Plan(t.Context(), bytes.NewReader(copied), erasure.Cut{Columns: []string{"who"}, Match: whose("bob"), Mode: erasure.Delete, Dir: t.TempDir()})
	copied = edited(t, copied, p, err)
	if bytes.Contains(copied, []byte("lethe.blanked")) {
		t.Error("metadata of another file stays after a cut")
	}
	for _, text := range []string{"", "1", "2 x AQE=", said + " x", strings.Replace(said, "1 ", "1 0", 1)} {
		p, err := parquet.Format{}.Vacuum(t.Context(), bytes.NewReader(writeVisits(t, rows, 100, pq.KeyValueMetadata("lethe.blanked", text))), t.TempDir())
		if err != nil || p.Cut != 0 {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
	for n := range rows {
		p, err := parquet.Format{}.Vacuum(t.Context(), bytes.NewReader(parquet.SayBlanked(t, writeVisits(t, rows, 3), int64(n))), t.TempDir())
		switch {
		case n == 1 || n == 4:
			if err != nil || p.Cut != 1 || p.Close() != nil {
				t.Errorf("row %d: %+v, %v", n, p, err)
			}
		case !lethe.Is(err, lethe.BadData):
			t.Errorf("row %d holds something: %+v, %v", n, p, err)
		}
	}
	if p, err := (parquet.Format{}).Vacuum(t.Context(), bytes.NewReader(parquet.SayBlanked(t, writeVisits(t, rows, 3), 9)), t.TempDir()); err != nil || p.Cut != 0 {
		t.Errorf("a row that is not there: %+v, %v", p, err)
	}
}
