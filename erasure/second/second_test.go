package second_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/erasure/rewrite"
	"lethe/erasure/second"
	"lethe/object"
)

// agree holds that both readers read the same of an object, and returns its records.
func agree(t *testing.T, f erasure.Format, s erasure.Stored, raw []byte, columns []string) int {
	t.Helper()
	var want [][][]string
	for r, err := range f.Records(t.Context(), bytes.NewReader(raw), columns, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if !r.Unreadable {
			want = append(want, r.Values)
		} else {
			want = append(want, nil)
		}
	}
	var got [][][]string
	n, err := second.Reader{}.Read(t.Context(), s, bytes.NewReader(raw), columns, func(values [][]string) { got = append(got, values) })
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(len(want)) {
		t.Fatalf("%d records, and not %d", n, len(want))
	}
	readable := slices.DeleteFunc(slices.Clone(want), func(v [][]string) bool { return v == nil })
	if len(got) != len(readable) {
		t.Fatalf("%d records were read, and not %d", len(got), len(readable))
	}
	for i := range got {
		for j := range columns {
			if !slices.Equal(got[i][j], readable[i][j]) {
				t.Errorf("record %d, column %s: %q, and not %q", i, columns[j], got[i][j], readable[i][j])
			}
		}
	}
	return len(want)
}

