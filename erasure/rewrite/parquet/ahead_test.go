package parquet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"lethe/erasure"
	"lethe/erasure/rewrite/parquet"
)

// asked counts how often an object is read, and how much of it.
type asked struct {
	*bytes.Reader
	times, bytes atomic.Int64
}

func (a *asked) ReadAt(b []byte, off int64) (int, error) {
	n, err := a.Reader.ReadAt(b, off)
	a.times.Add(1)
	a.bytes.Add(int64(n))
	return n, err
}

// TestWhole: where a plan changes most row groups, each is read at once; where it changes
// few, only these are. What is planned is the same as where nobody knows the rows before.
func TestWhole(t *testing.T) {
	const groups, size = 20, 2048
	file := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := duckdb(t).Exec(fmt.Sprintf(`COPY (SELECT i AS id, 'text of '||i AS a, md5(i::VARCHAR) AS b, i%%7 AS c, hash(i) AS d, [i, i+1] AS e, uuid() AS f, sqrt(i) AS g
		FROM range(%d) t(i)) TO '%s' (FORMAT parquet, ROW_GROUP_SIZE %d, WRITE_BLOOM_FILTER false)`, groups*size, file, size)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, touched := range []int{1, 2, 10, 13, 20} {
		var rows []int64
		match := map[string]bool{}
		for g := range touched {
			row := int64((groups-touched+g)*size + 17*g)
			rows = append(rows, row)
			match[fmt.Sprint(row)] = true
		}
		c := erasure.Cut{Columns: []string{"id"}, Match: func(v [][]string) bool { return match[v[0][0]] }, Dir: t.TempDir()}
		p, err := parquet.Format{}.Plan(t.Context(), bytes.NewReader(b), c)
		want := edited(t, b, p, err)
		src := &asked{Reader: bytes.NewReader(b)}
		c.Rows = rows
		if p, err = (parquet.Format{}).Plan(t.Context(), src, c); err != nil || p.Cut != int64(touched) || p.Read != src.bytes.Load() {
			t.Fatalf("%d row groups: %+v, %v", touched, p, err)
		}
		if got := edited(t, b, p, nil); !bytes.Equal(got, want) {
			t.Errorf("%d row groups: another file where the rows are known", touched)
		}
		times, most := src.times.Load(), int64(2+touched)
		if touched <= 10 {
			most = int64(2 + 9*touched) // by column, of which the identifying one is read twice
		}
		share := float64(src.bytes.Load()-65536) / float64(len(b)) // without what is read for the footer
		if times > most || share > float64(touched)/groups*1.25 {
			t.Errorf("%d row groups: read %d times, %.2f of the file", touched, times, share)
		}
	}
}
