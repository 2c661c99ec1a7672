package parquet_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	pq "github.com/parquet-go/parquet-go"

	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
	"lethe/erasure/rewrite/rewritetest"
	"lethe/test/need"
)

// cutFile is a file before and after rows were cut; the manifest that PyArrow gets
// is a list of these.
type cutFile struct {
	Before string  `json:"before"`
	After  string  `json:"after"`
	Cut    []int64 `json:"cut"`
	Mode   string  `json:"mode"`
}

func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if v := os.Getenv("LETHE_SEED"); v != "" {
		var err error
		if n, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatalf("LETHE_SEED: %v", err)
		}
	}
	t.Logf("LETHE_SEED=%d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// marker is in every text of a row, and in no other's.
func marker(row int64) string { return fmt.Sprintf("m%07dx", row) }

// TestOthersFiles cuts rows out of files that PyArrow, DuckDB and parquet-go wrote
// with any of their options. PyArrow, DuckDB and parquet-go must find the other
// rows unchanged, and statistics and indexes that tell the truth; no marker of a
// row that is gone may be in the file's bytes or in those of its pages.
func TestOthersFiles(t *testing.T) {
	r := seed(t)
	dir := t.TempDir()
	python := need.Venv(t, "python")
	files := slices.Concat(pyarrowFiles(t, r, python, dir, rounds), duckdbFiles(t, r, dir, rounds), ownFiles(t, r, dir, rounds))
	done := cutAll(t, r, files)
	checkDuckDB(t, done)
	checkPython(t, dir, done, python, "testdata/arrow.py")
}

// cutAll cuts some rows out of each file, and stops at the first that is wrong.
func cutAll(t *testing.T, r *rand.Rand, files []string) (done []cutFile) {
	t.Helper()
	for _, f := range files {
		done = append(done, cutRandomly(t, r, f))
		if t.Failed() {
			t.FailNow()
		}
	}
	return done
}

// checkPython has a script compare the files.
func checkPython(t *testing.T, dir string, done []cutFile, python, script string) {
	t.Helper()
	manifest := filepath.Join(dir, "manifest.json")
	b, err := json.Marshal(done)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, script, "check", manifest).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	t.Logf("%s: %s", script, bytes.TrimSpace(out))
}

func pyarrowFiles(t *testing.T, r *rand.Rand, python, dir string, n int, without ...string) (files []string) {
	t.Helper()
	dir = filepath.Join(dir, "pyarrow")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, append([]string{"testdata/arrow.py", "write", strconv.Itoa(r.IntN(1e6)), strconv.Itoa(n), dir}, without...)...).CombinedOutput(); err != nil {
		t.Fatalf("PyArrow: %v\n%s", err, out)
	}
	for i := range n {
		files = append(files, filepath.Join(dir, strconv.Itoa(i)+".parquet"))
	}
	return files
}

func duckdbFiles(t *testing.T, r *rand.Rand, dir string, n int) (files []string) {
	t.Helper()
	db := duckdb(t)
	for i := range n {
		file := filepath.Join(dir, fmt.Sprintf("duckdb-%d.parquet", i))
		options := fmt.Sprintf("FORMAT parquet, COMPRESSION %s, ROW_GROUP_SIZE %d, PARQUET_VERSION %s", pick(r, "uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"),
			pick(r, 2048, 4096, 122880), pick(r, "V1", "V2"))
		if r.IntN(2) == 0 {
			options += fmt.Sprintf(", DICTIONARY_SIZE_LIMIT %d", pick(r, 1, 100, 5000))
		}
		if r.IntN(3) == 0 {
			options += ", WRITE_BLOOM_FILTER false"
		}
		statement := fmt.Sprintf(`COPY (SELECT m AS id, CASE WHEN i%%3=0 THEN NULL ELSE m||'@example.org' END AS mail, 'g'||(i%%7) AS grp,
			i*i AS n, (i%%100)::TINYINT AS t, hash(i)::UBIGINT AS u, sqrt(i) AS d, i%%2=0 AS b, DATE '2024-01-01'+(i%%300)::INT AS day,
			TIMESTAMP '2024-01-01'+INTERVAL 1 SECOND*i AS ts, (hash(i)%%100000)::DECIMAL(18,3)/100 AS dec, (i::HUGEINT*7)::DECIMAL(30,1) AS huge,
			uuid() AS uid, CASE WHEN i%%5=0 THEN NULL ELSE list_transform(range(i%%4), x -> CASE WHEN x=2 THEN NULL ELSE 't-'||m END) END AS tags,
			{'zip': m, 'no': i%%9} AS addr, MAP {'k'||m: 'v'||m} AS attrs, repeat('é', (i%%11)::INT) AS txt
			FROM (SELECT i, 'm'||lpad(i::VARCHAR, 7, '0')||'x' AS m FROM range(%d) r(i))) TO '%s' (%s)`, 1+r.IntN(6000), file, options)
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", options, err)
		}
		files = append(files, file)
	}
	return files
}

