package ingest_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"lethe/ingest"
	"lethe/object"
)

// TestRedactTexts: the history keeps nothing of what names somebody, and a bad row of
// theirs loses its text; what holds bad rows and what was read is known.
func TestRedactTexts(t *testing.T) {
	l := openLake(t, t.TempDir())
	ctx := context.Background()
	l.put("in/u2.jsonl", "{\"id\": 1, \"user\": \"u1\"}\n{\"id\": 2, \"user\": \"u2\"\n{\"id\": 3, \"user\": \"u3\"\n")
	_, err := l.do(ingest.Job{Sources: []string{"s3://lake/in/u2.jsonl"}, Table: "visits", Location: "s3://lake/visits/", PartitionBy: []string{"user"}, BadRows: "quarantine:s3://lake/bad/"})
	l.must(err)
	if _, err := l.do(ingest.Job{Sources: []string{"s3://lake/in/u2.jsonl"}, Table: "others", Location: "s3://lake/others/"}); err == nil {
		t.Fatal("bad rows were taken")
	}
	quarantined, err := l.Quarantined(ctx)
	if err != nil || len(quarantined) != 1 || !strings.HasPrefix(quarantined[0].Key, "bad/") {
		t.Errorf("quarantined are %v, %v", quarantined, err)
	}
	if originals, err := l.Originals(ctx); err != nil || fmt.Sprint(originals) != "[s3://lake/in/u2.jsonl]" {
		t.Errorf("originals are %v, %v", originals, err)
	}
	l.must(l.Settle(ctx))
	// Of the table's objects one named u1 is gone, as when its partition was erased.
	for _, key := range l.keys("visits/user=u1/") {
		l.must(l.objects.Delete(ctx, bucket, key, object.Condition{}))
	}
	// What was read keeps its name while it is there; an error that quotes it does not.
	named := func(s string) string { return strings.ReplaceAll(s, "in/u2", "-") }
	if n, err := l.RedactTexts(ctx, true, named); err != nil || n != 1 {
		t.Errorf("the name of an object that is there would be changed in %d runs, %v; 1 quotes it", n, err)
	}
	l.must(l.objects.Delete(ctx, bucket, "in/u2.jsonl", object.Condition{}))
	f := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "u2", "-"), "u1", "-") }
	for step, want := range []int64{3, 3, 0} {
		if n, err := l.RedactTexts(ctx, step == 0, f); err != nil || n != want {
			t.Errorf("step %d: %d changed, %v; want %d", step, n, err, want)
		}
	}
	var left int
	l.must(l.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT (SELECT count(*) FROM ingest_runs WHERE document LIKE '%u2%') + (SELECT count(*) FROM ingest_files WHERE object_key LIKE '%u1%')`).Scan(&left)
	}))
	if left != 0 {
		t.Errorf("%d rows still have it", left)
	}
	runs, err := l.Runs(ctx, 0)
	l.must(err)
	for _, r := range runs {
		if len(r.Report.Bad) == 0 || r.Report.Bad[0].Raw != "" || r.Report.Bad[0].Line != 2 || r.Report.Sources[0].Object != "s3://lake/in/-.jsonl" {
			t.Errorf("a run is kept as %+v", r.Report)
		}
		if len(r.Report.Bad) > 1 && !strings.Contains(r.Report.Bad[1].Raw, "u3") {
			t.Errorf("the row of another is kept as %+v", r.Report.Bad[1])
		}
	}
}
