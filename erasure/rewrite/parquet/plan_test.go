package parquet_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
	"lethe/erasure/rewrite/rewritetest"
)

// people are three rows: of ann, bob and ann.
type people struct {
	ID    string   `parquet:"id"`
	Name  *string  `parquet:"name,optional"`
	Born  int32    `parquet:"born,date"`
	Owes  int64    `parquet:"owes,decimal(2:18)"`
	Seen  int64    `parquet:"seen,timestamp(microsecond)"`
	Raw   []byte   `parquet:"raw"`
	Marks []string `parquet:"marks,list"`
}

func threePeople(t *testing.T, o ...pq.WriterOption) []byte {
	t.Helper()
	ann, bob := "Ann", "Bob"
	rows := []people{
		{ID: "ann@example.org", Name: &ann, Born: 3653, Owes: -105, Seen: 1_700_000_000_123_456, Raw: []byte{0, 0xff}, Marks: []string{"a", "b"}},
		{ID: "bob@example.org", Name: &bob, Born: -1, Owes: 7, Raw: []byte("cafe")},
		{ID: "ann@example.org", Name: nil, Born: 0, Owes: 123456, Raw: []byte{}},
	}
	var b bytes.Buffer
	w := pq.NewGenericWriter[people](&b, o...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func isAnn(v [][]string) bool { return slices.Contains(v[0], "ann@example.org") }

func all(t *testing.T, b []byte, columns ...string) (out [][][]string) {
	t.Helper()
	for r, err := range (parquet.Format{}).Records(context.Background(), bytes.NewReader(b), columns, nil) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Values)
	}
	return out
}

func TestValues(t *testing.T) {
	got := all(t, threePeople(t), "born", "owes", "seen", "raw", "MARKS", "marks.list.element", "absent")
	want := [][][]string{
		{{"1980-01-02"}, {"-1.05"}, {"2023-11-14T22:13:20.123456Z"}, {"00ff"}, {"a", "b"}, {"a", "b"}, nil},
		{{"1969-12-31"}, {"0.07"}, {"1970-01-01T00:00:00Z"}, {"cafe", "63616665"}, nil, nil, nil},
		{{"1970-01-01"}, {"1234.56"}, {"1970-01-01T00:00:00Z"}, {"", ""}, nil, nil, nil},
	}
	for i := range want {
		if !slices.EqualFunc(got[i], want[i], slices.Equal) {
			t.Errorf("row %d is %q, not %q", i, got[i], want[i])
		}
	}
}

func TestReplace(t *testing.T) {
	b := threePeople(t, pq.Compression(&pq.Zstd))
	text := func(s string) *string { return &s }
	plan := func(replace map[string]*string) (*erasure.Plan, error) {
		return parquet.Format{}.Plan(context.Background(), bytes.NewReader(b), erasure.Cut{Columns: []string{"id"}, Match: isAnn, Mode: erasure.Replace, Replace: replace, Dir: t.TempDir()})
	}
	p, err := plan(map[string]*string{"id": text("somebody"), "name": nil, "born": text("2000-02-29"), "owes": text("0.5"), "seen": text("2001-02-03T04:05:06Z"), "marks": text("x"), "absent": nil})
	if err != nil {
		t.Fatal(err)
	}
	after, err := rewritetest.Apply(b, p.Edits)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := all(t, after, "id", "name", "born", "owes", "seen", "marks")
	want := [][][]string{
		{{"somebody"}, nil, {"2000-02-29"}, {"0.50"}, {"2001-02-03T04:05:06Z"}, {"x", "x"}},
		{{"bob@example.org"}, {"Bob"}, {"1969-12-31"}, {"0.07"}, {"1970-01-01T00:00:00Z"}, nil},
		{{"somebody"}, nil, {"2000-02-29"}, {"0.50"}, {"2001-02-03T04:05:06Z"}, nil},
	}
	for i := range want {
		if !slices.EqualFunc(got[i], want[i], slices.Equal) {
			t.Errorf("row %d is %q, not %q", i, got[i], want[i])
		}
	}
	for column, value := range map[string]*string{"id": nil, "marks": nil, "born": text("yesterday"), "owes": text("1.234")} {
		_, err := plan(map[string]*string{column: value})
		if !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "column "+column) {
			t.Errorf("replacing %s: %v", column, err)
		}
	}
}

func TestMetadata(t *testing.T) {
	const trace = "ann@example.org"
	b := threePeople(t, pq.KeyValueMetadata("kept", "the key of nobody"), pq.KeyValueMetadata("owner", "mailto:Ann@Example.org"),
		pq.KeyValueMetadata("schema", base64.StdEncoding.EncodeToString([]byte("\x00\x01"+trace+"\x02"))),
		pq.KeyValueMetadata("geo", `{"version":"1.1.0","columns":{"raw":{"encoding":"WKB","bbox":[1.5,2,3,4]}}}`))
	for _, match := range []func([][]string) bool{isAnn, func([][]string) bool { return false }} {
		p, err := parquet.Format{}.Plan(context.Background(), bytes.NewReader(b), erasure.Cut{Columns: []string{"id"}, Match: match, Traces: []string{trace}, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		after, err := rewritetest.Apply(b, p.Edits)
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		f, err := pq.OpenFile(bytes.NewReader(after), int64(len(after)))
		if err != nil {
			t.Fatal(err)
		}
		for key, there := range map[string]bool{"kept": true, "owner": false, "schema": false, "geo": true} {
			v, ok := f.Lookup(key)
			if ok != there {
				t.Errorf("%d rows cut: the key %s is there: %v", p.Cut, key, ok)
			}
			if box := strings.Contains(v, "bbox"); key == "geo" && box != (p.Cut == 0) {
				t.Errorf("%d rows cut: a bounding box is there: %v", p.Cut, box)
			}
		}
		if !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.HasPrefix(n, "2 of the file's metadata entries") }) {
			t.Errorf("notes: %q", p.Notes)
		}
	}
}

// TestRefused: what cannot be cut without breaking what it is part of, or without
// a trace, is refused by name, but only if something is to be cut.
func TestRefused(t *testing.T) {
	encrypted := threePeople(t)
	copy(encrypted[len(encrypted)-4:], "PARE")
	tests := []struct {
		name   string
		object []byte
		always bool
	}{
		{"Hudi", threePeople(t, pq.KeyValueMetadata("hoodie_min_record_key", "ann")), false},
		{"Iceberg", threePeople(t, pq.KeyValueMetadata("iceberg.schema", "{}")), false},
		{"encrypted", encrypted, true},
		{"parquet-mr", threePeople(t, pq.CreatedBy("parquet-mr", "1.2.8", "x")), true},
	}
	for _, x := range tests {
		for _, match := range []bool{true, false} {
			p, err := parquet.Format{}.Plan(context.Background(), bytes.NewReader(x.object), erasure.Cut{Columns: []string{"id"}, Match: func([][]string) bool { return match }, Dir: t.TempDir()})
			if err == nil {
				p.Close()
			}
			if match || x.always {
				if !lethe.Is(err, lethe.Unsupported) || !strings.Contains(err.Error(), x.name) {
					t.Errorf("%s: %v", x.name, err)
				}
			} else if err != nil {
				t.Errorf("%s, nothing to cut: %v", x.name, err)
			}
		}
	}
}
