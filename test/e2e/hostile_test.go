package e2e

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"hash/crc32"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe/test/lake"
)

// TestStatementsReachNothingButTables tries what a person types who wants more
// than tables. (What a statement cannot say, the worker must refuse as well:
// see package query/duckdb.)
func TestStatementsReachNothingButTables(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve")
	secret := filepath.Join(t.TempDir(), "secret.csv")
	write(t, secret, []byte("a\n1\n"))
	for statement, want := range map[string]string{
		"SELECT * FROM '/etc/passwd'":                                             "line 1:15",
		`SELECT * FROM "/etc/passwd"`:                                             "does not exist",
		`SELECT * FROM "` + secret + `"`:                                          "does not exist",
		`SELECT * FROM default."../../etc/passwd"`:                                "does not exist",
		"SELECT * FROM read_text('/etc/passwd')":                                  "line 1:24",
		"SELECT * FROM TABLE(read_csv('/etc/passwd'))":                            "read_csv",
		"SELECT read_blob('/etc/passwd')":                                         "Function 'read_blob' not registered",
		"SELECT getenv('HOME')":                                                   "Function 'getenv' not registered",
		"SELECT query('SELECT 1')":                                                "Function 'query' not registered",
		"COPY (SELECT 1) TO '/tmp/x'":                                             "line 1:1",
		"ATTACH '/tmp/x.db'":                                                      "line 1:1",
		"INSTALL httpfs":                                                          "line 1:1",
		"LOAD httpfs":                                                             "line 1:1",
		"PRAGMA database_list":                                                    "line 1:1",
		"SET SESSION memory_limit = '1TB'":                                        "not supported",
		"SELECT * FROM duckdb_settings()":                                         "line 1:30",
		"SELECT * FROM information_schema.tables":                                 "",
		"SELECT 1; SELECT 2":                                                      "one",
		"SELECT * FROM sqlite_master":                                             "does not exist",
		"CREATE EXTERNAL TABLE x (a int) LOCATION '/etc/'":                        "s3://",
		"CREATE EXTERNAL TABLE x (a int) LOCATION 'file:///etc/'":                 "s3://",
		"SELECT " + strings.Repeat("(", 20000) + "1" + strings.Repeat(")", 20000): "line 1:",
	} {
		rows, err := l.Query(t, statement)
		if err == nil {
			t.Errorf("%.80s answers %q", statement, rows)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s:\n got %v\nwant %s", statement, err, want)
		}
		if strings.Contains(err.Error(), l.Data) {
			t.Errorf("%.80s tells where the lake lies: %v", statement, err)
		}
	}
	if got := l.SQL(t, "SELECT 1"); len(got) != 1 || got[0] != "1" {
		t.Error("after all that:", got)
	}
}

// TestFilesThatAreNotWhatTheirTableSays reads tables over damaged and foreign files.
func TestFilesThatAreNotWhatTheirTableSays(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "serve", "--query-memory", "512MiB")
	l.Bucket(t, "bad")
	l.Put(t, "bad", "good/x.json", `{"a":1,"b":"x"}`+"\n")
	l.SQL(t, "CREATE EXTERNAL TABLE good (a bigint, b string) STORED AS JSONFILE LOCATION 's3://bad/good/'")

	t.Run("Parquet that is cut off", func(t *testing.T) {
		l.Put(t, "bad", "cut/x.parquet", "PAR1 and then nothing more of it")
		l.SQL(t, "CREATE EXTERNAL TABLE cut (a bigint) STORED AS PARQUET LOCATION 's3://bad/cut/'")
		fails(t, l, "SELECT * FROM cut", "HIVE_BAD_DATA", "s3://bad/cut/x.parquet")
	})
	t.Run("Parquet behind a table of other types", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "x.csv")
		write(t, file, []byte("a,b\n1,x\n"))
		l.Run(t, lake.Binary(t), "ingest", "-q", "--data", l.Data, "--table", "typed", "--location", "s3://bad/typed/", "--columns", "a bigint, b string", file)
		l.SQL(t, "CREATE EXTERNAL TABLE other (a string, b double) STORED AS PARQUET LOCATION 's3://bad/typed/'")
		fails(t, l, "SELECT a FROM other", "HIVE_BAD_DATA", "s3://bad/typed/", "a", "varchar")
		fails(t, l, "SELECT b FROM other", "HIVE_BAD_DATA", "double")
		if got := l.SQL(t, "SELECT a, b FROM typed"); got[0] != "1|x" {
			t.Error(got)
		}
	})
	t.Run("a data catalog that nobody has", func(t *testing.T) {
		fails(t, l, "SELECT * FROM nowhere.default.good", "CATALOG_NOT_FOUND", "line 1:15", "nowhere")
	})
	t.Run("JSON that is none", func(t *testing.T) {
		l.Put(t, "bad", "json/x.json", "{\"a\":1}\n{\"a\": oops}\n")
		l.SQL(t, "CREATE EXTERNAL TABLE json (a bigint) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://bad/json/'")
		fails(t, l, "SELECT * FROM json", "HIVE_BAD_DATA", "s3://bad/json/x.json")
	})
	t.Run("a line of 2 GB", func(t *testing.T) {
		key, bucket := "line/x.csv.gz", "bad"
		if _, err := l.S3(t).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(longLine(t))}); err != nil {
			t.Fatal(err)
		}
		l.SQL(t, "CREATE EXTERNAL TABLE line (a string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://bad/line/'")
		fails(t, l, "SELECT count(*), max(length(a)) FROM line", "s3://bad/line/x.csv.gz", "longer than")
	})
	if got := l.SQL(t, "SELECT a, b FROM good"); len(got) != 1 || got[0] != "1|x" {
		t.Error("the server is harmed:", got)
	}
	if !l.Alive() {
		t.Error("the server has died")
	}
}

// longLine returns 2 GB of one letter, compressed. Compressing that much would
// take longer than the rest of the test: compressed blocks of one letter are
// alike, so one is made and repeated.
func longLine(t *testing.T) []byte {
	t.Helper()
	const size, blocks = 8 << 20, 256
	block := bytes.Repeat([]byte("x"), size)
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(block); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	sum := crc32.NewIEEE()
	for range blocks {
		sum.Write(block)
	}
	// RFC 1952: header, deflated blocks, the last of them empty, checksum, size.
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	out = append(out, bytes.Repeat(b.Bytes(), blocks)...)
	out = append(out, 3, 0)
	out = binary.LittleEndian.AppendUint32(out, sum.Sum32())
	return binary.LittleEndian.AppendUint32(out, uint32(size*blocks))
}

// fails runs a statement that must fail with a reason that holds all of want.
func fails(t *testing.T, l *lake.Lake, statement string, want ...string) {
	t.Helper()
	rows, err := l.Query(t, statement)
	if err == nil {
		t.Errorf("%s answers %.200q", statement, rows)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s:\n got %v\nwant %s", statement, err, w)
		}
	}
	if strings.Contains(err.Error(), l.Data) {
		t.Errorf("%s tells where the lake lies: %v", statement, err)
	}
}
