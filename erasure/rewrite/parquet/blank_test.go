package parquet_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
	"lethe/erasure/rewrite/rewritetest"
)

// TestBlankRequired: columns that cannot be null are zero in a row that was blanked, also
// where pages refer to a dictionary, which has no zero and whose first value may be the
// person's.
func TestBlankRequired(t *testing.T) {
	type row struct {
		ID    string   `parquet:"id,dict"`
		Owes  int64    `parquet:"owes,dict"`
		Sum   float64  `parquet:"sum,dict"`
		Token [16]byte `parquet:"token,dict"`
		When  [12]byte `parquet:"when,dict"`
		Tags  []string `parquet:"tags,list,dict"`
		Inner struct {
			Zip string `parquet:"zip,dict"`
		} `parquet:"inner"`
	}
	of := func(name string, n byte) (x row) {
		x.ID, x.Owes, x.Sum, x.Tags, x.Inner.Zip = name+"@example.org", int64(n), float64(n), []string{name}, "zip of "+name
		copy(x.Token[:], name+" has a token")
		copy(x.When[:], name+" was here")
		return x
	}
	for at, rows := range [][]row{
		{of("ann", 7), of("bob", 9), of("ann", 8)},
		{of("bob", 9), of("ann", 7), of("cyd", 5)},
		{of("ann", 7)},
	} {
		for version := 1; version <= 2; version++ {
			var b bytes.Buffer
			w := pq.NewGenericWriter[row](&b, pq.DataPageVersion(version), pq.BloomFilters(pq.SplitBlockFilter(10, "id")))
			if _, err := w.Write(rows); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			p, err := parquet.Format{}.Plan(context.Background(), bytes.NewReader(b.Bytes()), erasure.Cut{Columns: []string{"id"}, Match: isAnn, Mode: erasure.Blank, Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			after, err := rewritetest.Apply(b.Bytes(), p.Edits)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			for i, part := range append(inside(t, after), after) {
				if bytes.Contains(part, []byte("ann")) {
					t.Errorf("case %d, v%d: the person is in part %d of the file", at, version, i)
				}
			}
			got, err := pq.Read[row](bytes.NewReader(after), int64(len(after)))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range rows {
				if want.ID == "ann@example.org" {
					want = row{}
				}
				if g := got[i]; g.ID != want.ID || g.Owes != want.Owes || g.Sum != want.Sum || g.Token != want.Token || g.When != want.When || g.Inner != want.Inner || !slices.Equal(g.Tags, want.Tags) {
					t.Errorf("case %d, v%d: row %d is %+v, not %+v", at, version, i, g, want)
				}
			}
		}
	}
}
