package trinosql

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is the family of a [Type].
type Kind uint8

// The kinds of types.
const (
	KindUnknown Kind = iota // the type of NULL; coerces to any other
	KindBoolean
	KindTinyint
	KindSmallint
	KindInteger
	KindBigint
	KindReal
	KindDouble
	KindDecimal
	KindNumber
	KindVarchar
	KindChar
	KindVarbinary
	KindDate
	KindTime
	KindTimeZone // time(p) with time zone
	KindTimestamp
	KindTimestampZone // timestamp(p) with time zone
	KindIntervalDay   // interval day to second
	KindIntervalYear  // interval year to month
	KindJSON          //
	KindUUID          //
	KindIPAddress     //
	KindArray         //
	KindMap           //
	KindRow           //
	KindFunction      // a lambda: arguments, then the result
	KindJSONPath      // argument of JSON functions; varchar coerces to it
	KindRegexp        // argument of regexp functions (Trino's JoniRegExp); varchar coerces to it
	KindLikePattern   //
	KindCodePoints    // argument of trim functions; varchar coerces to it
	KindColor         //
	KindHyperLogLog   //
	KindP4HyperLogLog //
	KindSetDigest     //
	KindTDigest       //
	KindQDigest       // qdigest(T)
	KindJSON2016      // the SQL/JSON functions' item type
)

// MaxDecimalPrecision is the greatest number of digits of a decimal.
const MaxDecimalPrecision = 38

// Unbounded is the Length of varchar without a length.
const Unbounded = -1

// Type is a type of Trino SQL. Types are immutable and shared: make them with
// the constructors of this package, compare them with Equal.
type Type struct {
	Kind Kind
	// Precision is the number of digits of a decimal, the length in characters
	// of a varchar ([Unbounded] when it has none) or char, and the number of
	// fractional digits of the seconds of a time or timestamp (0 to 12).
	Precision int
	// Scale is the number of digits after a decimal's point.
	Scale int
	// Elems holds the element type of an array; key and value of a map; the
	// fields of a row; the parameters, then the result, of a function.
	Elems []*Type
	// Names holds a row's field names, "" for an anonymous field; nil when all
	// are anonymous.
	Names []string

	size int // how many types it is made of, itself included; 0 when unknown
}

// maxTypeSize bounds the parts of a type, so that a query cannot double a row's
// fields at every level.
const maxTypeSize = 10000

// composite returns a type made of others.
func composite(kind Kind, elems []*Type) *Type {
	t := &Type{Kind: kind, Elems: elems, size: 1}
	for _, e := range elems {
		t.size = min(t.size+max(e.size, 1), maxTypeSize+1)
	}
	return t
}

// Types without parameters, and the common instances of those with.
var (
	Unknown         = &Type{Kind: KindUnknown}
	Boolean         = &Type{Kind: KindBoolean}
	Tinyint         = &Type{Kind: KindTinyint}
	Smallint        = &Type{Kind: KindSmallint}
	Integer         = &Type{Kind: KindInteger}
	Bigint          = &Type{Kind: KindBigint}
	Real            = &Type{Kind: KindReal}
	Double          = &Type{Kind: KindDouble}
	Number          = &Type{Kind: KindNumber}
	Varchar         = &Type{Kind: KindVarchar, Precision: Unbounded}
	Varbinary       = &Type{Kind: KindVarbinary}
	Date            = &Type{Kind: KindDate}
	Time            = &Type{Kind: KindTime, Precision: 3}
	TimeZone        = &Type{Kind: KindTimeZone, Precision: 3}
	Timestamp       = &Type{Kind: KindTimestamp, Precision: 3}
	TimestampZone   = &Type{Kind: KindTimestampZone, Precision: 3}
	IntervalDay     = &Type{Kind: KindIntervalDay}
	IntervalYear    = &Type{Kind: KindIntervalYear}
	JSON            = &Type{Kind: KindJSON}
	UUID            = &Type{Kind: KindUUID}
	IPAddress       = &Type{Kind: KindIPAddress}
	jsonPathType    = &Type{Kind: KindJSONPath}
	regexpType      = &Type{Kind: KindRegexp}
	likePatternType = &Type{Kind: KindLikePattern}
	codePointsType  = &Type{Kind: KindCodePoints}
	colorType       = &Type{Kind: KindColor}
	hyperLogLogType = &Type{Kind: KindHyperLogLog}
	p4Type          = &Type{Kind: KindP4HyperLogLog}
	setDigestType   = &Type{Kind: KindSetDigest}
	tDigestType     = &Type{Kind: KindTDigest}
	json2016Type    = &Type{Kind: KindJSON2016}
)

