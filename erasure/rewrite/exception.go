package rewrite

import (
	"bytes"
	"strings"

	"lethe/catalog"
)

// Formats that are told by their first bytes.
const (
	parquetName = "Parquet"
	gzipName    = "gzip"
	zstdName    = "zstd"
	bzip2Name   = "bzip2"
	xzName      = "xz"
	lz4Name     = "LZ4"
	zipName     = "ZIP"
)

// compressions by the end of a name.
var compressions = map[string]string{
	".gz": gzipName, ".gzip": gzipName, ".zst": zstdName, ".zstd": zstdName, ".bz2": bzip2Name, ".xz": xzName, ".lz4": lz4Name,
	".snappy": "Snappy", ".sz": "Snappy", ".lzo": "LZO", ".lzo_deflate": "LZO", ".deflate": "DEFLATE", ".zz": "DEFLATE",
	".br": "Brotli", ".z": "compress", ".zip": zipName, ".7z": "7-Zip",
}

// magic names what begins as an object does; "" if its bytes tell nothing.
func magic(head []byte) string {
	for _, m := range []struct{ begin, name string }{
		{"PAR1", parquetName}, {"PARE", parquetName},
		{"\x1f\x8b", gzipName}, {"\x28\xb5\x2f\xfd", zstdName},
		{"BZh", bzip2Name}, {"\xfd7zXZ\x00", xzName}, {"\x04\x22\x4d\x18", lz4Name}, {"\x02\x21\x4c\x18", lz4Name},
		{"\xff\x06\x00\x00sNaPpY", "Snappy"}, {"\x89LZO\x00", "LZO"}, {"\x1f\x9d", "compress"}, {"PK\x03\x04", zipName}, {"7z\xbc\xaf\x27\x1c", "7-Zip"},
		{"Obj\x01", "Avro"}, {"ORC", "ORC"}, {"SEQ\x06", "SequenceFile"}, {"RCF\x01", "RCFile"},
	} {
		if bytes.HasPrefix(head, []byte(m.begin)) {
			return m.name
		}
	}
	// A skippable frame of zstd may come first.
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}) {
		return zstdName
	}
	return ""
}

// tableFormat names the table format that an object belongs to, whose files are
// changed by commits and not by themselves; "" if there is none.
func tableFormat(t catalog.Table, st catalog.Storage, key string) string {
	classes := strings.ToLower(st.InputFormat + " " + st.SerDe.Library + " " + t.Parameters["storage_handler"])
	is := func(name string) bool {
		return strings.EqualFold(t.Parameters["table_type"], name) || strings.EqualFold(t.Parameters["spark.sql.sources.provider"], name) ||
			strings.Contains(classes, "."+name+".")
	}
	inside := func(dir string) bool { return strings.HasPrefix(key, dir+"/") || strings.Contains(key, "/"+dir+"/") }
	switch {
	case is("iceberg") || t.Parameters["metadata_location"] != "":
		return "an Iceberg table"
	case is("delta") || inside("_delta_log"):
		return "a Delta Lake table"
	case is("hudi") || inside(".hoodie"):
		return "a Hudi table"
	case t.Parameters["storage_handler"] != "":
		return "a table with the storage handler " + t.Parameters["storage_handler"]
	case t.Type == catalog.VirtualView:
		return "a view, which has no objects"
	}
	return ""
}

// storedAs names the format of a storage that is not supported.
func storedAs(st catalog.Storage) string {
	for _, f := range []struct{ part, name string }{
		{"Orc", "ORC"}, {"Avro", "Avro"}, {"Symlink", "symbolic links to objects"}, {"Sequence", "SequenceFile"}, {"RCFile", "RCFile"},
		{"Regex", "lines that a regular expression takes apart"}, {"Grok", "lines that a Grok pattern takes apart"}, {"CloudTrail", "CloudTrail logs"},
		{"Ion", "Amazon Ion"}, {"MultiDelimit", "text with delimiters of several characters"}, {"Lzo", "text in LZO"}, {"Thrift", "Thrift"}, {"Xml", "XML"},
	} {
		if strings.Contains(st.SerDe.Library, f.part) || strings.Contains(st.InputFormat, f.part) {
			return f.name
		}
	}
	if st.SerDe.Library != "" {
		return st.SerDe.Library
	}
	return "an unnamed format"
}
