package rewrite_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/erasure/rewrite"
)

func table(f catalog.Format) catalog.Table {
	return catalog.Table{Database: "d", Name: "t", Parameters: map[string]string{}, Storage: catalog.Storage{
		Columns:     []catalog.Column{{Name: "user_id", Type: "string"}, {Name: "n", Type: "int"}},
		InputFormat: f.InputFormat, SerDe: catalog.SerDe{Library: f.SerDe, Parameters: map[string]string{}}}}
}

func with(t catalog.Table, params ...string) catalog.Table {
	for i := 0; i < len(params); i += 2 {
		t.Parameters[params[i]] = params[i+1]
	}
	return t
}

// TestFor: which format an object has, or as what it is refused.
func TestFor(t *testing.T) {
	orc := catalog.Format{InputFormat: "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", SerDe: "org.apache.hadoop.hive.ql.io.orc.OrcSerde"}
	avro := catalog.Format{InputFormat: "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat", SerDe: "org.apache.hadoop.hive.serde2.avro.AvroSerDe"}
	hudi := catalog.Format{InputFormat: "org.apache.hudi.hadoop.HoodieParquetInputFormat", SerDe: catalog.Parquet.SerDe}
	regex := catalog.Format{InputFormat: catalog.TextFile.InputFormat, SerDe: "org.apache.hadoop.hive.serde2.RegexSerDe"}
	sequence := catalog.Format{InputFormat: "org.apache.hadoop.mapred.SequenceFileInputFormat", SerDe: catalog.TextFile.SerDe}
	for _, c := range []struct {
		table     catalog.Table
		key, head string
		want      string // a format, or words of an error
	}{
		{table(catalog.Parquet), "a", "PAR1", "parquet"},
		{table(catalog.JSON), "a.json", "{}", "text"},
		{table(catalog.JSON), "a.json.gz", "{}", "text"},
		{table(catalog.JSON), "a.json", "\x1f\x8b\x08", "compressed"},
		{table(catalog.JSON), "a", "\x28\xb5\x2f\xfd", "compressed"},
		{table(catalog.JSON), "a", "\x51\x2a\x4d\x18", "compressed"},
		{table(catalog.OpenCSV), "a.csv", "a,1", "text"},
		{table(catalog.TextFile), "a.zst", "\x28\xb5\x2f\xfd", "compressed"},
		{table(catalog.TextFile), "a.bz2", "BZh9", "unsupported: bzip2"},
		{table(catalog.TextFile), "a", "BZh9", "unsupported: bzip2"},
		{table(catalog.TextFile), "a", "\xfd7zXZ\x00", "unsupported: xz"},
		{table(catalog.TextFile), "a", "\x04\x22\x4d\x18", "unsupported: LZ4"},
		{table(catalog.TextFile), "a.snappy", "\x00\x00", "unsupported: Snappy"},
		{table(catalog.TextFile), "a.deflate", "\x78\x9c", "unsupported: DEFLATE"},
		{table(catalog.JSON), "a", "PAR1", "invalid: Parquet"},
		{table(catalog.JSON), "a", "Obj\x01", "invalid: Avro"},
		{table(catalog.Parquet), "a", "ORC", "invalid: ORC"},
		{table(orc), "a", "ORC", "unsupported: ORC"},
		{table(avro), "a", "Obj\x01", "unsupported: Avro"},
		{table(regex), "a", "", "unsupported: regular expression"},
		{table(sequence), "a", "", "unsupported: SequenceFile"},
		{table(hudi), "a.parquet", "PAR1", "unsupported: Hudi"},
		{with(table(catalog.Parquet), "table_type", "ICEBERG"), "a.parquet", "PAR1", "unsupported: Iceberg"},
		{with(table(catalog.Parquet), "spark.sql.sources.provider", "delta"), "a.parquet", "PAR1", "unsupported: Delta"},
		{table(catalog.Parquet), "t/_delta_log/00.json", "{}", "unsupported: Delta"},
		{with(table(catalog.Parquet), "spark.sql.sources.provider", "hudi"), "a.parquet", "PAR1", "unsupported: Hudi"},
		{with(table(catalog.TextFile), "storage_handler", "org.apache.hadoop.hive.hbase.HBaseStorageHandler"), "a", "", "unsupported: HBase"},
		{table(catalog.Parquet), "t/_metadata", "PAR1", "unsupported: summary"},
	} {
		got := ""
		f, err := rewrite.For(c.table, c.table.Storage, c.key)
		if err == nil {
			got, err = what(f, c.head)
		}
		if err != nil {
			got = string(lethe.KindOf(err)) + ": " + err.Error()
		}
		kind, words, _ := strings.Cut(c.want, ": ")
		if got != c.want && (words == "" || !strings.HasPrefix(got, kind) || !strings.Contains(got, words)) {
			t.Errorf("%s that begins with %q in a table of %s: %s, want %s", c.key, c.head, c.table.Storage.SerDe.Library, got, c.want)
		}
	}
}

