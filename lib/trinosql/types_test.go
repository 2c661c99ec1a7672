package trinosql

import (
	"math/rand/v2"
	"testing"
)

func TestTypesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"int", "integer"},
		{"VARCHAR", "varchar"},
		{"varchar(10)", "varchar(10)"},
		{"char", "char(1)"},
		{"decimal", "decimal(38,0)"},
		{"decimal(10)", "decimal(10,0)"},
		{"decimal(10, 2)", "decimal(10,2)"},
		{"double precision", "double"},
		{"timestamp", "timestamp(3)"},
		{"timestamp(6) with time zone", "timestamp(6) with time zone"},
		{"time with time zone", "time(3) with time zone"},
		{"interval day to second", "interval day to second"},
		{"array(map(varchar, row(a integer, b array(double))))", "array(map(varchar, row(a integer, b array(double))))"},
		{"array<integer>", "array(integer)"},
		{"row(integer, x varchar)", "row(integer, x varchar)"},
		{`row("A b" integer)`, `row("A b" integer)`},
		{"row(interval year to month, d double precision)", "row(interval year to month, d double)"},
		{"row(time time, timestamp timestamp with time zone)", "row(time time(3), timestamp timestamp(3) with time zone)"},
		{"integer array", "array(integer)"},
		{"function(integer, varchar)", "function(integer, varchar)"},
	} {
		typ, err := ParseType(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if typ.String() != c.want {
			t.Errorf("%s is %s, want %s", c.in, typ, c.want)
		}
		if again, err := ParseType(typ.String()); err != nil || !again.Equal(typ) {
			t.Errorf("%s is read as %v, %v", typ, again, err)
		}
	}
	for _, bad := range []string{"", "string", "varchar(-1)", "decimal(39)", "decimal(2,3)", "timestamp(13)", "array", "array()",
		"map(integer)", "row()", "integer)", "varchar(99999999999)", "integer(3)", "nosuch(1)", "binary"} {
		if typ, err := ParseType(bad); err == nil {
			t.Errorf("%q is read as %s", bad, typ)
		}
	}
}

func TestHiveTypes(t *testing.T) {
	for _, c := range []struct{ in, want, out string }{
		{"string", "varchar", "string"},
		{"int", "integer", "int"},
		{"INT", "integer", "int"},
		{"float", "real", "float"},
		{"binary", "varbinary", "binary"},
		{"timestamp", "timestamp(3)", "timestamp"},
		{"decimal", "decimal(10,0)", "decimal(10,0)"},
		{"decimal(10,2)", "decimal(10,2)", "decimal(10,2)"},
		{"varchar(10)", "varchar(10)", "varchar(10)"},
		{"char(3)", "char(3)", "char(3)"},
		{"array<string>", "array(varchar)", "array<string>"},
		{"map<string, int>", "map(varchar, integer)", "map<string,int>"},
		{"struct<a:int,b:array<struct<c:string>>>", "row(a integer, b array(row(c varchar)))", "struct<a:int,b:array<struct<c:string>>>"},
		{"struct<a-b:int,c d:date>", `row("a-b" integer, "c d" date)`, "struct<a-b:int,c d:date>"},
	} {
		typ, err := ParseHiveType(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if typ.String() != c.want {
			t.Errorf("%s is %s, want %s", c.in, typ, c.want)
		}
		if out, ok := typ.HiveString(); !ok || out != c.out {
			t.Errorf("%s is written %s, %t; want %s", typ, out, ok, c.out)
		}
	}
	for _, bad := range []string{"", "varchar", "json", "array<>", "array<int", "map<int>", "struct<int>", "int>", "decimal(a)", "decimal(40,1)", "uniontype<int,string>", "void"} {
		if typ, err := ParseHiveType(bad); err == nil {
			t.Errorf("%q is read as %s", bad, typ)
		}
	}
	for _, typ := range []*Type{JSON, TimestampZone, Time, UUID, RowOf([]*Type{Integer}, nil), ArrayOf(IntervalDay)} {
		if s, ok := typ.HiveString(); ok {
			t.Errorf("%s is written %s", typ, s)
		}
	}
}

// randomType makes a type of at most the given depth.
func randomType(r *rand.Rand, depth int) *Type {
	scalars := []*Type{Unknown, Boolean, Tinyint, Smallint, Integer, Bigint, Real, Double, DecimalOf(1+r.IntN(38), 0), DecimalOf(20, r.IntN(20)),
		Varchar, VarcharOf(r.IntN(10)), CharOf(r.IntN(10)), Varbinary, Date, TimeOf(r.IntN(13)), TimeZoneOf(3), TimestampOf(r.IntN(13)),
		TimestampZoneOf(r.IntN(13)), IntervalDay, IntervalYear, JSON, UUID, Number}
	if depth == 0 || r.IntN(2) == 0 {
		return scalars[r.IntN(len(scalars))]
	}
	switch r.IntN(3) {
	case 0:
		return ArrayOf(randomType(r, depth-1))
	case 1:
		return MapOf(randomType(r, depth-1), randomType(r, depth-1))
	}
	return RowOf([]*Type{randomType(r, depth-1), randomType(r, depth-1)}, []string{"a", ""})
}

// TestCoercionLaws checks what must hold for any types: a common super type is
// one of both, whichever comes first, and every coercion is also a cast.
func TestCoercionLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		a, b := randomType(r, 2), randomType(r, 2)
		ab, ba := CommonSuperType(a, b), CommonSuperType(b, a)
		if (ab == nil) != (ba == nil) || ab != nil && !ab.Equal(ba) {
			t.Fatalf("%s and %s meet in %v, the other way in %v", a, b, ab, ba)
		}
		if !CommonSuperType(a, a).Equal(a) || !CanCoerce(a, a) || !CanCast(a, a) {
			t.Fatalf("%s is not itself", a)
		}
		if CanCoerce(a, b) && !CanCast(a, b) {
			t.Fatalf("%s becomes %s, but cannot be cast", a, b)
		}
		if CanCoerce(a, b) && !(ab != nil && ab.String() == b.String()) && a.Kind != KindRow && b.Kind != KindRow && !hasRow(a) {
			t.Fatalf("%s becomes %s, but they meet in %v", a, b, ab)
		}
	}
}

func hasRow(t *Type) bool {
	for _, e := range t.Elems {
		if e.Kind == KindRow || hasRow(e) {
			return true
		}
	}
	return t.Kind == KindRow
}
