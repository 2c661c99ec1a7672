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

// HeadSize is how many bytes of an object's beginning are worth passing as head.
const HeadSize = 16

// For returns the format of an object of a table; st is the storage of its
// partition, or the table's. head is the object's beginning. How the object is
// compressed is told by its first bytes and not by its name, which may be wrong; only
// where head is nil does the name decide.
func For(t catalog.Table, st catalog.Storage, key string, head []byte) (erasure.Format, error) {
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
		if kind := magic(head); kind != "" && kind != parquetName {
			return nil, mismatch(key, kind, parquetName)
		}
		return parquet.Format{}, nil
	}
	text, kind, err := textFormat(t, st)
	if err != nil {
		return nil, err
	}
	return compression(text, kind, key, head)
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

// ForObject returns the format of an object that is in no table, by its name.
// CSV has a header.
func ForObject(key string, head []byte) (erasure.Format, error) {
	name := strings.ToLower(path.Base(key))
	if by := compressions[path.Ext(name)]; by != "" {
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	switch ext := path.Ext(name); ext {
	case ".json", ".jsonl", ".ndjson":
		return compression(jsonl.New(nil), "JSON lines", key, head)
	case ".csv", ".tsv":
		o := csv.Options{}
		if ext == ".tsv" {
			o.Separator = "\t"
		}
		f, err := csv.New(o)
		if err != nil {
			return nil, err
		}
		return compression(f, "CSV", key, head)
	case ".parquet", ".parq":
		if kind := magic(head); kind != "" && kind != parquetName {
			return nil, mismatch(key, kind, parquetName)
		}
		return parquet.Format{}, nil
	case ".avro":
		return nil, unsupported("%s is Avro", key)
	case ".orc":
		return nil, unsupported("%s is ORC", key)
	}
	if kind := magic(head); kind == parquetName {
		return parquet.Format{}, nil
	} else if kind != "" {
		return nil, unsupported("%s is %s", key, kind)
	}
	return nil, unsupported("%s is in a format that neither a table nor its name tells", key)
}

// compression wraps the format of text in that of its compression.
func compression(text erasure.Format, kind, key string, head []byte) (erasure.Format, error) {
	by := compressions[strings.ToLower(path.Ext(key))]
	if seen := magic(head); seen != "" {
		by = seen
	} else if head != nil && (by == gzipName || by == zstdName || by == bzip2Name || by == xzName) {
		by = "" // it would have been seen
	}
	switch by {
	case "":
		return text, nil
	case gzipName:
		return compressed.Gzip(text), nil
	case zstdName:
		return compressed.Zstd(text), nil
	case parquetName, "Avro", "ORC", "SequenceFile", "RCFile":
		return nil, mismatch(key, by, kind)
	}
	return nil, unsupported("%s is compressed by %s", key, by).WithHint("lethe erases from text as it is and within gzip and zstd")
}

func mismatch(key, is, says string) error {
	return lethe.Errorf(lethe.Invalid, "%s is %s, and not %s as its table or name says", key, is, says)
}

func unsupported(format string, args ...any) *lethe.Error {
	e := lethe.Errorf(lethe.Unsupported, format, args...)
	e.Message += "; lethe does not erase from it yet"
	return e
}
