package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe/test/lake"
)

func TestIngestFromTheCommandLine(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	l.Bucket(t, "work")
	dir := t.TempDir()
	ingest := func(args ...string) (string, error) {
		return l.Try(lake.Binary(t), append([]string{"ingest", "--data", l.Data, "-q"}, args...)...)
	}
	cities := filepath.Join(dir, "cities.csv")
	write(t, cities, []byte("name,country,people\nRome,Italy,2755309\n\"Washington, D.C.\",US,689545\nParis,France,2102650\n"))
	out, err := ingest("--table", "cities", "--location", "s3://work/cities/", "--partition-by", "country", cities)
	if err != nil || !strings.Contains(out, "3 rows in 3 files") {
		t.Fatal(out, err)
	}
	if got := strings.Join(l.SQL(t, "SELECT name, people + 1, country FROM cities ORDER BY name"), " "); got != "Paris|2102651|France Rome|2755310|Italy Washington, D.C.|689546|US" {
		t.Error(got)
	}

	t.Run("again replaces what it wrote and nothing else", func(t *testing.T) {
		l.Put(t, "work", "cities/country=US/mine.txt", "not of the ingest")
		if out, err := ingest("--table", "cities", "--location", "s3://work/cities/", "--partition-by", "country", cities); err != nil || !strings.Contains(out, "3 files replaced") {
			t.Fatal(out, err)
		}
		bucket, key := "work", "cities/country=US/mine.txt"
		if _, err := l.S3(t).HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Error("an object that the ingest did not write is gone:", err)
		}
		if _, err := l.S3(t).DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a transform", func(t *testing.T) {
		out, err := ingest("--table", "big", "--location", "s3://work/big/", "--sql", "SELECT upper(name) AS name, people / 1000 AS thousands FROM source WHERE people > 1000000", cities)
		if err != nil {
			t.Fatal(out, err)
		}
		if got := strings.Join(l.SQL(t, "SELECT name, thousands FROM big ORDER BY 1"), " "); got != "PARIS|2102 ROME|2755" {
			t.Error(got)
		}
	})
	t.Run("bad rows are named and nothing is made", func(t *testing.T) {
		bad := filepath.Join(dir, "bad.csv")
		write(t, bad, []byte("a,b\n1,2\n3,4,5\n6,x\n7,8\n"))
		out, err := ingest("--table", "bad", "--location", "s3://work/bad/", "--columns", "a int, b int", bad)
		if err == nil || !strings.Contains(out, "bad.csv") || !strings.Contains(out, "line 3") {
			t.Error(out, err)
		}
		if _, err := l.Query(t, "SELECT * FROM bad"); err == nil {
			t.Error("a table was made of it")
		}
		out, err = ingest("--table", "bad", "--location", "s3://work/bad/", "--columns", "a int, b int", "--bad-rows", "skip:1", bad)
		if err == nil {
			t.Error("two bad rows where one is allowed:", out)
		}
		out, err = ingest("--table", "bad", "--location", "s3://work/bad/", "--columns", "a int, b int", "--bad-rows", "quarantine:s3://work/quarantine/", bad)
		if err != nil || !strings.Contains(out, "2 bad rows were not taken; they are in s3://work/quarantine/") {
			t.Error(out, err)
		}
		if got := strings.Join(l.SQL(t, "SELECT a, b FROM bad ORDER BY a"), " "); got != "1|2 7|8" {
			t.Error(got)
		}
	})
	t.Run("JSON lines and Parquet", func(t *testing.T) {
		lines := filepath.Join(dir, "x.jsonl")
		write(t, lines, []byte(`{"id":1,"tags":["a","b"]}`+"\n"+`{"id":2,"when":"2024-01-01"}`+"\n"))
		if out, err := ingest("--table", "j", "--location", "s3://work/j/", lines); err != nil {
			t.Fatal(out, err)
		}
		if got := l.SQL(t, "SELECT count(*), max(id) FROM j"); got[0] != "2|2" {
			t.Error(got)
		}
		if out, err := ingest("--table", "k", "--location", "s3://work/k/", "s3://work/j/"); err != nil {
			t.Fatal(out, err)
		}
		if got := l.SQL(t, "SELECT count(*), max(id) FROM k"); got[0] != "2|2" {
			t.Error(got)
		}
	})
	t.Run("uploads are forgotten", func(t *testing.T) {
		bucket := "lethe-staging"
		listed, err := l.S3(t).ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket})
		if err != nil || len(listed.Contents) != 0 {
			t.Error(len(listed.Contents), "objects are left", err)
		}
	})
	for what, args := range map[string][]string{
		"there is no file": {"--table", "t", "--location", "s3://work/t/", filepath.Join(dir, "none.csv")},
		"s3://":            {"--table", "t", "--location", "/tmp/t", cities},
		"whole bucket":     {"--table", "t", "--location", "s3://work/", cities},
		"--columns":        {"--table", "t", "--location", "s3://work/t/", "--columns", "a nonsense", cities},
		"bad rows":         {"--table", "t", "--location", "s3://work/t/", "--bad-rows", "ignore", cities},
	} {
		if out, err := ingest(args...); err == nil || !strings.Contains(out, what) {
			t.Errorf("%s: %s %v", what, out, err)
		}
	}
}

