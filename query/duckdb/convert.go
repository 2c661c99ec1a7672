package duckdb

import (
	"math"
	"strconv"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"lethe/lib/trinosql"
)

// fromParquet writes a column of a Parquet file as a value of a table's column.
// It follows Trino in what it takes for compatible. millis is true if a
// timestamp is stored in milliseconds.
func fromParquet(x string, found duck.TypeInfo, want *trinosql.Type, wantDuck string, millis bool) (string, bool) {
	exact, ok := compatible(found, want)
	exact = exact && (want.Kind != trinosql.KindTimestamp || want.Precision >= 6 || want.Precision == 3 && millis)
	switch {
	case !ok:
		return "", false
	case exact:
		return x, true
	}
	f := found.InternalType()
	switch want.Kind {
	case trinosql.KindVarchar, trinosql.KindChar:
		if f == duck.TYPE_BLOB { // text without the annotation
			x = "decode(" + x + ")"
		} else if f != duck.TYPE_VARCHAR {
			x = "CAST(" + x + " AS VARCHAR)"
		}
		return bounded(x, want), true
	case trinosql.KindVarbinary:
		return "encode(" + x + ")", true
	case trinosql.KindTimestamp:
		if wantDuck != "TIMESTAMP" {
			break
		}
		if f == duck.TYPE_TIMESTAMP_TZ { // UTC, without the cost of DuckDB's cast
			x = "make_timestamp(epoch_us(" + x + "))"
		} else if f != duck.TYPE_TIMESTAMP {
			x = "CAST(" + x + " AS TIMESTAMP)"
		}
		if want.Precision == 3 && millis {
			return x, true
		}
		return rounded(x, want), true
	}
	return "CAST(" + x + " AS " + wantDuck + ")", true
}

// rounded rounds timestamps half up to the digits of their type, as Trino does
// when it reads more. Most need none of it.
func rounded(x string, t *trinosql.Type) string {
	if t.Precision >= 6 {
		return x
	}
	us, unit := "epoch_us("+x+")", strconv.Itoa(int(math.Pow10(6-t.Precision)))
	half := "(" + us + " + " + unit + " // 2)"
	return "CASE WHEN " + us + " % " + unit + " = 0 THEN " + x +
		" ELSE make_timestamp(" + half + " - (" + half + " % " + unit + " + " + unit + ") % " + unit + ") END"
}

// bounded cuts text to the length of its type, as Trino does when it reads.
func bounded(x string, t *trinosql.Type) string {
	if t.Precision == trinosql.Unbounded {
		return x
	}
	n := strconv.Itoa(t.Precision)
	return "CASE WHEN strlen(" + x + ") <= " + n + " THEN " + x + " ELSE left(" + x + ", " + n + ") END"
}

// compatible reports whether a stored type can be read as a table's, and
// whether it is the same.
func compatible(found duck.TypeInfo, want *trinosql.Type) (exact, ok bool) {
	f := found.InternalType()
	is := func(same duck.Type, others ...duck.Type) (bool, bool) {
		if f == same {
			return true, true
		}
		for _, o := range others {
			if f == o {
				return false, true
			}
		}
		return false, false
	}
	integer := func(same duck.Type) (bool, bool) {
		if d, ok := found.Details().(*duck.DecimalDetails); ok && d.Scale == 0 {
			return false, true
		}
		return is(same, duck.TYPE_TINYINT, duck.TYPE_SMALLINT, duck.TYPE_INTEGER, duck.TYPE_BIGINT,
			duck.TYPE_UTINYINT, duck.TYPE_USMALLINT, duck.TYPE_UINTEGER, duck.TYPE_UBIGINT)
	}
	switch want.Kind {
	case trinosql.KindBoolean:
		return is(duck.TYPE_BOOLEAN)
	case trinosql.KindTinyint:
		return integer(duck.TYPE_TINYINT)
	case trinosql.KindSmallint:
		return integer(duck.TYPE_SMALLINT)
	case trinosql.KindInteger:
		return integer(duck.TYPE_INTEGER)
	case trinosql.KindBigint:
		return integer(duck.TYPE_BIGINT)
	case trinosql.KindReal:
		return is(duck.TYPE_FLOAT)
	case trinosql.KindDouble:
		return is(duck.TYPE_DOUBLE, duck.TYPE_FLOAT)
	case trinosql.KindDecimal:
		if d, ok := found.Details().(*duck.DecimalDetails); ok {
			return int(d.Width) == want.Precision && int(d.Scale) == want.Scale, true
		}
		_, ok := integer(duck.TYPE_INVALID)
		return false, ok
	case trinosql.KindVarchar:
		exact, ok := is(duck.TYPE_VARCHAR, duck.TYPE_BLOB, duck.TYPE_UUID, duck.TYPE_ENUM)
		return exact && want.Precision == trinosql.Unbounded, ok
	case trinosql.KindChar:
		_, ok := is(duck.TYPE_VARCHAR, duck.TYPE_BLOB)
		return false, ok
	case trinosql.KindVarbinary:
		return is(duck.TYPE_BLOB, duck.TYPE_VARCHAR)
	case trinosql.KindDate:
		return is(duck.TYPE_DATE)
	case trinosql.KindTimestamp:
		same := duck.TYPE_TIMESTAMP
		if want.Precision > 6 {
			same = duck.TYPE_TIMESTAMP_NS
		}
		return is(same, duck.TYPE_TIMESTAMP, duck.TYPE_TIMESTAMP_NS, duck.TYPE_TIMESTAMP_MS, duck.TYPE_TIMESTAMP_S, duck.TYPE_TIMESTAMP_TZ)
	case trinosql.KindTimestampZone:
		return is(duck.TYPE_TIMESTAMP_TZ)
	case trinosql.KindUUID:
		return is(duck.TYPE_UUID)
	case trinosql.KindArray:
		d, isList := found.Details().(*duck.ListDetails)
		if !isList {
			return false, false
		}
		return compatible(d.Child, want.Elem())
	case trinosql.KindMap:
		d, isMap := found.Details().(*duck.MapDetails)
		if !isMap {
			return false, false
		}
		exactKey, okKey := compatible(d.Key, want.Key())
		exact, ok := compatible(d.Value, want.Elem())
		return exact && exactKey, ok && okKey
	case trinosql.KindRow:
		d, isStruct := found.Details().(*duck.StructDetails)
		if !isStruct {
			return false, false
		}
		exact, common := len(d.Entries) == len(want.Elems), false
		for i, e := range want.Elems {
			for j, entry := range d.Entries {
				if !strings.EqualFold(entry.Name(), want.FieldName(i)) {
					continue
				}
				same, ok := compatible(entry.Info(), e)
				if !ok {
					return false, false
				}
				common = true
				exact = exact && same && i == j
			}
			exact = exact && i < len(d.Entries) && strings.EqualFold(d.Entries[i].Name(), want.FieldName(i))
		}
		// DuckDB casts between structs by name, and needs one in common.
		return exact, common
	}
	return false, false
}
