package jsonl_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite/jsonl"
	"lethe/erasure/rewrite/rewritetest"
)

// values are those of a column in the records of an object; "?" is one that cannot
// be read.
func values(t *testing.T, f erasure.Format, obj, column string) (out []string, err error) {
	t.Helper()
	for r, err := range f.Records(context.Background(), strings.NewReader(obj), []string{column}, nil) {
		if err != nil {
			return out, err
		}
		v := strings.Join(r.Values[0], "|")
		if r.Unreadable {
			v = "?"
		}
		out = append(out, v)
	}
	return out, nil
}

// TestValues: what a column's values are, however they are written.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		line, column, want string
	}{
		{`{"id":"a"}`, "id", "a"},
		{`{"ID":"a"}`, "id", "a"},
		{`{"id":"a"}`, "Id", "a"},
		{`{"\u0069d":"\u0061\u00e9\ud83d\ude00\n\"\\\/"}`, "id", "aé😀\n\"\\/"},
		{`{"id":"\ud83d"}`, "id", "\ufffd"},
		{"{\"id\":\"\xff\"}", "id", "\ufffd"},
		{`{"id":"a","id":"b","ID":"c"}`, "id", "a|b|c"},
		{`{"id":null}`, "id", ""},
		{`{"id":["a",null,["b",1]]}`, "id", "a|b|1"},
		{`{"id":{"x":"a","y":[true]}}`, "id", "a|true"},
		{`{"a":{"b":"x"}}`, "a.b", "x"},
		{`{"A":{"B":"x"},"a.b":"y","a":{"c":{"b":"no"}}}`, "a.b", "x|y"},
		{`{"a":[{"b":"x"},{"b":["y"]},3]}`, "a.b", "x|y"},
		{`{"x":{"a":{"b":{"c":1}}},"x.a":{"b.c":2},"x.a.b.c":3}`, "x.a.b.c", "1|2|3"},
		{`{"b":"x"}`, "a.b", ""},
		{`{"ǅ":1}`, "ǆ", "1"},
		{`{"K":1}`, "k", "1"}, // the sign of kelvin is a k to who compares in lower case
		{`{"id":1000}`, "id", "1000"},
		{`{"id":1e3}`, "id", "1000"},
		{`{"id":1.0E+3}`, "id", "1000"},
		{`{"id":1000.00}`, "id", "1000"},
		{`{"id":-100e-1}`, "id", "-10"},
		{`{"id":-0}`, "id", "0"},
		{`{"id":0e999}`, "id", "0e999"},
		{`{"id":12345678901234567890123}`, "id", "12345678901234567890123"},
		{`{"id":1.5}`, "id", "1.5"},
		{`{"id":15e-1}`, "id", "15e-1"},
		{`{"id":1e999999999}`, "id", "1e999999999"},
		{`{"id":NaN}`, "id", "NaN"},
		{`{"id":true}`, "id", "true"},
		{" \t{ \"id\" : \"a\" , \"l\" : [ ] } \r", "id", "a"},
		{"\ufeff{\"id\":\"a\"}", "id", "a"},
		{`{"x":"}{][,:\"id\":\"no\"","id":"a"}`, "id", "a"},
		{`{"x":"\\","id":"a"}`, "id", "a"},
		{``, "id", ""},
		{`{}`, "id", ""},
		{`{"id":"a"`, "id", "?"},
		{`{"id":"a`, "id", "?"},
		{`{"id":a}`, "id", "?"},
		{`{"id" "a"}`, "id", "?"},
		{`{id:"a"}`, "id", "?"},
		{`{"id":"a"} x`, "id", "?"},
		{`{"id":"a"},`, "id", "?"},
		{`"id"`, "id", "?"},
		{`7`, "id", "?"},
		{strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), "id", "?"},
	} {
		got, err := values(t, jsonl.New(nil), c.line+"\n{}\n", c.column)
		if err != nil || len(got) != 2 || got[0] != c.want {
			t.Errorf("%s of %.80s is %q, want %q: %v", c.column, c.line, got, c.want, err)
		}
	}
}