// TestIngestsSurviveAKill kills the server while it ingests: afterwards the
// table is not there, or is there with all its rows.
func TestIngestsSurviveAKill(t *testing.T) {
	const rows = 200_000
	var text strings.Builder
	text.WriteString("n,word,part\n")
	for i := range rows {
		fmt.Fprintf(&text, "%d,word %d,%d\n", i, i*7919%1000, i%5)
	}
	file := filepath.Join(t.TempDir(), "words.csv")
	write(t, file, []byte(text.String()))
	data := t.TempDir()
	whole, killed := 0, 0
	for round := range 6 {
		l := lake.Start(t, data, "serve")
		if round == 0 {
			l.Bucket(t, "work")
		}
		done := make(chan error, 1)
		go func() {
			_, err := l.Try(lake.Binary(t), "ingest", "--data", data, "-q", "--table", "words", "--location", "s3://work/words/", "--partition-by", "part", file)
			done <- err
		}()
		// At any moment of the run, which takes about a second or two.
		select {
		case <-time.After(time.Duration(rand.IntN(1500)) * time.Millisecond):
		case err := <-done:
			done <- err
		}
		l.Kill()
		if err := <-done; err != nil {
			killed++
		}
		l = lake.Start(t, data, "serve")
		got, err := l.Query(t, "SELECT count(*), sum(n), count(DISTINCT part) FROM words")
		switch {
		case err == nil && got[0] == fmt.Sprintf("%d|%d|5", rows, rows*(rows-1)/2):
			whole++
		case err == nil:
			t.Fatalf("round %d: the table is half there: %s", round, got[0])
		case !strings.Contains(err.Error(), "TABLE_NOT_FOUND"):
			t.Fatalf("round %d: %v", round, err)
		}
		// What is stored is what a listing shows; the client's uploads stay
		// until it forgets them, and it was cut off too.
		objects := 0
		for _, bucket := range []string{"work", "lethe-staging", resultBucket} {
			for pages := s3.NewListObjectsV2Paginator(l.S3(t), &s3.ListObjectsV2Input{Bucket: &bucket}); pages.HasMorePages(); {
				p, err := pages.NextPage(context.Background())
				if err != nil {
					break // not made yet
				}
				objects += len(p.Contents)
			}
		}
		l.Stop(t)
		if blobs := countFiles(t, filepath.Join(data, "objects", "blobs")); blobs != objects {
			t.Errorf("round %d: %d blobs for %d objects", round, blobs, objects)
		}
		for _, dir := range []string{"ingest", "queries"} {
			left, err := os.ReadDir(filepath.Join(data, dir))
			if err != nil || len(left) > 0 {
				t.Errorf("round %d: %s holds %v %v", round, dir, left, err)
			}
		}
	}
	t.Logf("%d of 6 ingests were killed; after %d the table was whole", killed, whole)
}
