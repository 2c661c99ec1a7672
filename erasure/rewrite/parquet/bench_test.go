//go:build bench

package parquet_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
)

// TestAgainstCopy cuts one person's rows out of a file of 20 row groups that
// DuckDB wrote, and measures it against DuckDB's COPY ... WHERE, which writes the
// whole file anew with the same codec, in the same run.
func TestAgainstCopy(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "events.parquet")
	const groups, rows = 20, 245_760
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{"SET threads=2", "SET preserve_insertion_order=true", fmt.Sprintf(`COPY (SELECT
		substr(md5(((i*2654435761)%%%[1]d)::VARCHAR),1,22) AS user_id, uuid() AS event_id,
		TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (i*11) AS ts, ['DE','FR','GB','US','JP','BR'][1+(hash(i)%%6)::INT] AS country,
		(hash(i,1)%%1000000)::DECIMAL(18,2)/100 AS amount, sqrt(hash(i,2)%%100000007) AS score, 'user'||((i*2654435761)%%%[1]d)||'@example.org' AS email,
		CASE WHEN hash(i,3)%%10=0 THEN NULL ELSE list_transform(range((hash(i,4)%%5)::INT), x -> 'tag'||((hash(i,x)%%500))) END AS tags,
		{'street': 'Street '||(hash(i,5)%%100000), 'city': 'City'||(hash(i,6)%%400), 'zip': (hash(i,7)%%99999)::INT} AS addr,
		MAP {'ua': 'agent/'||(hash(i,8)%%50), 'ref': '/page/'||(hash(i,9)%%2000)} AS props, hash(i,10)%%2=0 AS active, (hash(i,11)%%200)::SMALLINT AS age,
		CASE WHEN hash(i,12)%%3=0 THEN NULL ELSE md5(i::VARCHAR)||sha1(i::VARCHAR) END AS note, i AS seq
		FROM range(%[2]d) t(i)) TO '%[3]s' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %[4]d)`, groups*rows/50, groups*rows, file, rows)} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	src, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		t.Fatal(err)
	}
	size := float64(info.Size())
	content := fileContent{src, info.Size()}
	t.Logf("%.1f MB, %d rows, %d row groups, zstd, by DuckDB", size/1e6, groups*rows, groups)
	for _, n := range []int{1, 2, 5, 20} {
		var list []int64
		for g := range n {
			list = append(list, int64(g*rows+1000))
		}
		var copies, cuts, cpu, walls []float64
		var read, written float64
		for range benchRounds {
			in := strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
			w, c := measure(func() {
				if _, err := db.Exec(fmt.Sprintf("COPY (SELECT * FROM '%s' WHERE seq NOT IN (%s)) TO '%s' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)", file, in, filepath.Join(dir, "copy"), rows)); err != nil {
					t.Fatal(err)
				}
			})
			copies, walls = append(copies, c), append(walls, w)
			w, c = measure(func() {
				p, err := parquet.Format{}.Plan(context.Background(), content, erasure.Cut{Columns: []string{"user_id"}, Rows: list, Dir: dir, Match: func([][]string) bool { return true }})
				if err != nil || p.Cut != int64(len(list)) {
					t.Fatal(p, err)
				}
				read, written = float64(p.Read), float64(p.Written)
				p.Close()
			})
			cuts, cpu = append(cuts, w), append(cpu, c)
		}
		mid := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
		t.Logf("rows in %2d row groups: read %.1f %%, written %.1f %%; %.2f s, %.2f CPU s; COPY %.2f s, %.2f CPU s: %.1f times the CPU, %.1f the time",
			n, 100*read/size, 100*written/size, mid(cuts), mid(cpu), mid(walls), mid(copies), mid(copies)/mid(cpu), mid(walls)/mid(cuts))
	}
	t.Run("scan", func(t *testing.T) {
		w, c := measure(func() {
			n := 0
			for _, err := range (parquet.Format{}).Records(context.Background(), content, []string{"user_id"}, nil) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
		})
		t.Logf("reading user_id of %d rows: %.2f s, %.2f CPU s, %.1f M rows/s", groups*rows, w, c, groups*rows/1e6/w)
	})
}

// benchRounds is how often each is measured; the medians are told.
const benchRounds = 3

func measure(f func()) (wall, cpu float64) {
	runtime.GC()
	var a, b syscall.Rusage
	begin := time.Now()
	syscall.Getrusage(syscall.RUSAGE_SELF, &a)
	f()
	syscall.Getrusage(syscall.RUSAGE_SELF, &b)
	seconds := func(r *syscall.Rusage) float64 {
		return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
	}
	return time.Since(begin).Seconds(), seconds(&b) - seconds(&a)
}

type fileContent struct {
	*os.File
	size int64
}

func (f fileContent) Size() int64 { return f.size }
