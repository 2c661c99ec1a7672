package dialect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Setup returns the statements that make a new DuckDB database ready for emitted
// SQL. Run them once, before the configuration is locked, and call [Register] for
// every statement before it runs.
func Setup() []string {
	return []string{
		"SET TimeZone = 'UTC'",
		"SET default_null_order = 'nulls_last'",
		"SET scalar_subquery_error_on_multiple_rows = true",
		"SET ieee_floating_point_ops = true",
		"SET preserve_insertion_order = true", // ORDER BY in a subquery counts
	}
}

// prefix begins the names of the scalar functions in Go.
const prefix = "trino_"

// Register adds to the database of c the scalar functions in Go that emitted
// statements call; its other connections see them too. Each costs some 50 µs,
// so only those are added that a statement names; one that it merely mentions,
// in a string, does no harm.
func Register(ctx context.Context, c *sql.Conn, statements ...string) error {
	added := map[string]bool{}
	for _, s := range statements {
		for {
			_, rest, found := strings.Cut(s, prefix)
			if !found {
				break
			}
			n := 0
			for n < len(rest) && (rest[n] == '_' || '0' <= rest[n] && rest[n] <= '9' || 'a' <= rest[n] && rest[n] <= 'z') {
				n++
			}
			name := rest[:n]
			s = rest[n:]
			f := scalars[name]
			if f == nil || added[name] {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := duckdb.RegisterScalarUDF(c, prefix+name, f); err != nil {
				return fmt.Errorf("register function %s%s: %w", prefix, name, err)
			}
			added[name] = true
		}
	}
	return nil
}

// signature letters: how a scalar function's parameters and result are written.
//
//	s VARCHAR  i BIGINT  d DOUBLE  f FLOAT  b BOOLEAN  x BLOB  h HUGEINT  u UUID
//	S VARCHAR[]  I BIGINT[]  D DOUBLE[]  J BIGINT[][]
//	E STRUCT(k VARCHAR, v VARCHAR)[]  R STRUCT(k VARCHAR, g VARCHAR[])[]
func typeInfo(letter byte) (duckdb.TypeInfo, error) {
	plain := map[byte]duckdb.Type{'s': duckdb.TYPE_VARCHAR, 'i': duckdb.TYPE_BIGINT, 'd': duckdb.TYPE_DOUBLE, 'f': duckdb.TYPE_FLOAT,
		'b': duckdb.TYPE_BOOLEAN, 'x': duckdb.TYPE_BLOB, 'h': duckdb.TYPE_HUGEINT, 'u': duckdb.TYPE_UUID}
	if t, ok := plain[letter]; ok {
		return duckdb.NewTypeInfo(t)
	}
	switch letter {
	case 'S', 'I', 'D':
		el, err := typeInfo(letter - 'A' + 'a')
		if err != nil {
			return nil, err
		}
		return duckdb.NewListInfo(el)
	case 'J':
		el, err := typeInfo('I')
		if err != nil {
			return nil, err
		}
		return duckdb.NewListInfo(el)
	case 'E':
		return pairList("k", 's', "v", 's')
	case 'R':
		return pairList("k", 's', "g", 'S')
	}
	return nil, fmt.Errorf("unknown type letter %q", letter)
}

// pairList is the type of a list of rows with two fields.
func pairList(name1 string, letter1 byte, name2 string, letter2 byte) (duckdb.TypeInfo, error) {
	var fields []duckdb.StructEntry
	for _, f := range []struct {
		name   string
		letter byte
	}{{name1, letter1}, {name2, letter2}} {
		t, err := typeInfo(f.letter)
		if err != nil {
			return nil, err
		}
		entry, err := duckdb.NewStructEntry(t, f.name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, entry)
	}
	row, err := duckdb.NewStructInfo(fields[0], fields[1:]...)
	if err != nil {
		return nil, err
	}
	return duckdb.NewListInfo(row)
}

// scalar is a scalar function in Go. A null argument makes its result null.
type scalar struct {
	params string
	result byte
	nulls  bool // it handles null arguments itself
	f      func(args []driver.Value) (any, error)
}

// Config implements duckdb.ScalarFunc.
func (s *scalar) Config() duckdb.ScalarFuncConfig {
	c := duckdb.ScalarFuncConfig{SpecialNullHandling: s.nulls}
	for i := range len(s.params) {
		t, err := typeInfo(s.params[i])
		if err != nil {
			panic(err) // a wrong letter in a table of this package
		}
		c.InputTypeInfos = append(c.InputTypeInfos, t)
	}
	t, err := typeInfo(s.result)
	if err != nil {
		panic(err)
	}
	c.ResultTypeInfo = t
	return c
}

// Executor implements duckdb.ScalarFunc.
func (s *scalar) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: s.f}
}

// scalars holds the functions by name, without their prefix.
var scalars = map[string]*scalar{}

// Failure is an error of a function with Trino's code, as it travels through DuckDB.
type failure struct{ code, message string }

// mark begins a failure's text, so that MapError recognizes it.
const mark = "trino!"

func (f *failure) Error() string { return mark + f.code + "!" + f.message }

func badArgument(format string, args ...any) error {
	return &failure{"INVALID_FUNCTION_ARGUMENT", fmt.Sprintf(format, args...)}
}

func badCast(format string, args ...any) error {
	return &failure{"INVALID_CAST_ARGUMENT", fmt.Sprintf(format, args...)}
}

func outOfRange(format string, args ...any) error {
	return &failure{"NUMERIC_VALUE_OUT_OF_RANGE", fmt.Sprintf(format, args...)}
}

// define adds a function of the given Go types. Their letters follow from params and result.
func define(name, signature string, f func(a args) (any, error)) {
	n := len(signature) - 1
	scalars[name] = &scalar{params: signature[:n], result: signature[n], f: func(v []driver.Value) (any, error) { return f(v) }}
}

// args are a function's arguments; none is null.
type args []driver.Value

func (a args) s(i int) string  { return a[i].(string) }
func (a args) i(i int) int64   { return a[i].(int64) }
func (a args) d(i int) float64 { return a[i].(float64) }
func (a args) x(i int) []byte  { return a[i].([]byte) }

// quiet adds a function that gives null where the one named fails.
func quiet(name string) {
	f := *scalars[name]
	inner := f.f
	f.f = func(v []driver.Value) (any, error) {
		out, err := inner(v)
		var own *failure
		if errors.As(err, &own) {
			return nil, nil
		}
		return out, err
	}
	scalars["try_"+name] = &f
}

func init() {
	scalars["fail"] = &scalar{params: "ss", result: 's', nulls: true, f: func(v []driver.Value) (any, error) {
		code, _ := v[0].(string)
		message, _ := v[1].(string)
		return nil, &failure{code, message}
	}}
	define("bad_subscript", "iis", func(a args) (any, error) {
		switch i, n := a.i(0), a.i(1); {
		case i == 0:
			return nil, badArgument("SQL array indices start at 1")
		case i < 0:
			return nil, badArgument("Array subscript is negative: %d", i)
		default:
			return nil, badArgument("Array subscript must be less than or equal to array length: %d > %d", i, n)
		}
	})
}
