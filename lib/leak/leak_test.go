package leak_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/cockroachdb/pebble/v2"
	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/pierrec/lz4/v4"

	"lethe/lib/leak"
)

const value = "ofKDkJKXSKZXu5xJNGiiBQ"

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, text string, open func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

// planted are ways to leave a text in a folder.
var planted = map[string]func(t *testing.T, dir, text string){
	"plain": func(t *testing.T, dir, text string) { write(t, dir+"/a", []byte("xx"+text+"yy")) },
	"name":  func(t *testing.T, dir, text string) { write(t, dir+"/1-"+text+".csv", nil) },
	"across chunks": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", []byte(strings.Repeat("-", 1<<20-3)+text+strings.Repeat("-", 100)))
	},
	"utf-16": func(t *testing.T, dir, text string) {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = append(b, byte(u), byte(u>>8))
		}
		write(t, dir+"/a", b)
	},
	"hex": func(t *testing.T, dir, text string) { write(t, dir+"/a", []byte(hex.EncodeToString([]byte("a"+text)))) },
	"base64 0": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", []byte(base64.StdEncoding.EncodeToString([]byte("abc"+text+"d"))))
	},
	"base64 1": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", []byte(base64.StdEncoding.EncodeToString([]byte("a"+text+"d"))))
	},
	"base64 2": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", []byte(base64.URLEncoding.EncodeToString([]byte("ab"+text+"d"))))
	},
	"gzip": func(t *testing.T, dir, text string) { write(t, dir+"/a", packed(t, text, gzipped)) },
	"second member": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", append(packed(t, "first", gzipped), packed(t, text, gzipped)...))
	},
	"gzip in gzip": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", packed(t, string(packed(t, text, gzipped)), gzipped))
	},
	"zlib": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", packed(t, text, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }))
	},
	"zstd": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", packed(t, text, func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		}))
	},
	"lz4": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", packed(t, strings.Repeat(text, 3), func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) }))
	},
	"snappy": func(t *testing.T, dir, text string) {
		write(t, dir+"/a", packed(t, text, func(w io.Writer) io.WriteCloser { return snappy.NewBufferedWriter(w) }))
	},
	"sqlite":         sqlite(`INSERT INTO t (a) VALUES ($1)`, ""),
	"sqlite deleted": sqlite(`INSERT INTO t (a) VALUES ($1)`, `DELETE FROM t`),
	"sqlite gzip": func(t *testing.T, dir, text string) {
		sqlite(`INSERT INTO t (a) VALUES ($1)`, "")(t, dir, string(packed(t, text, gzipped)))
	},
	"sqlite overflow": func(t *testing.T, dir, text string) {
		// Somewhere among these the value lies across two pages.
		sqlite(`INSERT INTO t (a) VALUES ($1)`, "")(t, dir, strings.Repeat("-", 4073)+text+strings.Repeat("-", 9000))
	},
	"pebble table": pebbles(func(t *testing.T, db *pebble.DB, text string) {
		set(t, db, "key", text)
		set(t, db, "other", strings.Repeat("- ", 5000))
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}),
	"pebble deleted": pebbles(func(t *testing.T, db *pebble.DB, text string) {
		set(t, db, text, "value")
		if err := db.Delete([]byte(text), pebble.Sync); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}),
	"pebble log": pebbles(func(t *testing.T, db *pebble.DB, text string) {
		// Across two blocks of the log, of 32 KiB.
		for n := range 40 {
			set(t, db, "key", strings.Repeat("-", 32<<10-40-n)+text)
		}
	}),
	"parquet": func(t *testing.T, dir, text string) { parquetFile(t, dir, text, parquet.Compression(&parquet.Zstd)) },
	"parquet snappy": func(t *testing.T, dir, text string) {
		parquetFile(t, dir, text, parquet.Compression(&parquet.Snappy), parquet.DataPageStatistics(false))
	},
}

func sqlite(insert, after string) func(t *testing.T, dir, text string) {
	return func(t *testing.T, dir, text string) {
		db, err := sql.Open("sqlite3", dir+"/a.db?_journal_mode=WAL")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, q := range []string{`CREATE TABLE t (a text)`, insert, after} {
			var args []any
			if strings.Contains(q, "$1") {
				args = append(args, text)
			}
			if _, err := db.Exec(q, args...); q != "" && err != nil {
				t.Fatal(err)
			}
		}
	}
}

func pebbles(fill func(t *testing.T, db *pebble.DB, text string)) func(t *testing.T, dir, text string) {
	return func(t *testing.T, dir, text string) {
		o := &pebble.Options{Merger: &pebble.Merger{Name: "a test's", Merge: pebble.DefaultMerger.Merge}, DisableAutomaticCompactions: true}
		db, err := pebble.Open(dir+"/db", o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		fill(t, db, text)
	}
}

func set(t *testing.T, db *pebble.DB, key, value string) {
	t.Helper()
	if err := db.Set([]byte(key), []byte(value), pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

type row struct {
	Name string `parquet:"name,dict"`
	Body string `parquet:"body,optional"`
	N    int64  `parquet:"n"`
}

func parquetFile(t *testing.T, dir, text string, o ...parquet.WriterOption) {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, o...)
	rows := []row{{"a", strings.Repeat("filler ", 50), 1}, {"z", strings.Repeat("filler ", 50) + text, 2}, {"zz", "", 3}}
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/a.parquet", b.Bytes())
}

// TestScan: the value is found in each form, another is not, and all can be read.
func TestScan(t *testing.T) {
	for name, plant := range planted {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{value, "somebody else's number"} {
				dir := t.TempDir()
				plant(t, dir, text)
				r, err := leak.Scan(t.Context(), dir, "not this value", value)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Unread) > 0 {
					t.Errorf("unread: %q", r.Unread)
				}
				found := len(r.Findings) > 0
				if found != (text == value) {
					t.Errorf("%q is found at %v", text, r.Findings)
				}
				if slices.ContainsFunc(r.Findings, func(f leak.Finding) bool { return f.Value != 1 }) {
					t.Errorf("a finding is of another value: %v", r.Findings)
				}
			}
		})
	}
}

// TestScanDamaged: what cannot be decoded is told, and looked at as it is.
func TestScanDamaged(t *testing.T) {
	dir := t.TempDir()
	gz := packed(t, strings.Repeat("x", 1000), gzipped)
	write(t, filepath.Join(dir, "cut.gz"), gz[:len(gz)/2])
	write(t, filepath.Join(dir, "no.parquet"), []byte("PAR1 "+value))
	write(t, filepath.Join(dir, "no.sst"), []byte(value))
	write(t, filepath.Join(dir, "no.db"), []byte("SQLite format 3\x00"+value))
	r, err := leak.Scan(t.Context(), dir, value)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Unread) != 4 || len(r.Findings) != 3 || r.Files != 4 {
		t.Errorf("%d files, unread %q, found %v", r.Files, r.Unread, r.Findings)
	}
}

func TestScanEmptyValue(t *testing.T) {
	if _, err := leak.Scan(t.Context(), t.TempDir(), ""); err == nil {
		t.Error("an empty value was looked for")
	}
}
