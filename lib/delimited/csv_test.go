package delimited

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// readCSV reads all records; a bad one becomes its reason in angle brackets.
func readCSV(r io.Reader, limit int) (out []string, err error) {
	c := NewReader(r, ',', '"', limit)
	var rec Record
	for {
		if err := c.Next(&rec); err == io.EOF {
			return out, nil
		} else if err != nil {
			return out, err
		}
		text := "<" + rec.Reason + ">"
		if rec.Reason == "" {
			var fields []string
			for _, f := range rec.Fields {
				mark := ""
				if f.Quoted {
					mark = "q"
				}
				fields = append(fields, fmt.Sprintf("%s%q", mark, f.Text))
			}
			text = strings.Join(fields, " ")
		}
		out = append(out, fmt.Sprintf("%d: %s", rec.Line, text))
	}
}

func TestCSVRecords(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"\n", []string{`1: ""`}},
		{"a", []string{`1: "a"`}},
		{"a,b\r\nc,d\r\n", []string{`1: "a" "b"`, `2: "c" "d"`}},
		{"a,\n,b\n,", []string{`1: "a" ""`, `2: "" "b"`, `3: "" ""`}},
		{"\ufeffa\n", []string{`1: "a"`}},
		{"\ufeff", nil},
		{"a\rb\n", []string{`1: "a\rb"`}},
		{`"a","b ""c""",""` + "\n", []string{`1: q"a" q"b \"c\"" q""`}},
		{"\"a\nb\r\nc\",d\ne\n", []string{`1: q"a\nb\r\nc" "d"`, `4: "e"`}},
		{`"a",`, []string{`1: q"a" ""`}},
		{`"a"` + "\r\n" + `"b"` + "\r", []string{`1: q"a"`, `2: q"b"`}},
		{`"a" ,b` + "\nc", []string{`1: <field 1 has ' ' after its closing quote>`, `2: "c"`}},
		{`a"b` + "\nc", []string{`1: <field 1 has a quote, but does not begin with one>`, `2: "c"`}},
		{"x\n\"a,b\nc\nd\n", []string{`1: "x"`, `2: <a quote opens a field that never ends>`, `3: "c"`, `4: "d"`}},
		{"\"a\nb\"x\nc\"\n", []string{`1: <field 1 has 'x' after its closing quote>`, `2: <field 1 has a quote, but does not begin with one>`, `3: <field 1 has a quote, but does not begin with one>`}},
		{"\xff\nb", []string{`1: <byte 1 of the line is not valid UTF-8>`, `2: "b"`}},
		{"\"é\xff\"\nb", []string{`1: <byte 4 of the line is not valid UTF-8>`, `2: "b"`}},
		{strings.Repeat("x", 100) + "\nb\n", []string{`1: <the line is longer than 50 bytes>`, `2: "b"`}},
		{strings.Repeat("x", 51) + "\nb\n", []string{`1: <the line is longer than 50 bytes>`, `2: "b"`}},
		{strings.Repeat("x", 50) + "\r\nb\n", []string{`1: "` + strings.Repeat("x", 50) + `"`, `2: "b"`}},
		{strings.Repeat("x", 1000), []string{`1: <the line is longer than 50 bytes>`}},
		{"\"a\n" + strings.Repeat("x\n", 50) + "\"\n", append([]string{`1: <a quote opens a field of more than 50 bytes>`},
			append(numbered(2, 50, `"x"`), `52: <a quote opens a field that never ends>`)...)},
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(c.in), "by byte": iotest.OneByteReader(strings.NewReader(c.in)), "data and EOF": iotest.DataErrReader(strings.NewReader(c.in))} {
			got, err := readCSV(r, 50)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%.60q read %s: %v\n  %s\nwant\n  %s", c.in, name, err, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		}
	}
	if _, err := readCSV(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a,b"))), 50); err != iotest.ErrTimeout {
		t.Errorf("an error of the reader became %v", err)
	}
}

func numbered(from, n int, text string) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%d: %s", from+i, text))
	}
	return out
}

