package trinosql

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seeds are the statements of the golden files, and where there is conformance
// data some of its statements.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(b), "\n\n") {
			input, _, _ := strings.Cut(block, "\n----")
			if _, sql, ok := strings.Cut(input, "\n"); ok {
				f.Add(sql)
			}
		}
	}
	file, err := os.Open(filepath.Join(os.Getenv("LETHE_SHARED"), "conformance", "trino_statements.jsonl"))
	if err != nil {
		return
	}
	defer file.Close()
	sc := bufio.NewScanner(file)
	sc.Buffer(nil, 1<<24)
	for i := 0; sc.Scan(); i++ {
		var s struct{ SQL string }
		if json.Unmarshal(sc.Bytes(), &s) == nil && i%5 == 0 {
			f.Add(s.SQL)
		}
	}
}

// FuzzParse checks that any text either parses or is refused with a place in
// the text, that tokens and nodes lie inside of it, and that nothing panics.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, sql string) {
		for _, hive := range []bool{false, true} {
			at := 0
			for _, tok := range Lex(sql, hive) {
				if tok.Pos.Off < at || tok.End < tok.Pos.Off || tok.End > len(sql) || tok.Pos.Line < 1 || tok.Pos.Col < 1 {
					t.Fatalf("token %+v after byte %d of %q", tok, at, sql)
				}
				at = tok.End
			}
		}
		for _, s := range Split(sql) {
			if len(s) > len(sql) {
				t.Fatalf("%q is longer than the script", s)
			}
		}
		stmt, err := Parse(sql)
		var e *Error
		switch {
		case err == nil:
			if start, end := stmt.Span(); start < 0 || end > len(sql) || start > end {
				t.Fatalf("span [%d, %d) of %q", start, end, sql)
			}
		case !errors.As(err, &e) || e.Pos.Off > len(sql) || !e.Pos.IsValid():
			t.Fatalf("error %#v for %q", err, sql)
		}
	})
}

// FuzzAnalyze checks that analysis never panics, ends soon, and gives every
// output column a type.
func FuzzAnalyze(f *testing.F) {
	seeds(f)
	tables := goldenTables()
	f.Fuzz(func(t *testing.T, sql string) {
		stmt, err := Parse(sql)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		opt := Options{Catalog: "c", Database: "db", Now: time.Unix(1700000000, 0)}
		for range stmt.Params() {
			opt.Parameters = append(opt.Parameters, &Literal{Kind: IntegerLiteral, Val: "1"})
		}
		an, err := Analyze(ctx, stmt, tables, opt)
		if ctx.Err() != nil {
			t.Fatalf("takes too long: %q", sql)
		}
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Msg == "" {
				t.Fatalf("error %#v for %q", err, sql)
			}
			return
		}
		for _, c := range an.Output {
			if c.Type == nil || c.Name == "" {
				t.Fatalf("column %+v of %q", c, sql)
			}
			_ = c.Type.String()
		}
		for _, u := range an.Tables {
			an.MayMatch(u, func(int) (Constant, bool) { return Constant{Type: Varchar, Text: "x"}, true })
		}
	})
}

// FuzzHiveType checks that types read from a catalog are written back as types
// that mean the same.
func FuzzHiveType(f *testing.F) {
	for _, s := range []string{"int", "string", "decimal(10,2)", "array<struct<a:int,b:map<string,double>>>", "varchar(10)", "struct<a-b:int>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typ, err := ParseHiveType(s)
		if err != nil {
			return
		}
		text, ok := typ.HiveString()
		if !ok {
			return
		}
		again, err := ParseHiveType(text)
		if err != nil {
			t.Fatalf("%q is written %q: %v", s, text, err)
		}
		if again.String() != typ.String() {
			t.Fatalf("%q is %s, and written %q is %s", s, typ, text, again)
		}
	})
}
