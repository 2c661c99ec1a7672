package query

import "encoding/binary"

// metadataFile writes the companion of a result file: a protocol buffer whose
// field numbers are those that Athena's readers expect (as read by
// https://github.com/burtcorp/athena-jdbc, AthenaMetaDataParser): 1 the id of
// the query, 4 each column with 1 catalog, 4 name, 5 label, 6 type, 7
// precision, 8 scale, 9 nullability (3: unknown), 10 case sensitivity.
func metadataFile(id string, columns []Column) string {
	b := appendText(nil, 1, id)
	for _, c := range columns {
		m := appendText(nil, 1, "hive")
		m = appendText(m, 4, c.Name)
		m = appendText(m, 5, c.Name)
		m = appendText(m, 6, c.Type)
		m = appendNumber(m, 7, c.Precision)
		m = appendNumber(m, 8, c.Scale)
		m = appendNumber(m, 9, 3)
		if c.Type == "varchar" || c.Type == "char" {
			m = appendNumber(m, 10, 1)
		}
		b = appendText(b, 4, string(m))
	}
	return string(b)
}

func appendText(b []byte, field int, s string) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|2)
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendNumber(b []byte, field, n int) []byte {
	if n == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(field)<<3)
	return binary.AppendUvarint(b, uint64(n))
}