// endless is a line without end.
type endless struct{ left int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(int64(len(b)), e.left)], strings.Repeat("x", min(len(b), 1<<20)))
	e.left -= int64(n)
	return n, nil
}

// TestEndlessLine: a line of 2 GB costs the bound, not 2 GB.
func TestEndlessLine(t *testing.T) {
	c := NewReader(io.MultiReader(strings.NewReader("a,b\n"), &endless{2 << 30}, strings.NewReader("\nc,d\n")), ',', '"', 1<<20)
	var lines []int64
	var rec Record
	for {
		err := c.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, rec.Line)
		if rec.Line == 2 && (rec.Reason == "" || rec.Length != 2<<30+1 || len(rec.Raw) > keptOfLongLine) {
			t.Errorf("the long line is %d bytes, of which %d are kept: %s", rec.Length, len(rec.Raw), rec.Reason)
		}
	}
	if !slices.Equal(lines, []int64{1, 2, 3}) {
		t.Errorf("lines are %v", lines)
	}
	if cap(c.buf) > 1<<20+2 {
		t.Errorf("the window grew to %d bytes", cap(c.buf))
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\"a\nb\",\n\n", "a\"\n\"", "\xff\n", "\ufeff\"x", ",,\r\n\"\"", "\"a\"b,\"c\n\"d\""} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 1 || limit > 1<<16 {
			limit = 1 << 10
		}
		c := NewReader(strings.NewReader(s), ',', '"', limit)
		text := strings.TrimPrefix(s, "\ufeff")
		offset, line := int64(len(s)-len(text)), int64(1)
		var good [][]string
		var rec Record
		whole := true
		for {
			err := c.Next(&rec)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			// Every byte is in exactly one record, and lines are counted.
			if rec.Offset != offset || rec.Length <= 0 || rec.Line != line {
				t.Fatalf("record at %d, line %d, of %d bytes, where %d, %d is expected", rec.Offset, rec.Line, rec.Length, offset, line)
			}
			part := s[offset : offset+rec.Length]
			if !rec.Cut && string(rec.Raw) != string(withoutEnd([]byte(part))) || rec.Cut && !strings.HasPrefix(part, string(rec.Raw)) {
				t.Fatalf("raw is %q of %q", rec.Raw, part)
			}
			offset += rec.Length
			line += int64(strings.Count(part, "\n"))
			if rec.Reason != "" {
				whole = false
				continue
			}
			if len(rec.Raw) == 0 {
				continue // package csv skips blank lines
			}
			fields := make([]string, len(rec.Fields))
			for i, f := range rec.Fields {
				fields[i] = strings.ReplaceAll(string(f.Text), "\r\n", "\n") // as package csv
			}
			good = append(good, fields)
		}
		if offset != int64(len(s)) {
			t.Fatalf("%d of %d bytes were read", offset, len(s))
		}
		if cap(c.buf) > max(limit+2, 64) {
			t.Fatalf("the window grew to %d bytes, the bound is %d", cap(c.buf), limit)
		}
		// What package csv takes, this reader takes alike, and the other way
		// round; but for carriage returns, about which package csv has ideas of
		// its own.
		if strings.Contains(text, "\r") || !utf8.ValidString(text) || len(text) > limit {
			return
		}
		std := csv.NewReader(strings.NewReader(text))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if (err == nil) != whole {
			t.Fatalf("package csv says %v, this reader that all is well: %v", err, whole)
		}
		if whole && !slices.EqualFunc(good, want, slices.Equal[[]string]) {
			t.Fatalf("records are %q, package csv has %q", good, want)
		}
	})
}

func BenchmarkCSV(b *testing.B) {
	line := []byte("Guangdong,China,23.3417,113.4244,2020-09-10,150,\"quoted, text\"\n")
	text := bytes.Repeat(line, 100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		c := NewReader(bytes.NewReader(text), ',', '"', 1<<20)
		var rec Record
		for c.Next(&rec) == nil {
		}
	}
}
