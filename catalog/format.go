package catalog

import "strings"

// Format is a file format that tables are read and written in.
type Format struct {
	// Name as STORED AS has it.
	Name string
	// The classes that a Hive table of this format names.
	InputFormat, OutputFormat, SerDe string
}

// The formats that lethe reads.
var (
	Parquet = Format{"PARQUET",
		"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		"org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
		"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}
	TextFile = Format{"TEXTFILE",
		"org.apache.hadoop.mapred.TextInputFormat",
		"org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
		"org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}
	OpenCSV = Format{"TEXTFILE", TextFile.InputFormat, TextFile.OutputFormat,
		"org.apache.hadoop.hive.serde2.OpenCSVSerde"}
	JSON = Format{"TEXTFILE", TextFile.InputFormat, TextFile.OutputFormat,
		"org.openx.data.jsonserde.JsonSerDe"}
)

// JSONSerDes are the classes that read one JSON object a line.
var JSONSerDes = []string{JSON.SerDe, "org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe"}

// PartitionName writes a partition's values as Hive does: key=value/key=value,
// with the characters that Hive escapes in a path as %XX.
func PartitionName(keys []Column, values []string) string {
	var b strings.Builder
	for i, k := range keys {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(EscapePath(k.Name))
		b.WriteByte('=')
		v := DefaultValue
		if i < len(values) && values[i] != "" {
			v = values[i]
		}
		b.WriteString(EscapePath(v))
	}
	return b.String()
}

// EscapePath escapes what Hive's FileUtils.escapePathName escapes.
func EscapePath(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < 0x20 || c == 0x7f || strings.IndexByte("\"#%'*/:=?\\{[]^", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// UnescapePath undoes EscapePath; what is not an escape stays as it is.
func UnescapePath(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
