// Package rewrite knows which format an object is in, for whoever erases from it.
// Its subpackages hold the formats: parquet, jsonl, csv, and compressed for text
// within gzip and zstd.
//
// What cannot be erased from yet is named in an error of kind Unsupported, by which
// a request lists the object as an exception: Avro, ORC, Iceberg, Delta Lake, Hudi
// and other formats and compressions. Nothing is half done.
package rewrite

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/erasure/rewrite/compressed"
	"lethe/erasure/rewrite/csv"
	"lethe/erasure/rewrite/jsonl"
	"lethe/erasure/rewrite/parquet"
)

// For returns the format of an object of a table; st is the storage of its
// partition, or the table's. How the object is compressed is told by its first bytes
// and not by its name, which may be wrong; so that it cannot be erased from may show
// only when it is read.
func For(t catalog.Table, st catalog.Storage, key string) (erasure.Format, error) {
	if st.SerDe.Library == "" && st.InputFormat == "" {
		st.SerDe, st.InputFormat = t.Storage.SerDe, t.Storage.InputFormat
	}
	if kind := tableFormat(t, st, key); kind != "" {
		return nil, unsupported("%s is of %s", key, kind).
			WithHint("erase with an engine that commits to the table, and expire its old snapshots")
	}
	if name := path.Base(key); name == "_metadata" || name == "_common_metadata" {
		return nil, unsupported("%s is a summary of Parquet files, with the least and greatest values of their columns", key).
			WithHint("delete it: readers do without")
	}
	serde := st.SerDe.Library
	if serde == catalog.Parquet.SerDe || serde == "parquet.hive.serde.ParquetHiveSerDe" {
		return parquetFile(key), nil
	}
	text, kind, err := textFormat(t, st)
	if err != nil {
		return nil, err
	}
	return textFile(text, kind, key)
}

// textFormat returns the format of a table of text.
func textFormat(t catalog.Table, st catalog.Storage) (erasure.Format, string, error) {
	serde := st.SerDe.Library
	where := fmt.Sprintf("table %s.%s", t.Database, t.Name)
	known := serde == catalog.TextFile.SerDe || serde == catalog.OpenCSV.SerDe || slices.Contains(catalog.JSONSerDes, serde)
	if !known || st.InputFormat != "" && st.InputFormat != catalog.TextFile.InputFormat {
		return nil, "", unsupported("%s is stored as %s", where, storedAs(st))
	}
	if !slices.Contains(catalog.JSONSerDes, serde) {
		f, err := csv.ForTable(t, st)
		return f, "delimited text", err
	}
	keys := map[string]string{}
	for name, value := range st.SerDe.Parameters {
		if column, ok := strings.CutPrefix(name, "mapping."); ok {
			keys[strings.ToLower(column)] = value
		}
		if name == "dots.in.keys" && strings.EqualFold(value, "true") {
			return nil, "", unsupported("%s reads JSON with dots.in.keys, so that its columns are not its keys", where)
		}
	}
	return jsonl.New(keys), "JSON lines", nil
}

// ForObject returns the format of an object that is in no table, by its name. CSV
// has a header.
func ForObject(key string) (erasure.Format, error) {
	name := strings.ToLower(path.Base(key))
	if compressions[path.Ext(name)] != "" {
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	switch ext := path.Ext(name); ext {
	case ".json", ".jsonl", ".ndjson":
		return textFile(jsonl.New(nil), "JSON lines", key)
	case ".csv", ".tsv":
		o := csv.Options{}
		if ext == ".tsv" {
			o.Separator = "\t"
		}
		f, err := csv.New(o)
		if err != nil {
			return nil, err
		}
		return textFile(f, "CSV", key)
	case ".parquet", ".parq":
		return parquetFile(key), nil
	case ".avro":
		return nil, unsupported("%s is Avro", key)
	case ".orc":
		return nil, unsupported("%s is ORC", key)
	}
	return nil, unsupported("%s is in a format that neither a table nor its name tells", key)
}

// ForFormat returns the format of an object that is in no table, by the format's
// name: csv, which has a header, jsonl or parquet.
func ForFormat(format, key string) (erasure.Format, error) {
	switch format {
	case "csv":
		f, err := csv.New(csv.Options{})
		if err != nil {
			return nil, err
		}
		return textFile(f, "CSV", key)
	case "jsonl":
		return textFile(jsonl.New(nil), "JSON lines", key)
	case "parquet":
		return parquetFile(key), nil
	}
	return nil, lethe.Errorf(lethe.Unsupported, "format %q is none of csv, jsonl and parquet", format)
}

// parquetFile is the format of a Parquet file, which must begin as one.
func parquetFile(key string) erasure.Format {
	return &sniffed{func(head []byte) (erasure.Format, error) {
		if kind := magic(head); kind != "" && kind != parquetName {
			return nil, mismatch(key, kind, parquetName)
		}
		return parquet.Format{}, nil
	}}
}

// textFile is the format of text within the compression that it begins as.
func textFile(text erasure.Format, kind, key string) (erasure.Format, error) {
	// Some compressions cannot be seen in the bytes.
	switch by := compressions[strings.ToLower(path.Ext(key))]; by {
	case "", gzipName, zstdName, bzip2Name, xzName, lz4Name, zipName:
	default:
		return nil, compression(key, by)
	}
	return &sniffed{func(head []byte) (erasure.Format, error) {
		switch is := magic(head); is {
		case "":
			return text, nil
		case gzipName:
			return compressed.Gzip(text), nil
		case zstdName:
			return compressed.Zstd(text), nil
		case parquetName, "Avro", "ORC", "SequenceFile", "RCFile":
			return nil, mismatch(key, is, kind)
		default:
			return nil, compression(key, is)
		}
	}}, nil
}

func compression(key, by string) error {
	return unsupported("%s is compressed by %s", key, by).WithHint("lethe erases from text as it is and within gzip and zstd")
}

// mismatch is the error about an object that is not what its table or name says.
func mismatch(key, is, says string) error {
	return lethe.Errorf(lethe.Invalid, "%s is %s, and not %s as its table or name says", key, is, says)
}

func unsupported(format string, args ...any) *lethe.Error {
	e := lethe.Errorf(lethe.Unsupported, format, args...)
	e.Message += "; lethe does not erase from it yet"
	return e
}