// DecimalOf returns decimal(precision,scale).
func DecimalOf(precision, scale int) *Type {
	return &Type{Kind: KindDecimal, Precision: precision, Scale: scale}
}

// VarcharOf returns varchar(n), or varchar when n is [Unbounded].
func VarcharOf(n int) *Type {
	if n == Unbounded {
		return Varchar
	}
	return &Type{Kind: KindVarchar, Precision: n}
}

// CharOf returns char(n).
func CharOf(n int) *Type { return &Type{Kind: KindChar, Precision: n} }

// TimeOf returns time(p).
func TimeOf(p int) *Type { return &Type{Kind: KindTime, Precision: p} }

// TimeZoneOf returns time(p) with time zone.
func TimeZoneOf(p int) *Type { return &Type{Kind: KindTimeZone, Precision: p} }

// TimestampOf returns timestamp(p).
func TimestampOf(p int) *Type { return &Type{Kind: KindTimestamp, Precision: p} }

// TimestampZoneOf returns timestamp(p) with time zone.
func TimestampZoneOf(p int) *Type { return &Type{Kind: KindTimestampZone, Precision: p} }

// ArrayOf returns array(elem).
func ArrayOf(elem *Type) *Type { return composite(KindArray, []*Type{elem}) }

// MapOf returns map(key,value).
func MapOf(key, value *Type) *Type { return composite(KindMap, []*Type{key, value}) }

// RowOf returns a row of the given fields. names may be nil; otherwise it has
// one name for each field, "" for an anonymous one.
func RowOf(fields []*Type, names []string) *Type {
	if !slices.ContainsFunc(names, func(n string) bool { return n != "" }) {
		names = nil
	}
	t := composite(KindRow, fields)
	t.Names = names
	return t
}

// FunctionOf returns the type of a lambda.
func FunctionOf(params []*Type, result *Type) *Type {
	return composite(KindFunction, append(slices.Clone(params), result))
}

// Elem returns an array's element type, a map's value type, or nil.
func (t *Type) Elem() *Type {
	switch t.Kind {
	case KindArray, KindMap:
		return t.Elems[len(t.Elems)-1]
	}
	return nil
}

// Key returns a map's key type, or nil.
func (t *Type) Key() *Type {
	if t.Kind == KindMap {
		return t.Elems[0]
	}
	return nil
}

// Result returns a function type's result.
func (t *Type) Result() *Type { return t.Elems[len(t.Elems)-1] }

// Params returns a function type's parameters.
func (t *Type) Params() []*Type { return t.Elems[:len(t.Elems)-1] }

// FieldName returns the name of row field i, "" when it is anonymous.
func (t *Type) FieldName(i int) string {
	if t.Names == nil {
		return ""
	}
	return t.Names[i]
}

// Equal reports whether two types are the same, row field names included
// (their case does not count).
func (t *Type) Equal(u *Type) bool {
	if t == u {
		return true
	}
	if t == nil || u == nil || t.Kind != u.Kind || t.Precision != u.Precision || t.Scale != u.Scale ||
		len(t.Elems) != len(u.Elems) {
		return false
	}
	for i, e := range t.Elems {
		if !e.Equal(u.Elems[i]) || !strings.EqualFold(t.FieldName(i), u.FieldName(i)) {
			return false
		}
	}
	return true
}

