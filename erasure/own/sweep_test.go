package own

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/lib/state"
	"lethe/object"
	"lethe/query"
)

// suppressing returns a service by which some have been erased.
func suppressing(t *testing.T, named ...erasure.Named) *erasure.Service {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "erasure.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	open := func() *erasure.Service {
		s, err := erasure.Open(t.Context(), erasure.Config{DB: db, Key: testKey(t)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for _, typ := range types {
		if err := s.PutType(t.Context(), typ); err != nil {
			t.Fatal(err)
		}
	}
	p := testPerson(t, named...)
	err = db.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, n := range named {
			normal, _ := p.Normal(n)
			h := testKey(t).Hash(n.Type, normal)
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO erasure_suppressed (hash, request, since) VALUES ($1, 'r', 1)`, h[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return open()
}

// TestSweep: copies that were made after persons were erased lose them, where a value is
// telling or its column is; what was made before a moment, or tells nobody, stays.
func TestSweep(t *testing.T) {
	l := newLake(t)
	s := suppressing(t, append(ada, erasure.Named{Type: "user_id", Values: []string{"customer-0042"}})...)
	err := s.PutMapping(t.Context(), erasure.Mapping{Name: "people", Location: "s3://lake/people/", Format: "csv", Identifiers: []erasure.Identifier{
		{Type: "user_id", Columns: []string{"buyer.id"}}, {Type: "person", Columns: []string{"first", "last"}},
	}})
	l.must(err)
	add := func(key, content string) {
		o := l.put("plain", key, content)
		v := object.Version{Object: o, Latest: true}
		v.Object.Version = object.NullVersion
		l.results = append(l.results, query.ResultFile{Version: v, CSV: strings.HasSuffix(key, ".csv")})
	}
	add("0.csv", "\"a\"\n\"ada@example.org\"\n") // of before
	since := time.Now()
	for !time.Now().Truncate(time.Millisecond).After(since) { // a store may keep times to the millisecond
		time.Sleep(time.Millisecond)
	}
	add("1.csv", "\"a\"\n\"ADA@example.org\"\n")
	add("2.csv", "\"a\"\n\"u2\"\n")          // not telling
	add("3.csv", "\"n\",\"ID\"\n1,\"u2\"\n") // in a column of a mapping
	add("4.csv", "\"a\"\n\"to customer-0042, by mail\"\n")
	add("5.csv", "\"Last\",\"First\"\n\"lovelace\",\"ada\"\n")
	add("6.csv", "\"last\",\"first\"\n\"lovelace\",\"eve\"\n")
	add("7.txt", "customer=customer-0042")
	add("8.txt", "customer=customer-0043")
	l.put("plain", "bad.jsonl", "{\"raw\":\"1,eve\"}\n{\"raw\":\"x,customer-0042\"}\n{\"raw\":\"7,Lovelace,Ada\"}\n{\"raw\":\"7,Lovelace,Eve\"}\n")
	l.quarantined = []lethe.Location{{Bucket: "plain", Key: "bad.jsonl"}}
	l.texts = []string{"of customer-0042", "of u2", "first = 'ada' and last = 'lovelace'"}
	c := l.config
	did, err := Sweep(t.Context(), c, s, since)
	l.must(err)
	if did != (Swept{Results: 5, Records: 2, Texts: 2}) {
		t.Errorf("it did %+v", did)
	}
	if got, want := fmt.Sprintf("%.5q", l.all("plain")), `["0.csv" "2.csv" "6.csv" "8.txt" "bad.j"]`; got != want {
		t.Errorf("left are %s, not %s", got, want)
	}
	if strings.Contains(l.texts[0], "0042") || l.texts[1] != "of u2" || strings.Contains(l.texts[2], "lovelace") {
		t.Errorf("the texts are %q", l.texts)
	}
	if did, err = Sweep(t.Context(), c, s, since); err != nil || did != (Swept{}) {
		t.Errorf("again it did %+v, %v", did, err)
	}
}