// TestRefused: what is not one object a line.
func TestRefused(t *testing.T) {
	for name, obj := range map[string]string{
		"pretty":               "{\n  \"id\": \"a\"\n}\n",
		"pretty after a line":  "{\"id\":1}\n{\"id\":\n2}\n",
		"two on a line":        `{"id":"a"}{"id":"b"}` + "\n",
		"two with a space":     `{"id":"a"} {"id":"b"}` + "\n",
		"two with a comma":     `{"id":"a"}, {"id":"b"}` + "\n",
		"a list":               `[{"id":"a"},{"id":"b"}]`,
		"a list, item by line": "[\n{\"id\":\"a\"},\n{\"id\":\"b\"}\n]\n",
		"UTF-16":               "\xff\xfe{\x00}\x00",
	} {
		_, err := values(t, jsonl.New(nil), obj, "id")
		if !lethe.Is(err, lethe.Unsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func cut(user string) erasure.Cut {
	return erasure.Cut{Columns: []string{"user_id"}, Traces: []string{user},
		Match: func(v [][]string) bool { return slices.Contains(v[0], user) }}
}

func apply(t *testing.T, obj string, c erasure.Cut) (*erasure.Plan, string) {
	t.Helper()
	p, err := jsonl.New(nil).Plan(context.Background(), strings.NewReader(obj), c)
	if err != nil {
		t.Fatal(err)
	}
	out, err := rewritetest.Apply([]byte(obj), p.Edits)
	if err != nil {
		t.Fatal(err)
	}
	return p, string(out)
}

// TestUnreadableLines: a line that cannot be read is an error if it names the
// person, and a note if it does not.
func TestUnreadableLines(t *testing.T) {
	good := `{"user_id":"alice"}` + "\n"
	for _, bad := range []string{`{"user_id":"Alice","x`, `{user_id: 'alice'}`, `{"u":"\u0061lice", oh`, "ALICE", "\xff{alice"} {
		_, err := jsonl.New(nil).Plan(context.Background(), strings.NewReader(good+bad+"\n"+good), cut("alice"))
		if !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "line 2, at byte 20,") || strings.Contains(err.Error(), "alice") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	p, out := apply(t, good+"{\"user_id\":\"bob\",\"x\n"+good+"-\n", cut("alice"))
	if p.Cut != 2 || p.Rows != 4 || p.Empty || out != "{\"user_id\":\"bob\",\"x\n-\n" || len(p.Notes) != 1 || p.Notes[0] != "2 lines could not be read; none of them names the person" {
		t.Errorf("%+v: %q", p, out)
	}
	c := cut("alice")
	c.Traces = nil
	if _, err := jsonl.New(nil).Plan(context.Background(), strings.NewReader("-\n"), c); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("without traces: %v", err)
	}
}

// TestLongLine: a line over the bound is refused, and named.
func TestLongLine(t *testing.T) {
	long := `{"user_id":"` + strings.Repeat("x", 65<<20) + "\"}\n"
	_, err := jsonl.New(nil).Plan(context.Background(), strings.NewReader("{}\n"+long), cut("alice"))
	if !lethe.Is(err, lethe.Unsupported) || !strings.Contains(err.Error(), "line 2, at byte 3, has 68157455 bytes") {
		t.Errorf("%.200v", err)
	}
}

// TestReplace: values change and nothing else, in the form that they had.
func TestReplace(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		line, want string
		of         map[string]*string
	}{
		{`{"user_id" : "a", "n":1}`, `{"user_id" : null, "n":1}`, map[string]*string{"user_id": nil}},
		{`{"user_id":"a","n":1}`, `{"user_id":"b","n":2}`, map[string]*string{"user_id": text("b"), "n": text("2")}},
		{`{"user_id":"a","n":1}`, `{"user_id":"7","n":"x"}`, map[string]*string{"user_id": text("7"), "n": text("x")}},
		{`{"user_id":"a","n":1}`, `{"user_id":"a","n":"007"}`, map[string]*string{"n": text("007")}},
		{`{"user_id":"a","n":1}`, `{"user_id":"a","n":"null"}`, map[string]*string{"n": text("null")}},
		{`{"user_id":["a","b"]}`, `{"user_id":["\"\\\u0001é","\"\\\u0001é"]}`, map[string]*string{"user_id": text("\"\\\x01é")}},
		{`{"user_id":"a","x":{"y":[1,{"z":2}],"user_id":3}}`, `{"user_id":"a","x":{"y":[null,{"z":null}],"user_id":null}}`, map[string]*string{"x": nil, "x.y": nil}},
		{`{"user_id":"a","user_id":"b"}`, `{"user_id":null,"user_id":null}`, map[string]*string{"user_id": nil}},
		{`{"user_id":"a"}`, `{"user_id":"a"}`, map[string]*string{"other": text("x")}},
	} {
		k := cut("a")
		k.Mode, k.Replace = erasure.Replace, c.of
		if _, got := apply(t, c.line, k); got != c.want {
			t.Errorf("%s became %s, want %s", c.line, got, c.want)
		}
	}
}

// TestEnds: ends of lines, of all kinds, are where they were.
func TestEnds(t *testing.T) {
	const a, b = `{"user_id":"a"}`, `{"user_id":"b"}`
	for _, c := range []struct{ obj, deleted, blanked string }{
		{a + "\n" + b + "\n", b + "\n", "{}\n" + b + "\n"},
		{b + "\n" + a + "\n", b + "\n", b + "\n{}\n"},
		{b + "\n" + a, b + "\n", b + "\n{}"},
		{a, "", "{}"},
		{a + "\r\n" + b + "\r\n", b + "\r\n", "{}\r\n" + b + "\r\n"},
		{"\ufeff" + a + "\n" + b, "\ufeff" + b, "\ufeff{}\n" + b},
		{"\n" + a + "\n\n" + b, "\n\n" + b, "\n{}\n\n" + b},
		{a + "\n" + a + "\n", "", "{}\n{}\n"},
	} {
		k := cut("a")
		if _, got := apply(t, c.obj, k); got != c.deleted {
			t.Errorf("%q became %q, want %q", c.obj, got, c.deleted)
		}
		k.Mode = erasure.Blank
		if _, got := apply(t, c.obj, k); got != c.blanked {
			t.Errorf("%q became %q, want %q", c.obj, got, c.blanked)
		}
	}
}

// TestMisfit: marks of another object are found out.
func TestMisfit(t *testing.T) {
	obj := strings.Repeat(`{"user_id":"a"}`+"\n", 10)
	k := cut("a")
	k.Rows = []int64{5}
	k.Marks = []erasure.Mark{{Row: 4, Off: 63}, {Row: 10, Off: 160}}
	if _, err := jsonl.New(nil).Plan(context.Background(), strings.NewReader(obj), k); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("%v", err)
	}
	k.Marks[0].Off = 64
	if p, _ := apply(t, obj, k); p.Cut != 1 || p.Rows != 10 || p.Edits[0].Off != 80 {
		t.Errorf("%+v", p)
	}
}

