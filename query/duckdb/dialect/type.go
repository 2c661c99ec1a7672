package dialect

import (
	"strconv"
	"strings"

	"lethe"
	"lethe/lib/trinosql"
)

// Type returns the DuckDB type that represents values of t inside a statement.
// The error is of kind Unsupported.
func Type(t *trinosql.Type) (string, error) {
	return duckType(t, false)
}

// StorageType returns the DuckDB type that a column of a base table with type t
// must have where the caller reads it: the natural one, as its Parquet reader
// gives it. Rows keep their field names; char(n) may have its padding or not.
// The error is of kind Unsupported.
func StorageType(t *trinosql.Type) (string, error) {
	return duckType(t, true)
}

func duckType(t *trinosql.Type, storage bool) (string, error) {
	switch t.Kind {
	case trinosql.KindUnknown:
		return "INTEGER", nil // DuckDB's own choice for NULL
	case trinosql.KindBoolean:
		return "BOOLEAN", nil
	case trinosql.KindTinyint:
		return "TINYINT", nil
	case trinosql.KindSmallint:
		return "SMALLINT", nil
	case trinosql.KindInteger, trinosql.KindIntervalYear:
		return "INTEGER", nil
	case trinosql.KindBigint, trinosql.KindIntervalDay:
		return "BIGINT", nil
	case trinosql.KindReal:
		return "FLOAT", nil
	case trinosql.KindDouble:
		return "DOUBLE", nil
	case trinosql.KindDecimal:
		return decimal(t.Precision, t.Scale), nil
	case trinosql.KindVarchar, trinosql.KindChar, trinosql.KindJSON,
		trinosql.KindJSONPath, trinosql.KindRegexp, trinosql.KindLikePattern, trinosql.KindCodePoints:
		return "VARCHAR", nil
	case trinosql.KindVarbinary, trinosql.KindIPAddress:
		return "BLOB", nil
	case trinosql.KindDate:
		return "DATE", nil
	case trinosql.KindUUID:
		return "UUID", nil
	case trinosql.KindTime:
		if t.Precision <= 6 {
			return "TIME", nil
		}
		return "BIGINT", nil
	case trinosql.KindTimeZone:
		return "STRUCT(t BIGINT, o INTEGER)", nil
	case trinosql.KindTimestamp:
		if t.Precision <= 6 {
			return "TIMESTAMP", nil
		}
		if storage {
			return "TIMESTAMP_NS", nil
		}
		return "STRUCT(u TIMESTAMP, p INTEGER)", nil
	case trinosql.KindTimestampZone:
		switch {
		case storage:
			return "TIMESTAMPTZ", nil
		case t.Precision <= 6:
			return "STRUCT(u TIMESTAMP, z VARCHAR)", nil
		}
		return "STRUCT(u TIMESTAMP, p INTEGER, z VARCHAR)", nil
	case trinosql.KindArray:
		s, err := duckType(t.Elem(), storage)
		return s + "[]", err
	case trinosql.KindMap:
		k, err := duckType(t.Key(), storage)
		if err != nil {
			return "", err
		}
		v, err := duckType(t.Elem(), storage)
		return "MAP(" + k + ", " + v + ")", err
	case trinosql.KindRow:
		fields := make([]string, len(t.Elems))
		for i, f := range t.Elems {
			s, err := duckType(f, storage)
			if err != nil {
				return "", err
			}
			name := field(i)
			if storage {
				name = "field" + strconv.Itoa(i) // as Trino shows an anonymous one
				if n := t.FieldName(i); n != "" {
					name = ident(n)
				}
			}
			fields[i] = name + " " + s
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")", nil
	}
	return "", lethe.Errorf(lethe.Unsupported, "type %s is not supported", t)
}

func decimal(precision, scale int) string {
	return "DECIMAL(" + strconv.Itoa(precision) + "," + strconv.Itoa(scale) + ")"
}

// field names field i of a row.
func field(i int) string { return "f" + strconv.Itoa(i+1) }

// typ is Type, refusing at p.
func (e *emitter) typ(p trinosql.Pos, t *trinosql.Type) string {
	s, err := Type(t)
	if err != nil {
		e.unsupported(p, "type %s is not supported", t)
	}
	return s
}

// fromStorage converts a base table's column to the representation used inside
// statements; most types need nothing.
func (e *emitter) fromStorage(x string, t *trinosql.Type) string {
	if !converts(t) {
		return x
	}
	switch t.Kind {
	case trinosql.KindChar:
		return "rtrim(" + x + ", ' ')"
	case trinosql.KindTimestamp:
		return e.expand("CASE WHEN $1 IS NOT NULL THEN struct_pack(u := CAST($1 AS TIMESTAMP), p := CAST((epoch_ns($1) % 1000 + 1000) % 1000 * 1000 AS INTEGER)) END", x)
	case trinosql.KindTimestampZone:
		if t.Precision > 6 {
			return e.expand("CASE WHEN $1 IS NOT NULL THEN struct_pack(u := timezone('UTC', $1), p := 0, z := 'UTC') END", x)
		}
		return e.build(e.expand("CASE WHEN $1 IS NOT NULL THEN struct_pack(u := timezone('UTC', $1), z := 'UTC') END", x), "timezone('UTC', "+x+")")
	case trinosql.KindArray:
		v := e.fresh(x)
		return "list_transform(" + x + ", lambda " + v + ": " + e.fromStorage(v, t.Elem()) + ")"
	case trinosql.KindMap:
		v := e.fresh(x)
		return "map_from_entries(list_transform(map_entries(" + x + "), lambda " + v + ": struct_pack(k := " +
			e.fromStorage(v+".key", t.Key()) + ", v := " + e.fromStorage(v+".value", t.Elem()) + ")))"
	case trinosql.KindRow:
		return e.bind(func(v []string) string {
			fields := make([]string, len(t.Elems))
			for i, f := range t.Elems {
				fields[i] = field(i) + " := " + e.fromStorage("struct_extract_at("+v[0]+", "+strconv.Itoa(i+1)+")", f)
			}
			return "CASE WHEN " + v[0] + " IS NOT NULL THEN struct_pack(" + strings.Join(fields, ", ") + ") END"
		}, x)
	}
	return x
}

// converts reports whether stored values of t differ from those in statements.
func converts(t *trinosql.Type) bool {
	switch t.Kind {
	case trinosql.KindChar, trinosql.KindTimestampZone, trinosql.KindRow:
		return true
	case trinosql.KindTimestamp:
		return t.Precision > 6
	case trinosql.KindArray, trinosql.KindMap:
		for _, el := range t.Elems {
			if converts(el) {
				return true
			}
		}
	}
	return false
}
