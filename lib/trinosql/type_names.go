package trinosql

import (
	"strconv"
	"strings"
)

// ParseType parses a type as Trino writes it: "array(varchar(3))", "row(a
// integer, b timestamp(6) with time zone)". Its error is an [*Error].
func ParseType(s string) (*Type, error) {
	p := &parser{src: s, toks: Lex(s, false)}
	var t *Type
	err := p.run(func() {
		te := p.typeExpr()
		if p.tok().Kind != EOF {
			p.expected("<EOF>")
		}
		var err *Error
		if t, err = resolveType(te, false); err != nil {
			panic(bailout{err})
		}
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

var trinoNames = map[string]*Type{
	"boolean": Boolean, "tinyint": Tinyint, "smallint": Smallint, "integer": Integer, "int": Integer, "bigint": Bigint,
	"real": Real, "double": Double, "number": Number, "varbinary": Varbinary, "date": Date,
	"interval day to second": IntervalDay, "interval day": IntervalDay, "interval second": IntervalDay,
	"interval year to month": IntervalYear, "interval year": IntervalYear, "interval month": IntervalYear,
	"json": JSON, "uuid": UUID, "ipaddress": IPAddress, "unknown": Unknown, "jsonpath": jsonPathType,
	"joniregexp": regexpType, "likepattern": likePatternType, "codepoints": codePointsType, "color": colorType,
	"hyperloglog": hyperLogLogType, "p4hyperloglog": p4Type, "setdigest": setDigestType, "tdigest": tDigestType,
	"json2016": json2016Type,
}

var hiveNames = map[string]*Type{
	"boolean": Boolean, "tinyint": Tinyint, "smallint": Smallint, "int": Integer, "integer": Integer, "bigint": Bigint,
	"float": Real, "double": Double, "string": Varchar, "binary": Varbinary, "date": Date, "timestamp": Timestamp,
}

// The greatest lengths of Trino's texts.
const (
	maxVarchar = 1<<31 - 2
	maxChar    = 65536
)

// resolveType finds the type that te names, in Trino's vocabulary or Hive's.
func resolveType(te *TypeExpr, hive bool) (*Type, *Error) {
	unknown := func() (*Type, *Error) {
		return nil, errorf(te.Pos(), TypeNotFound, "Unknown type: %s", te)
	}
	elems := make([]*Type, 0, len(te.Params))
	nums := make([]int, 0, len(te.Params))
	for _, p := range te.Params {
		if p.T == nil {
			n, ok := intText(strings.ReplaceAll(p.N, "_", ""))
			if !ok || n > maxVarchar {
				return nil, errorf(te.Pos(), TypeNotFound, "Number out of range in type: %s", te)
			}
			nums = append(nums, int(n))
			continue
		}
		e, err := resolveType(p.T, hive)
		if err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	if len(elems) > 0 && len(nums) > 0 {
		return unknown()
	}
	names := trinoNames
	if hive {
		names = hiveNames
	}
	if t := names[te.Name]; t != nil && len(te.Params) == 0 && !te.Zone && te.Fields == nil {
		return t, nil
	}
	count := func(lo, hi int) bool { return len(elems) == 0 && len(nums) >= lo && len(nums) <= hi }
	switch te.Name {
	case "decimal", "dec", "numeric":
		if !count(0, 2) || te.Name != "decimal" && !hive {
			return unknown()
		}
		precision, scale := MaxDecimalPrecision, 0
		if hive {
			precision = 10
		}
		if len(nums) > 0 {
			precision = nums[0]
		}
		if len(nums) > 1 {
			scale = nums[1]
		}
		if precision < 1 || precision > MaxDecimalPrecision {
			return nil, errorf(te.Pos(), TypeNotFound, "DECIMAL precision must be in range [1, 38]: %d", precision)
		}
		if scale > precision {
			return nil, errorf(te.Pos(), TypeNotFound, "DECIMAL scale must be in range [0, precision (%d)]: %d", precision, scale)
		}
		return DecimalOf(precision, scale), nil
	case "varchar":
		switch {
		case count(1, 1):
			return VarcharOf(nums[0]), nil
		case count(0, 0) && !hive:
			return Varchar, nil
		}
	case "char":
		n := 1
		switch {
		case count(1, 1):
			n = nums[0]
		case !count(0, 0) || hive:
			return unknown()
		}
		if n > maxChar {
			return nil, errorf(te.Pos(), TypeNotFound, "CHAR length must be in range [0, 65536], got %d", n)
		}
		return CharOf(n), nil
	case "time", "timestamp":
		if !count(0, 1) || hive {
			return unknown()
		}
		p := 3
		if len(nums) == 1 {
			p = nums[0]
		}
		if p > 12 {
			return nil, errorf(te.Pos(), TypeNotFound, "%s precision must be in range [0, 12]: %d", strings.ToUpper(te.Name), p)
		}
		kinds := map[string][2]Kind{"time": {KindTime, KindTimeZone}, "timestamp": {KindTimestamp, KindTimestampZone}}[te.Name]
		t := &Type{Kind: kinds[0], Precision: p}
		if te.Zone {
			t.Kind = kinds[1]
		}
		return t, nil
	case "array":
		if len(elems) == 1 {
			return ArrayOf(elems[0]), nil
		}
	case "map":
		if len(elems) == 2 {
			if !elems[0].Comparable() {
				return nil, errorf(te.Pos(), TypeNotFound, "key type must be comparable, got %s", elems[0])
			}
			return MapOf(elems[0], elems[1]), nil
		}
	case "qdigest":
		if len(elems) == 1 {
			return composite(KindQDigest, elems), nil
		}
	case "function":
		if len(elems) > 0 && !hive {
			return FunctionOf(elems[:len(elems)-1], elems[len(elems)-1]), nil
		}
	case "row":
		if te.Fields == nil {
			return unknown()
		}
		var fields []*Type
		var names []string
		for _, f := range te.Fields {
			t, err := resolveType(f.Type, hive)
			if err != nil {
				return nil, err
			}
			name := ""
			if f.Name != nil {
				name = f.Name.Text
			}
			fields, names = append(fields, t), append(names, name)
		}
		return RowOf(fields, names), nil
	}
	return unknown()
}

// ResolveType returns the type that a written type stands for; hive selects the
// names of Hive's DDL. Its error is an [*Error].
func ResolveType(te *TypeExpr, hive bool) (*Type, error) {
	t, err := resolveType(te, hive)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// String writes the type about as it was written.
func (t *TypeExpr) String() string {
	var b strings.Builder
	b.WriteString(t.Name)
	sep := "("
	for _, p := range t.Params {
		b.WriteString(sep)
		if p.T != nil {
			b.WriteString(p.T.String())
		} else {
			b.WriteString(p.N)
		}
		sep = ", "
	}
	for _, f := range t.Fields {
		b.WriteString(sep)
		if f.Name != nil {
			b.WriteString(QuoteName(f.Name.Text) + " ")
		}
		b.WriteString(f.Type.String())
		sep = ", "
	}
	if sep != "(" {
		b.WriteByte(')')
	}
	if t.Zone {
		b.WriteString(" with time zone")
	}
	return b.String()
}

// ParseHiveType parses a type as Hive's catalogs keep it:
// "array<struct<a:int,b:decimal(10,2)>>". Names of struct fields may hold any
// character but ':', ',' and '>'. Its error is an [*Error].
func ParseHiveType(s string) (*Type, error) {
	h := hiveTypes{s: s}
	t, err := h.parse(0)
	if err == nil && strings.TrimSpace(h.s[h.i:]) != "" {
		err = h.fail("unexpected text %q", h.s[h.i:])
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

type hiveTypes struct {
	s string
	i int
}

func (h *hiveTypes) fail(format string, args ...any) *Error {
	e := errorf(Pos{}, TypeNotFound, format, args...)
	e.Msg = "Hive type " + strconv.Quote(h.s) + ": " + e.Msg
	return e
}

// until takes the text up to one of the characters in stop.
func (h *hiveTypes) until(stop string) string {
	n := strings.IndexAny(h.s[h.i:], stop)
	if n < 0 {
		n = len(h.s) - h.i
	}
	word := strings.TrimSpace(h.s[h.i : h.i+n])
	h.i += n
	return word
}

func (h *hiveTypes) take(c byte) bool {
	for h.i < len(h.s) && h.s[h.i] == ' ' {
		h.i++
	}
	if h.i < len(h.s) && h.s[h.i] == c {
		h.i++
		return true
	}
	return false
}

func (h *hiveTypes) parse(depth int) (*Type, *Error) {
	if depth > MaxDepth {
		return nil, h.fail("nests deeper than %d levels", MaxDepth)
	}
	name := strings.ToLower(h.until("<(,>:"))
	te := &TypeExpr{Name: name}
	switch {
	case h.take('('):
		for {
			n := h.until(",)")
			if _, err := strconv.Atoi(n); err != nil {
				return nil, h.fail("%q is no number", n)
			}
			te.Params = append(te.Params, TypeParam{N: n})
			if !h.take(',') {
				break
			}
		}
		if !h.take(')') {
			return nil, h.fail("')' is missing")
		}
	case h.take('<'):
		var elems []*Type
		var names []string
		for {
			if name == "struct" {
				names = append(names, h.until(":,>"))
				if !h.take(':') {
					return nil, h.fail("struct field %q has no type", names[len(names)-1])
				}
			}
			e, err := h.parse(depth + 1)
			if err != nil {
				return nil, err
			}
			elems = append(elems, e)
			if !h.take(',') {
				break
			}
		}
		if !h.take('>') {
			return nil, h.fail("'>' is missing")
		}
		switch {
		case name == "array" && len(elems) == 1:
			return ArrayOf(elems[0]), nil
		case name == "map" && len(elems) == 2:
			return MapOf(elems[0], elems[1]), nil
		case name == "struct":
			return RowOf(elems, names), nil
		}
		return nil, h.fail("unknown type %s", name)
	}
	t, err := resolveType(te, true)
	if err != nil {
		return nil, h.fail("%s", err.Msg)
	}
	return t, nil
}

// HiveString returns the type as Hive's catalogs keep it: "array<string>". ok
// is false for types that Hive does not have.
func (t *Type) HiveString() (s string, ok bool) {
	switch t.Kind {
	case KindBoolean, KindTinyint, KindSmallint, KindBigint, KindDouble, KindDate:
		return t.String(), true
	case KindInteger:
		return "int", true
	case KindReal:
		return "float", true
	case KindDecimal, KindChar:
		return t.String(), true
	case KindVarchar:
		// Hive's varchar ends at 65535 characters.
		if t.Precision == Unbounded || t.Precision > 65535 || t.Precision == 0 {
			return "string", true
		}
		return t.String(), true
	case KindVarbinary:
		return "binary", true
	case KindTimestamp:
		return "timestamp", true
	case KindArray, KindMap, KindRow:
		var b strings.Builder
		b.WriteString(map[Kind]string{KindArray: "array<", KindMap: "map<", KindRow: "struct<"}[t.Kind])
		for i, e := range t.Elems {
			if i > 0 {
				b.WriteByte(',')
			}
			if t.Kind == KindRow {
				if t.FieldName(i) == "" {
					return "", false
				}
				b.WriteString(t.FieldName(i) + ":")
			}
			s, ok := e.HiveString()
			if !ok {
				return "", false
			}
			b.WriteString(s)
		}
		b.WriteByte('>')
		return b.String(), true
	}
	return "", false
}
