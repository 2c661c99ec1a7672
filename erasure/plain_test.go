package erasure_test

import (
	"slices"
	"strings"
	"testing"

	"lethe/catalog"
	"lethe/erasure"
	"lethe/erasure/index/postgres"
	"lethe/object"
	"lethe/object/disk"
	"lethe/test/need"

	"github.com/jackc/pgx/v5"
)

// TestPlainIndex: where plain mode is on, the index has the rows that the erasure
// framework's own example has.
func TestPlainIndex(t *testing.T) {
	url := need.Postgres(t)
	x, err := postgres.Open(t.Context(), postgres.Config{URL: url, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	l := openLake(t, t.TempDir(), disk.Options{NoSync: true}, func(c *erasure.Config) { c.Index = x })
	l.types()
	l.must(l.store.CreateBucket(t.Context(), "gdpr-demo"))
	l.must(l.cat.CreateTable(t.Context(), catalog.Table{Database: "default", Name: "reviews", Type: catalog.ExternalTable, Storage: catalog.Storage{
		Columns:  []catalog.Column{{Name: "user_id", Type: "string"}, {Name: "body", Type: "string"}},
		Location: "s3://gdpr-demo", BucketCount: -1, SerDe: catalog.SerDe{Library: "json"},
	}}))
	l.must(l.PutMapping(t.Context(), erasure.Mapping{Name: "reviews", Database: "default", Table: "reviews",
		Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}}))
	const key = "year=2018/month=2/day=26/input.json"
	write := func(users ...string) {
		var text strings.Builder
		for _, u := range users {
			text.WriteString(`{"user_id":"` + u + `","body":"…"}` + "\n")
		}
		_, err := l.store.Put(t.Context(), "gdpr-demo", key, strings.NewReader(text.String()), object.Header{}, object.Condition{})
		l.must(err)
		l.build()
	}
	c, err := pgx.Connect(t.Context(), url)
	l.must(err)
	t.Cleanup(func() { c.Close(t.Context()) })
	want := func(rows ...string) {
		t.Helper()
		found, err := c.Query(t.Context(), `SELECT userid || ' ' || s3path || ' ' || recordline FROM lethe_index.user_objects ORDER BY recordline`)
		l.must(err)
		got, err := pgx.CollectRows(found, pgx.RowTo[string])
		l.must(err)
		if !slices.Equal(got, rows) {
			t.Errorf("the table has %q, want %q", got, rows)
		}
	}
	const path = " s3://gdpr-demo/" + key
	write("V34qejxNsCbcgD8C0HVk-Q", "ofKDkJKXSKZXu5xJNGiiBQ", "UgMW8bLE0QMJDCkQ1Ax5Mg")
	want("V34qejxNsCbcgD8C0HVk-Q"+path+" 0", "ofKDkJKXSKZXu5xJNGiiBQ"+path+" 1", "UgMW8bLE0QMJDCkQ1Ax5Mg"+path+" 2")
	write("ofKDkJKXSKZXu5xJNGiiBQ")
	want("ofKDkJKXSKZXu5xJNGiiBQ" + path + " 0")
	l.must(x.Erase(t.Context(), []erasure.Hash{l.key.Hash("user_id", "ofKDkJKXSKZXu5xJNGiiBQ")}))
	want()
}