var kindNames = [...]string{
	KindUnknown: "unknown", KindBoolean: "boolean", KindTinyint: "tinyint", KindSmallint: "smallint",
	KindInteger: "integer", KindBigint: "bigint", KindReal: "real", KindDouble: "double", KindDecimal: "decimal",
	KindNumber: "number", KindVarchar: "varchar", KindChar: "char", KindVarbinary: "varbinary", KindDate: "date",
	KindTime: "time", KindTimeZone: "time", KindTimestamp: "timestamp", KindTimestampZone: "timestamp",
	KindIntervalDay: "interval day to second", KindIntervalYear: "interval year to month", KindJSON: "json",
	KindUUID: "uuid", KindIPAddress: "ipaddress", KindArray: "array", KindMap: "map", KindRow: "row",
	KindFunction: "function", KindJSONPath: "JsonPath", KindRegexp: "JoniRegExp", KindLikePattern: "LikePattern",
	KindCodePoints: "CodePoints", KindColor: "color", KindHyperLogLog: "HyperLogLog", KindP4HyperLogLog: "P4HyperLogLog",
	KindSetDigest: "SetDigest", KindTDigest: "tdigest", KindQDigest: "qdigest", KindJSON2016: "json2016",
}

// String returns the type as Trino spells it: "decimal(10,2)",
// "row(a integer, b varchar)", "timestamp(3) with time zone".
func (t *Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *Type) write(b *strings.Builder) {
	b.WriteString(kindNames[t.Kind])
	switch t.Kind {
	case KindDecimal:
		b.WriteString("(" + strconv.Itoa(t.Precision) + "," + strconv.Itoa(t.Scale) + ")")
	case KindVarchar:
		if t.Precision != Unbounded {
			b.WriteString("(" + strconv.Itoa(t.Precision) + ")")
		}
	case KindChar, KindTime, KindTimestamp:
		b.WriteString("(" + strconv.Itoa(t.Precision) + ")")
	case KindTimeZone, KindTimestampZone:
		b.WriteString("(" + strconv.Itoa(t.Precision) + ") with time zone")
	case KindArray, KindMap, KindFunction, KindQDigest:
		b.WriteByte('(')
		for i, e := range t.Elems {
			if i > 0 {
				b.WriteString(", ")
			}
			e.write(b)
		}
		b.WriteByte(')')
	case KindRow:
		b.WriteByte('(')
		for i, e := range t.Elems {
			if i > 0 {
				b.WriteString(", ")
			}
			if n := t.FieldName(i); n != "" {
				b.WriteString(QuoteName(n))
				b.WriteByte(' ')
			}
			e.write(b)
		}
		b.WriteByte(')')
	}
}

// IsNumeric reports whether arithmetic is defined on t.
func (t *Type) IsNumeric() bool {
	switch t.Kind {
	case KindTinyint, KindSmallint, KindInteger, KindBigint, KindReal, KindDouble, KindDecimal, KindNumber:
		return true
	}
	return false
}

// IsInteger reports whether t is tinyint, smallint, integer or bigint.
func (t *Type) IsInteger() bool { return t.Kind >= KindTinyint && t.Kind <= KindBigint }

// IsString reports whether t is varchar or char.
func (t *Type) IsString() bool { return t.Kind == KindVarchar || t.Kind == KindChar }

// Comparable reports whether values of t can be tested for equality, and so
// grouped, joined and made distinct.
func (t *Type) Comparable() bool {
	switch t.Kind {
	case KindFunction, KindJSONPath, KindRegexp, KindLikePattern, KindCodePoints, KindColor,
		KindHyperLogLog, KindP4HyperLogLog, KindSetDigest, KindTDigest, KindQDigest, KindJSON2016:
		return false
	}
	for _, e := range t.Elems {
		if !e.Comparable() {
			return false
		}
	}
	return true
}

// Orderable reports whether values of t have an order (<, ORDER BY, min).
func (t *Type) Orderable() bool {
	switch t.Kind {
	case KindMap, KindJSON:
		return false
	}
	if !t.Comparable() {
		return false
	}
	for _, e := range t.Elems {
		if !e.Orderable() {
			return false
		}
	}
	return true
}