// what tells the format of an object by what it answers for one that ends after its
// first bytes.
func what(f erasure.Format, head string) (string, error) {
	_, err := f.Plan(context.Background(), strings.NewReader(head), erasure.Cut{Columns: []string{"user_id"}, Traces: []string{"x"},
		Match: func([][]string) bool { return false }})
	switch {
	case err == nil:
		return "text", nil
	case lethe.Is(err, lethe.Invalid) && (strings.Contains(err.Error(), "gzip data") || strings.Contains(err.Error(), "zstd data")):
		return "compressed", nil
	case lethe.Is(err, lethe.Invalid) && strings.HasPrefix(head, "PAR1") && !strings.Contains(err.Error(), "table or name"):
		return "parquet", nil
	}
	return "", err
}

func TestForObject(t *testing.T) {
	for _, c := range []struct{ key, head, want string }{
		{"in/1001-guid.csv", "user_id,name", "text"},
		{"a.TSV", "user_id\tname", "text"},
		{"a.ndjson.gz", "\x1f\x8b", "compressed"},
		{"a.parquet", "PAR1", "parquet"},
		{"a.avro", "Obj\x01", "unsupported"},
		{"a.orc", "ORC", "unsupported"},
		{"a.docx", "PK\x03\x04", "unsupported"},
		{"a", "text", "unsupported"},
	} {
		got := ""
		f, err := rewrite.ForObject(c.key)
		if err == nil {
			got, err = what(f, c.head)
		}
		if err != nil {
			got = string(lethe.KindOf(err))
		}
		if got != c.want {
			t.Errorf("%s that begins with %q: %s (%v), want %s", c.key, c.head, got, err, c.want)
		}
	}
}

// TestForReads: what is returned reads objects as queries of the table do.
func TestForReads(t *testing.T) {
	mapped := table(catalog.JSON)
	mapped.Storage.SerDe.Parameters["mapping.user_id"] = "userId"
	tabs := table(catalog.TextFile)
	tabs.Storage.SerDe.Parameters["field.delim"] = `\t`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(`{"user_id":"alice"}`))
	z.Close()
	for _, c := range []struct {
		table catalog.Table
		obj   string
	}{
		{mapped, `{"userId":"alice","user_id":"bob"}`},
		{with(table(catalog.OpenCSV), "skip.header.line.count", "1"), "x,y\n\"alice\",1\n"},
		{tabs, "alice\t1\n"},
		{table(catalog.JSON), zipped.String()},
	} {
		f, err := rewrite.For(c.table, c.table.Storage, "a")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for r, err := range f.Records(context.Background(), bytes.NewReader([]byte(c.obj)), []string{"user_id"}, nil) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Values[0]...)
		}
		if !slices.Equal(got, []string{"alice"}) {
			t.Errorf("%q has users %q", c.obj, got)
		}
	}
}