// ownFiles are of the rows of the conformance suite, with markers, in all shapes
// that parquet-go writes.
func ownFiles(t *testing.T, r *rand.Rand, dir string, n int) (files []string) {
	t.Helper()
	for i := range n {
		rows := make([]rewritetest.Row, 1+r.IntN(1500))
		for k := range rows {
			m, x := marker(int64(k)), &rows[k]
			x.User = &m
			number := r.Int64() - r.Int64()
			x.Number = &number
			if r.IntN(4) > 0 {
				u := fmt.Sprintf("%08x-0000-0000-0000-%012x", r.Uint32(), r.Uint64()>>16)
				x.UUID, x.Note = &u, &m
			}
			for range r.IntN(4) {
				x.Friends = append(x.Friends, m)
			}
			if r.IntN(2) == 0 {
				x.Buyer = &m
			}
		}
		file := filepath.Join(dir, fmt.Sprintf("go-%d.parquet", i))
		if err := os.WriteFile(file, write(t, cells(rows), schema(r), options(r)...), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// cutRandomly cuts some rows out of a file, and checks what this code and
// parquet-go can tell of the result.
func cutRandomly(t *testing.T, r *rand.Rand, file string) cutFile {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := pq.OpenFile(bytes.NewReader(before), int64(len(before)))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	n := f.NumRows()
	gone := map[string]bool{}
	out := cutFile{Before: file, After: file + ".cut", Mode: "delete"}
	add := func(row int64) {
		if !gone[marker(row)] {
			gone[marker(row)] = true
			out.Cut = append(out.Cut, row)
		}
	}
	switch r.IntN(4) {
	case 0:
		add(r.Int64N(n))
	case 1:
		for range r.Int64N(n)/2 + 1 {
			add(r.Int64N(n))
		}
	case 2: // rows next to each other
		from := r.Int64N(n)
		for row := from; row < min(n, from+1+r.Int64N(n)); row++ {
			add(row)
		}
	case 3:
		add(0)
		add(n - 1)
	}
	slices.Sort(out.Cut)
	column := "id"
	if strings.HasPrefix(filepath.Base(file), "go-") {
		column = "user_id"
	}
	c := erasure.Cut{Columns: []string{column}, Dir: filepath.Dir(file), Match: func(v [][]string) bool { return len(v[0]) > 0 && gone[v[0][0]] }}
	if r.IntN(2) == 0 {
		c.Rows = out.Cut
	}
	if r.IntN(4) == 0 {
		c.Mode, out.Mode = erasure.Blank, "blank"
	}
	p, err := parquet.Format{}.Plan(context.Background(), bytes.NewReader(before), c)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	after, err := rewritetest.Apply(before, p.Edits)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if p.Cut != int64(len(out.Cut)) {
		t.Errorf("%s: %d rows were cut, not %d", file, p.Cut, len(out.Cut))
	}
	if err := os.WriteFile(out.After, after, 0o600); err != nil {
		t.Fatal(err)
	}
	parts := append(inside(t, after), after)
	for _, row := range out.Cut {
		for i, part := range parts {
			if at := bytes.Index(part, []byte(marker(row))); at >= 0 {
				t.Fatalf("%s: row %d was cut, and its marker is at %d of part %d of %d", file, row, at, i, len(parts))
			}
		}
	}
	if readable(before) {
		honest(t, out.After, after)
	}
	return out
}

func duckdb(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("SET threads=1"); err != nil {
		t.Fatal(err)
	}
	return db
}

// checkDuckDB compares the rows that stay, in order, as DuckDB reads them with one
// thread.
func checkDuckDB(t *testing.T, files []cutFile) {
	t.Helper()
	db := duckdb(t)
	digest := func(file, where string) (string, error) {
		var n int64
		var sum sql.NullString
		q := fmt.Sprintf(`SELECT count(*), md5(string_agg(t::VARCHAR, '|')) FROM
			(SELECT * EXCLUDE (file_row_number) FROM read_parquet('%s', file_row_number=true) WHERE %s) t`, file, where)
		err := db.QueryRow(q).Scan(&n, &sum)
		return fmt.Sprint(n, sum.String), err
	}
	for _, f := range files {
		list := strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Cut), " ", ","), "[]")
		stay := fmt.Sprintf("file_row_number NOT IN (%s)", list)
		after := "true"
		if f.Mode == "blank" {
			after = stay
		}
		want, err := digest(f.Before, stay)
		if err != nil && strings.Contains(err.Error(), "only supported") {
			continue // DuckDB does not know this encoding
		}
		got, err2 := digest(f.After, after)
		if err != nil || err2 != nil {
			t.Fatalf("DuckDB reads %s: %v; after the cut: %v", f.Before, err, err2)
		}
		if want != got {
			t.Errorf("DuckDB finds other rows in %s: %s, not %s", f.After, got, want)
		}
	}
}
