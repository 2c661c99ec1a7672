package duckdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"lethe/lib/trinosql"
)

func TestSplitQuoted(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{``, ""},
		{`a,b`, "a|b"},
		{`"a,b",c`, "a,b|c"},
		{`"say ""hi""",x`, `say "hi"|x`},
		{`"a\"b","c\\"`, `a"b|c\`},
		{`a\b,c\,d`, "ab|c|d"},
		{`"a\b"`, "ab"},
		{`,,`, "||"},
		{`"",""`, "|"},
		{`abc, "d"`, "abc|d"},
		{`123"4"5`, `123"4"5`},
		{`12"3"4`, `123"4`}, // the class looks at the place in the line
		{`a,"b`, "!"},
		{`"`, "!"},
		{`é,"ü,ß"`, "é|ü,ß"},
	} {
		got, err := splitQuoted(c.line, ",", `"`, `\`)
		if c.want == "!" {
			if err == nil {
				t.Errorf("%s: %q, want an error", c.line, got)
			}
			continue
		}
		if got = strings.ReplaceAll(got, joint, "|"); err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", c.line, got, err, c.want)
		}
	}
	if got, err := splitQuoted(`«a;b»;c`, ";", "«", "\\"); err == nil {
		t.Errorf("%q, want an error: the quote is another character", got)
	}
}

func TestSplitEscaped(t *testing.T) {
	for line, want := range map[string]string{
		``:           "v",
		`a,b`:        "va|vb",
		`a\,b,c`:     "va,b|vc",
		`\N,x`:       "n|vx",
		`\\N,\N `:    `v\N|vN `,
		`a\nb,c\rd`:  "va\nb|vc\rd",
		`end\`:       `vend\`,
		`,`:          "v|v",
		`é\,ü,日本\\語`: `vé,ü|v日本\語`,
	} {
		if got := strings.ReplaceAll(splitEscaped(line, ",", `\`, `\N`), joint, "|"); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

var fuzzTypes = func() map[string]*trinosql.Type {
	m := map[string]*trinosql.Type{}
	for name, s := range map[string]string{"s": "struct<a:int,b:array<struct<x:string>>>", "m": "map<string,struct<k:int>>", "p": "string"} {
		t, err := trinosql.ParseHiveType(s)
		if err != nil {
			panic(err)
		}
		m[name] = t
	}
	return m
}()

func TestNormalObject(t *testing.T) {
	for in, want := range map[string]string{
		`{"S":{"A":1,"Zz":[{"Q":1}]},"Other":{"Keep":1}}`: `{"s":{"a":1,"zz":[{"Q":1}]},"other":{"Keep":1}}`,
		`{"m":{"Key":{"K":2}}}`:                           `{"m":{"Key":{"k":2}}}`,
		` { "P" : "a\"B}" , "S" : null } `:                `{"p":"a\"B}","s":null}`,
		`{"s":{"b":[{"X":"Y"},null]}}`:                    `{"s":{"b":[{"x":"Y"},null]}}`,
	} {
		if got, err := normalObject(in, fuzzTypes); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
}

// What is JSON stays JSON, and nothing makes it fail otherwise.
func FuzzNormalObject(f *testing.F) {
	f.Add(`{"S":{"A":1,"b":[{"X":"y"}]},"m":{"K":{"k":2}},"P":[true,null,1e5,"\"\\"]}`)
	f.Add(`{"":`)
	f.Add("{\"\\")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := normalObject(s, fuzzTypes)
		if err == nil && json.Valid([]byte(s)) && strings.HasPrefix(strings.TrimSpace(s), "{") && !json.Valid([]byte(got)) {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// Fields that hold no special characters come back as they were.
func FuzzSplit(f *testing.F) {
	f.Add("a,b", ",", `"`, `\`)
	f.Fuzz(func(t *testing.T, line, sep, quote, esc string) {
		if len(sep) == 0 || len(quote) == 0 || len(esc) == 0 || strings.Contains(line, joint) {
			return
		}
		_, _ = splitQuoted(line, sep, quote, esc)
		_ = splitEscaped(line, sep, esc, `\N`)
		if !strings.Contains(line, quote) && !strings.Contains(line, esc) {
			got, err := splitQuoted(line, sep, quote, esc)
			if want := strings.ReplaceAll(line, sep, joint); err != nil || got != want {
				t.Errorf("%q by %q: %q %v, want %q", line, sep, got, err, want)
			}
		}
	})
}

// A worker's messages are a stranger's.
func FuzzReadFrame(f *testing.F) {
	var b bytes.Buffer
	if err := writeFrame(&b, reply{Done: &done{Rows: 1, Files: []outFile{{Path: "work/out/0.parquet"}}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			var m reply
			if err := readFrame(r, 1<<16, &m); err != nil {
				if errors.Is(err, io.EOF) && r.Len() > 0 {
					t.Error("the end came early")
				}
				return
			}
		}
	})
}