func compressions(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	var gz, zs bytes.Buffer
	half := bytes.IndexByte(raw[len(raw)/2:], '\n') + len(raw)/2 + 1
	for _, part := range [][]byte{raw[:half], raw[half:]} { // two members
		z := gzip.NewWriter(&gz)
		if _, err := z.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		e, err := zstd.NewWriter(&zs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string][]byte{"": raw, ".gz": gz.Bytes(), ".zst": zs.Bytes()}
}

func TestJSONLines(t *testing.T) {
	raw := []byte("\ufeff" + strings.Join([]string{
		`{"user_id":"ada","buyer":{"id":1e3,"tags":["a",{"x":"b"}]},"n":9007199254740993}`,
		``,
		`{"USER_ID":"b\u00f6b","user_id":null,"User_Id":"twice","buyers":[{"id":"x"},{"id":"y"}]}`,
		`{"buyer.id":7,"n":-1.50,"ok":true}`,
		`{}`,
		`not JSON`,
		`{"n":1000.0,"buyer":[[{"id":"deep"}]]}`,
		`{"n":1e400}`,
	}, "\n"))
	f, err := rewrite.ForFormat("jsonl", "a.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for ext, raw := range compressions(t, raw) {
		t.Run("compressed"+ext, func(t *testing.T) {
			if n := agree(t, f, erasure.Stored{Format: "jsonl"}, raw, []string{"user_id", "buyer.id", "buyers.id", "n", "ok", "buyer.tags.x"}); n != 8 {
				t.Errorf("%d records", n)
			}
		})
	}
}

func TestCSV(t *testing.T) {
	f, err := rewrite.ForFormat("csv", "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	s := erasure.Stored{Format: "csv"}
	agree(t, f, s, []byte("ID,\"mail\", Name \r\n1,\"a\"\"d\na\",x\r\n,,\r\n2,b,\"\"\n"), []string{"id", "MAIL", "name"})
	agree(t, f, s, []byte("id,mail\n"), []string{"id"})
	n, err := second.Reader{}.Read(t.Context(), s, strings.NewReader("id\n1\n\n2\n"), []string{"id"}, func([][]string) {})
	if n != -1 || err != nil {
		t.Errorf("with a blank line: %d, %v", n, err)
	}
	if _, err := (second.Reader{}).Read(t.Context(), s, strings.NewReader("id\n1\"2\n"), []string{"id"}, func([][]string) {}); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("a quote in a wrong place: %v", err)
	}
}

func TestHiveText(t *testing.T) {
	table := catalog.Table{Database: "d", Name: "t", Storage: catalog.Storage{
		Columns: []catalog.Column{{Name: "id", Type: "string"}, {Name: "mail", Type: "string"}, {Name: "n", Type: "int"}},
		SerDe:   catalog.SerDe{Library: catalog.TextFile.SerDe, Parameters: map[string]string{"field.delim": "|"}}, InputFormat: catalog.TextFile.InputFormat,
	}, Parameters: map[string]string{"skip.header.line.count": "1"}}
	f, err := rewrite.For(table, catalog.Storage{}, "a.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := erasure.Stored{Table: table, Key: "a.txt"}
	if n := agree(t, f, s, []byte("id|mail|n\nu1|\\N|7\n\nu2|\"a|8|more\nu3"), []string{"id", "mail", "n"}); n != 4 {
		t.Errorf("%d records", n)
	}
	table.Storage.SerDe.Library = catalog.OpenCSV.SerDe
	if _, err := (second.Reader{}).Read(t.Context(), erasure.Stored{Table: table}, strings.NewReader("a\n"), []string{"id"}, func([][]string) {}); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("OpenCSVSerde: %v", err)
	}
}

type person struct {
	ID     string   `parquet:"id,dict,optional"`
	N      int64    `parquet:"n,delta"`
	Small  uint32   `parquet:"small"`
	Raw    []byte   `parquet:"raw"`
	UUID   [16]byte `parquet:"u,uuid"`
	OK     bool     `parquet:"ok"`
	Born   int32    `parquet:"born,date"`
	Mails  []string `parquet:"mails,list"`
	Old    []string `parquet:"old"`
	Buyers []buyer  `parquet:"buyers,list"`
	Home   *buyer   `parquet:"home,optional"`
}

type buyer struct {
	ID   string   `parquet:"id"`
	Tags []string `parquet:"tags,list"`
}

// TestParquet: nested columns, pages and row groups of all sizes, by all codecs that
// are read.
func TestParquet(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	texts := func() (out []string) {
		for range rng.IntN(4) {
			out = append(out, fmt.Sprint("m", rng.IntN(5)))
		}
		return out
	}
	f, err := rewrite.ForFormat("parquet", "a.parquet")
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"id", "n", "SMALL", "raw", "u", "ok", "born", "mails", "old", "buyers.id", "buyers.tags", "home.id", "home.tags"}
	codecs := []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Gzip), parquet.Compression(&parquet.Brotli), parquet.Compression(&parquet.Uncompressed)}
	for range 8 {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[person](&b, codecs[rng.IntN(len(codecs))], parquet.PageBufferSize(64<<rng.IntN(8)), parquet.DataPageVersion(1+rng.IntN(2)))
		rows := rng.IntN(300)
		for i := range rows {
			p := person{N: rng.Int64(), Small: rng.Uint32(), Raw: []byte{0xff, byte(i)}, OK: i%2 == 0, Born: int32(i), Mails: texts(), Old: texts()}
			if i%3 == 0 {
				p.ID, p.Raw = fmt.Sprint("u", rng.IntN(9)), []byte("text")
			}
			p.UUID[15] = byte(i)
			for range rng.IntN(3) {
				p.Buyers = append(p.Buyers, buyer{fmt.Sprint("b", i), texts()})
			}
			if i%5 == 0 {
				p.Home = &buyer{"home", texts()}
			}
			if _, err := w.Write([]person{p}); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(50) == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if n := agree(t, f, erasure.Stored{Format: "parquet"}, b.Bytes(), columns); n != rows {
			t.Errorf("%d records of %d", n, rows)
		}
		if t.Failed() {
			return
		}
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[person](&b, parquet.Compression(&parquet.Lz4Raw))
	if _, err := w.Write([]person{{ID: "a"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := (second.Reader{}).Read(t.Context(), erasure.Stored{Format: "parquet"}, bytes.NewReader(b.Bytes()), columns, func([][]string) {}); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("LZ4_RAW: %v", err)
	}
}

// TestOthersParquet reads files that other programs wrote.
func TestOthersParquet(t *testing.T) {
	files, err := filepath.Glob("../rewrite/parquet/testdata/*.parquet")
	if err != nil || len(files) == 0 {
		t.Fatalf("%q, %v", files, err)
	}
	f, err := rewrite.ForFormat("parquet", "a.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		var columns []string
		for _, c := range file.Root().Columns() {
			if c.Leaf() && (c.Type().Kind() == parquet.ByteArray && c.Type().LogicalType() != nil || c.Type().Kind() == parquet.Int64 && c.Type().LogicalType() == nil) {
				columns = append(columns, c.Name())
			}
		}
		if len(columns) == 0 {
			t.Errorf("%s has no columns to read: %v", name, file.Schema())
		}
		t.Logf("%s: %d records of %q", name, agree(t, f, erasure.Stored{Format: "parquet"}, raw, columns), columns)
	}
}

// TestDamage: damage is an error of kind Invalid, a store that fails is its own, and
// neither is a panic.
func TestDamage(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[person](&b)
	for i := range 50 {
		if _, err := w.Write([]person{{ID: fmt.Sprint("u", i), Mails: []string{"a", "b"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		raw := bytes.Clone(b.Bytes())
		if rng.IntN(4) == 0 {
			raw = raw[:rng.IntN(len(raw))]
		} else {
			for range 1 + rng.IntN(4) {
				raw[rng.IntN(len(raw))] ^= byte(1 << rng.IntN(8))
			}
		}
		_, err := second.Reader{}.Read(t.Context(), erasure.Stored{Format: "parquet"}, bytes.NewReader(raw), []string{"id", "mails"}, func([][]string) {})
		if err != nil && !lethe.Is(err, lethe.Invalid) && !lethe.Is(err, lethe.Unsupported) {
			t.Errorf("%v (%s)", err, lethe.KindOf(err))
		}
	}
	for _, format := range []string{"parquet", "jsonl", "csv"} {
		_, err := second.Reader{}.Read(t.Context(), erasure.Stored{Format: format}, failing{bytes.NewReader(b.Bytes())}, []string{"id"}, func([][]string) {})
		if !lethe.Is(err, lethe.Conflict) {
			t.Errorf("%s: %v", format, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := (second.Reader{}).Read(ctx, erasure.Stored{Format: format}, bytes.NewReader(b.Bytes()), []string{"id"}, func([][]string) {}); !lethe.Is(err, lethe.Canceled) {
			t.Errorf("%s, canceled: %v", format, err)
		}
	}
	if _, err := (second.Reader{}).Read(t.Context(), erasure.Stored{Format: "jsonl"}, bytes.NewReader([]byte{0x1f, 0x8b, 8, 0}), []string{"id"}, func([][]string) {}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("torn gzip: %v", err)
	}
}

// failing is an object that is replaced while it is read.
type failing struct{ object.Content }

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	return 0, lethe.Errorf(lethe.Conflict, "replaced")
}

var _ io.ReaderAt = failing{}
