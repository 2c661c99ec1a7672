package query_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lethe"
	"lethe/object"
	"lethe/query"
)

func without(s string) string { return strings.ReplaceAll(s, "u2", "-") }

// TestRedactTexts: an execution keeps nothing of what names somebody, and another
// execution everything.
func TestRedactTexts(t *testing.T) {
	l := newLake(t)
	l.engine.run = func(_ context.Context, job query.Job) (string, int64, error) {
		return "", 0, lethe.Errorf(lethe.Invalid, "INVALID_CAST_ARGUMENT: Cannot cast 'u2' to BIGINT")
	}
	named := l.start(query.Request{Statement: "SELECT 'u2' AS u2, ?", Parameters: []string{"'u2'"}, Token: "token-of-u2-0123456789012345678901"})
	if named.Output[:13] != "s3://results/" {
		t.Fatal(named.Output)
	}
	other := l.start(query.Request{Statement: "SELECT 'u1'", Token: "token-of-u1-0123456789012345678901"})
	var counts []int64
	for _, dry := range []bool{true, false, false} {
		n, err := l.RedactTexts(t.Context(), dry, without)
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
	}
	// The other's error quotes the same.
	if !slices.Equal(counts, []int64{2, 2, 0}) {
		t.Errorf("%v executions were changed", counts)
	}
	x, err := l.Get(t.Context(), named.ID)
	if err != nil || x.Request.Statement != "SELECT '-' AS -, ?" || x.Request.Parameters[0] != "'-'" || !strings.Contains(x.Error.Message, "cast '-' to") || strings.Contains(x.Reason, "u2") {
		t.Errorf("it is kept as %+v, %v", x, err)
	}
	if y, err := l.Get(t.Context(), other.ID); err != nil || y.Request.Statement != "SELECT 'u1'" || y.Request.Token != other.Request.Token {
		t.Errorf("another is kept as %+v, %v", y, err)
	}
	var left int
	err = l.db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM query_executions WHERE document LIKE '%u2%' OR token LIKE '%u2%'`).Scan(&left)
	})
	if err != nil || left != 0 {
		t.Errorf("%d rows still have it, %v", left, err)
	}
}

// TestEraseResult: a result is found at all places where results ever were, also of
// an execution that is forgotten, and erased from all versions; its execution says so.
func TestEraseResult(t *testing.T) {
	l := newLake(t)
	if err := l.objects.CreateBucket(t.Context(), "own"); err != nil {
		t.Fatal(err)
	}
	if err := l.objects.Gateway().PutBucketVersioning(t.Context(), "own", s3types.BucketVersioningStatusEnabled); err != nil {
		t.Fatal(err)
	}
	first := l.start(query.Request{Statement: "SELECT 1 AS a"})
	second := l.start(query.Request{Statement: "SELECT 2 AS a", Output: "s3://own/of/me"})
	text := l.start(query.Request{Statement: "SHOW DATABASES"})
	forgotten := l.start(query.Request{Statement: "SELECT 3 AS a", Output: "s3://own/of/me/"})
	if err := l.db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM query_executions WHERE id = $1`, forgotten.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// What is no result, though it is named alike.
	for _, key := range []string{"of/me/notes.csv", "of/me/" + lethe.NewID() + ".csv", "of/me/deeper/" + lethe.NewID() + ".csv", "of/me/" + lethe.NewID() + ".parquet"} {
		if _, err := l.objects.Put(t.Context(), "own", key, strings.NewReader("x"), object.Header{}, object.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	// Somebody wrote over a result: the version below is one too.
	at, err := lethe.ParseLocation(second.Output)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.objects.Put(t.Context(), at.Bucket, at.Key, strings.NewReader("\"a\"\n\"4\"\n"), object.Header{}, object.Condition{}); err != nil {
		t.Fatal(err)
	}
	files := func() (fs []query.ResultFile) {
		t.Helper()
		for f, err := range l.ResultFiles(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			fs = append(fs, f)
		}
		return fs
	}
	count := map[string]int{}
	for _, f := range files() {
		count[f.Execution]++
		if f.CSV == (f.Execution == text.ID) {
			t.Errorf("CSV of %s is %v", f.Key, f.CSV)
		}
	}
	if want := map[string]int{first.ID: 1, second.ID: 2, text.ID: 1, forgotten.ID: 1}; fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("results are %v, not %v", count, want)
	}
	for range 2 { // done again, as after a crash
		for _, f := range files() {
			if f.Execution != first.ID {
				if err := l.EraseResult(t.Context(), f); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if fs := files(); len(fs) != 1 || fs[0].Execution != first.ID {
		t.Errorf("left are %v", fs)
	}
	for v, err := range object.AllVersions(t.Context(), l.objects, "own", "") {
		if err != nil || strings.Contains(v.Key, second.ID) || strings.Contains(v.Key, forgotten.ID) {
			t.Errorf("left is %s, %v", v.Key, err)
		}
	}
	x, err := l.Get(t.Context(), second.ID)
	if err != nil || x.Erased.IsZero() || x.State != query.Succeeded || !strings.Contains(x.Reason, "erased") {
		t.Errorf("its execution says %q, %v, %v", x.Reason, x.Erased, err)
	}
	if _, err := l.Results(admin(t), second.ID, "", 10); !lethe.Is(err, lethe.NotFound) || !strings.Contains(err.Error(), "erased") {
		t.Errorf("its result is: %v", err)
	}
	if _, err := l.Results(admin(t), first.ID, "", 10); err != nil {
		t.Errorf("the result of another is: %v", err)
	}
}

// TestLaterStatements: what may not be kept is not, though the statement runs as it
// was given.
func TestLaterStatements(t *testing.T) {
	l := newLake(t)
	l.config.Redact = func(_ context.Context, text string) (string, error) {
		if strings.Contains(text, "broken") {
			return "", lethe.Errorf(lethe.Exhausted, "the state file is busy")
		}
		return without(text), nil
	}
	l.open()
	l.engine.run = func(_ context.Context, job query.Job) (string, int64, error) {
		return "", 0, lethe.Errorf(lethe.Invalid, "Cannot cast '%s' to BIGINT", "u2")
	}
	request := query.Request{Statement: "SELECT CAST('u2' AS bigint), ?", Parameters: []string{"'u2'"}, Token: "token-0123456789012345678901234567"}
	x := l.start(request)
	if x.Request.Statement != "SELECT CAST('-' AS bigint), ?" || x.Request.Parameters[0] != "'-'" || x.Reason != x.Error.Message || !strings.Contains(x.Reason, "Cannot cast '-' to BIGINT") {
		t.Errorf("it is kept as %+v because of %q", x.Request, x.Reason)
	}
	if request.Parameters[0] != "'u2'" {
		t.Error("the request itself was changed")
	}
	if again := l.start(request); again.ID != x.ID {
		t.Error("the same request with the same token is another execution")
	}
	l.engine.mu.Lock()
	ran := l.engine.job.Analysis
	l.engine.mu.Unlock()
	if ran == nil {
		t.Error("the statement did not run")
	}
	if _, err := l.Start(admin(t), query.Request{Statement: "SELECT 'broken'"}); !lethe.Is(err, lethe.Exhausted) {
		t.Errorf("a statement of which it is not known what may be kept: %v", err)
	}
}

// TestSettle: it waits for what runs, or until its context ends.
func TestSettle(t *testing.T) {
	l := newLake(t)
	running, end := make(chan bool), make(chan bool)
	l.engine.run = func(context.Context, query.Job) (string, int64, error) {
		running <- true
		<-end
		return "\"a\"\n\"1\"\n", 1, nil
	}
	for range 2 {
		if _, err := l.Start(admin(t), query.Request{Statement: "SELECT 1 AS a"}); err != nil {
			t.Fatal(err)
		}
	}
	<-running
	<-running
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if err := l.Settle(ctx); err == nil {
		t.Error("it did not wait")
	}
	settled := make(chan error, 1)
	go func() { settled <- l.Settle(t.Context()) }()
	end <- true
	end <- true
	if err := <-settled; err != nil {
		t.Error(err)
	}
}