// TestInput is the erasure framework's first example: the rows of three people in
// s3://gdpr-demo/year=2018/month=2/day=26/input.json.
func TestInput(t *testing.T) {
	people := []string{"V34qejxNsCbcgD8C0HVk-Q", "ofKDkJKXSKZXu5xJNGiiBQ", "UgMW8bLE0QMJDCkQ1Ax5Mg"}
	var obj strings.Builder
	for _, p := range people {
		fmt.Fprintf(&obj, `{"review_id":"x","user_id":"%s","stars":5,"text":"Good."}`+"\n", p)
	}
	got, err := values(t, jsonl.New(nil), obj.String(), "user_id")
	if err != nil || !slices.Equal(got, people) {
		t.Errorf("rows 0, 1 and 2 are of %q: %v", got, err)
	}
}

// TestReviewPart is the framework's second: one person at lines 529 and 2102 of
// s3://gdpr-review/year=2015/month=12/day=21/review-part-0.json. Their lines become
// {} and nothing else changes, other rows keep their numbers, and vacuum drops the
// blanks.
func TestReviewPart(t *testing.T) {
	const subject = "u-the-subject"
	var lines []string
	for i := range 3000 {
		user := fmt.Sprintf("u-%d", i%700)
		if i == 529 || i == 2102 {
			user = subject
		}
		lines = append(lines, fmt.Sprintf(`{"review_id":"r%d","user_id":"%s","date":"2015-12-21","text":"It was \"fine\", line %d."}`, i, user, i))
	}
	obj := strings.Join(lines, "\n") + "\n"
	c := cut(subject)
	c.Mode, c.Rows = erasure.Blank, []int64{529, 2102}
	p, out := apply(t, obj, c)
	blanked := slices.Clone(lines)
	blanked[529], blanked[2102] = "{}", "{}"
	if p.Cut != 2 || p.Rows != 3000 || p.Written != 4 || p.Empty || out != strings.Join(blanked, "\n")+"\n" {
		t.Fatalf("%+v", p)
	}
	v, err := jsonl.New(nil).(erasure.Vacuumer).Vacuum(context.Background(), strings.NewReader(out), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	clean, err := rewritetest.Apply([]byte(out), v.Edits)
	if err != nil {
		t.Fatal(err)
	}
	kept := slices.Concat(lines[:529], lines[530:2102], lines[2103:])
	if v.Rows != 3000 || v.Cut != 2 || v.Empty || string(clean) != strings.Join(kept, "\n")+"\n" {
		t.Errorf("vacuum dropped %d of %d", v.Cut, v.Rows)
	}
	if bytes.Contains(clean, []byte(subject)) {
		t.Error("the subject is left")
	}
}
