package rewritetest

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"lethe/erasure"
	"lethe/object"
)

// read reads records, with copies of their values.
func read(f erasure.Format, src object.Content, columns []string, rows []int64) (out []erasure.Record, err error) {
	for r, err := range f.Records(context.Background(), src, columns, rows) {
		if err != nil {
			return out, err
		}
		r.Values = slices.Clone(r.Values)
		for i := range r.Values {
			r.Values[i] = slices.Clone(r.Values[i])
		}
		out = append(out, r)
	}
	return out, nil
}

// same checks that a record holds a row.
func same(t testing.TB, r erasure.Record, row Row, columns []string) {
	t.Helper()
	if len(r.Values) != len(columns) {
		t.Fatalf("record %d has values of %d columns, not %d", r.Row, len(r.Values), len(columns))
	}
	for i, c := range columns {
		if want := row.Values(c); !slices.Equal(r.Values[i], want) {
			t.Fatalf("record %d has %s %q, not %q", r.Row, c, r.Values[i], want)
		}
	}
	if r.Unreadable {
		t.Fatalf("record %d cannot be read", r.Row)
	}
}

// some picks columns, in any order.
func (u *under) some(columns []string) []string {
	c := slices.Clone(columns)
	u.r.Shuffle(len(c), func(i, j int) { c[i], c[j] = c[j], c[i] })
	return c[:1+u.r.IntN(len(c))]
}

func testRecords(t *testing.T, u *under) {
	f := u.New()
	for range u.Rounds {
		rows, _ := u.rows(u.r.IntN(300))
		obj := u.Write(t, u.r, rows)
		columns := u.some(u.columns(false))
		got, err := read(f, bytes.NewReader(obj), columns, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(rows) {
			t.Fatalf("%d rows were written and %d records read", len(rows), len(got))
		}
		var end int64
		for i, r := range got {
			if r.Row != int64(i) {
				t.Fatalf("record %d has number %d", i, r.Row)
			}
			same(t, r, rows[i], columns)
			if !u.Lines {
				continue
			}
			if r.Len <= 0 || r.Off < end || r.Off+r.Len > int64(len(obj)) {
				t.Fatalf("record %d is said to be the %d bytes at %d of %d; the one before ends at %d", i, r.Len, r.Off, len(obj), end)
			}
			end = r.Off + r.Len
			if n := rows[i].Note; n != nil && !bytes.Contains(obj[r.Off:end], []byte((*n)[:18])) {
				t.Fatalf("the bytes of record %d do not hold its note: %q", i, obj[r.Off:end])
			}
		}
	}
}

// pick chooses some numbers below n, and a few beyond.
func (u *under) pick(n int) []int64 {
	out := []int64{}
	for range u.r.IntN(10) {
		out = append(out, u.r.Int64N(int64(n)+3))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func testRecordsOfRows(t *testing.T, u *under) {
	f := u.New()
	for range u.Rounds {
		rows, _ := u.rows(1 + u.r.IntN(300))
		obj := u.Write(t, u.r, rows)
		columns := u.some(u.columns(false))
		want := u.pick(len(rows))
		got, err := read(f, bytes.NewReader(obj), columns, want)
		if err != nil {
			t.Fatal(err)
		}
		want = slices.DeleteFunc(want, func(i int64) bool { return i >= int64(len(rows)) })
		if len(got) != len(want) {
			t.Fatalf("records %v were asked for and %d read", want, len(got))
		}
		for i, r := range got {
			if r.Row != want[i] {
				t.Fatalf("record %d was read, not %d", r.Row, want[i])
			}
			same(t, r, rows[r.Row], columns)
		}
	}
}

func testRecordsStop(t *testing.T, u *under) {
	rows, _ := u.rows(50)
	obj := u.Write(t, u.r, rows)
	n := 0
	for _, err := range u.New().Records(context.Background(), bytes.NewReader(obj), u.columns(false), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Fatalf("%d records were read before the fifth", n)
	}
}
