package postgres_test

import (
	"slices"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/erasure/index/postgres"
	"lethe/test/need"
)

// input is the object of the AWS erasure framework's example, and the three
// identifiers on its lines.
var (
	input = erasure.ObjectVersion{Bucket: "gdpr-demo", Key: "year=2018/month=2/day=26/input.json", ETag: "e1"}
	lines = []string{"V34qejxNsCbcgD8C0HVk-Q", "ofKDkJKXSKZXu5xJNGiiBQ", "UgMW8bLE0QMJDCkQ1Ax5Mg"}
)

func putPlain(t *testing.T, x erasure.Index, o erasure.ObjectVersion, ids ...string) {
	t.Helper()
	err := x.Put(t.Context(), indextest.Of(erasure.Indexed{Entry: indextest.Entry(o), Postings: func(yield func(erasure.Posting, error) bool) {
		for i, id := range ids {
			if !yield(erasure.Posting{Hash: indextest.H(id), Row: int64(i), Plain: id}, nil) {
				return
			}
		}
	}}))
	if err != nil {
		t.Fatal(err)
	}
}

const (
	allRows = `SELECT concat_ws(' ', userid, s3path, recordline) FROM lethe_index.user_objects ORDER BY s3path, recordline, userid`
	path    = " s3://gdpr-demo/year=2018/month=2/day=26/input.json "
)

func wantRows(t *testing.T, url string, want ...string) {
	t.Helper()
	if got := column(t, url, allRows); !slices.Equal(got, want) {
		t.Errorf("the table has %q, want %q", got, want)
	}
}

func TestPlain(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t), Plain: true}
	x := open(t, c)
	putPlain(t, x, input, lines...)
	wantRows(t, c.URL, lines[0]+path+"0", lines[1]+path+"1", lines[2]+path+"2")
	// The framework's own question.
	got := column(t, c.URL, `SELECT s3path || ' ' || array_agg(recordline)::text FROM lethe_index.user_objects WHERE userid = $1 GROUP BY s3path`, lines[0])
	if !slices.Equal(got, []string{path[1:len(path)-1] + " {0}"}) {
		t.Errorf("%s is at %q", lines[0], got)
	}

	if err := x.Erase(t.Context(), []erasure.Hash{indextest.H(lines[1])}); err != nil {
		t.Fatal(err)
	}
	wantRows(t, c.URL, lines[0]+path+"0", lines[2]+path+"2")
	replaced := input
	replaced.ETag = "e2"
	putPlain(t, x, replaced, lines[2])
	wantRows(t, c.URL, lines[2]+path+"0")
	if err := x.Forget(t.Context(), replaced); err != nil {
		t.Fatal(err)
	}
	wantRows(t, c.URL)

	// An object that is somebody's as a whole.
	err := x.Put(t.Context(), indextest.Of(erasure.Indexed{Entry: indextest.Entry(erasure.ObjectVersion{Bucket: "b", Key: "1001-x.csv", ETag: "e"}),
		Postings: func(yield func(erasure.Posting, error) bool) {
			yield(erasure.Posting{Hash: indextest.H("1001"), Row: erasure.Whole, Plain: "1001"}, nil)
		}}))
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, c.URL, "1001 s3://b/1001-x.csv")

	// What text cannot hold.
	odd := erasure.ObjectVersion{Bucket: "b", Key: "a\x00b", ETag: "e"}
	putPlain(t, x, odd, "composite\x00of two", "caf\xe9", "")
	wantRows(t, c.URL, "1001 s3://b/1001-x.csv", "caf\uFFFD s3://b/a%00b 1")
}

// TestPlainIsSwitched: identifiers are there only as long as somebody wants them.
func TestPlainIsSwitched(t *testing.T) {
	c := postgres.Config{URL: need.Postgres(t)}
	hashes := open(t, c)
	putPlain(t, hashes, input, lines...)
	wantRows(t, c.URL)
	if err := hashes.Close(); err != nil {
		t.Fatal(err)
	}

	c.Plain = true
	plain := open(t, c)
	if !plain.Plain() {
		t.Error("the index does not ask for identifiers")
	}
	if _, err := plain.Entry(t.Context(), input); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("an object that was entered without identifiers counts: %v", err)
	}
	putPlain(t, plain, input, lines...)
	if got := column(t, c.URL, allRows); len(got) != 3 {
		t.Errorf("the table has %q", got)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}

	c.Plain = false
	hashes = open(t, c)
	wantRows(t, c.URL)
	if got := holders(t, c.URL, []byte(lines[0])); len(got) > 0 {
		t.Errorf("%v hold an identifier", got)
	}
	if got := indextest.Places(t, hashes, lines[0]); len(got) != 1 {
		t.Errorf("by its hash it is at %q", got)
	}
}
