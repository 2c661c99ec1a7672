package jsonl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite/jsonl"
	"lethe/erasure/rewrite/rewritetest"
)

// find are the values of the column a.b by encoding/json.
func find(d *json.Decoder, path string, found func(string)) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	here := strings.EqualFold(path, "a.b") || strings.HasPrefix(strings.ToLower(path), "a.b.")
	switch t := t.(type) {
	case json.Delim:
		for d.More() {
			next := path
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return err
				}
				if next = key.(string); path != "" {
					next = path + "." + next
				}
				if here {
					next = path
				}
			}
			if err := find(d, next, found); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	case string:
		if here {
			found(t)
		}
	case json.Number:
		if here {
			found(t.String())
		}
	case bool:
		if here {
			found(map[bool]string{true: "true", false: "false"}[t])
		}
	}
	return nil
}

// FuzzLine: whatever line encoding/json reads as an object has the same values here,
// and cutting what is found leaves an object that does not have it.
func FuzzLine(f *testing.F) {
	for _, s := range []string{`{"a":{"b":1}}`, `{"a.b":"x","A":[{"B":["y",null]}]}`, `{"\u0061":{"\u0062":"\ud83d\ude00"}}`, `{"a":{"b":{"c":[true]}}}`,
		`{"a":"b"`, "{\"a\":{\"b\":\"\xff\"}}", ` { "a" : { "b" : 1.50e3 } } `, `{"a":{"b":"\\"}}{}`, "\ufeff{}", `{"a..b":1,".":2}`, "{}\n{", "\r\n"} {
		f.Add([]byte(s))
	}
	format := jsonl.New(nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx := context.Background()
		var got []erasure.Record
		for r, err := range format.Records(ctx, bytes.NewReader(b), []string{"a.b"}, nil) {
			if err != nil {
				if !lethe.Is(err, lethe.Unsupported) {
					t.Fatal(err)
				}
				if !bytes.Contains(b, []byte("\n")) && !bytes.HasPrefix(b, []byte{0xff, 0xfe}) && !bytes.HasPrefix(b, []byte{0xfe, 0xff}) && json.Valid(b) && bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
					t.Fatalf("%q is refused: %v", b, err)
				}
				return
			}
			got = append(got, r)
		}
		var end int64
		for i, r := range got {
			if r.Row != int64(i) || r.Off < end || r.Len == 0 || r.Off+r.Len > int64(len(b)) {
				t.Fatalf("record %d is %d bytes at %d, after %d", i, r.Len, r.Off, end)
			}
			end = r.Off + r.Len
			raw := bytes.TrimRight(b[r.Off:end], "\r\n")
			if !json.Valid(raw) || !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) || bytes.IndexByte(raw, '\n') >= 0 {
				continue
			}
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			var want []string
			if err := find(d, "", func(s string) { want = append(want, s) }); err != nil {
				t.Fatal(err)
			}
			values := slices.Clone(r.Values[0])
			for i := range min(len(values), len(want)) { // how numbers are written is ours
				if values[i] != want[i] && json.Valid([]byte(want[i])) {
					values[i] = want[i]
				}
			}
			if r.Unreadable || !slices.Equal(values, want) {
				t.Fatalf("%q has the values %q, want %q", raw, r.Values[0], want)
			}
		}
		for _, mode := range []erasure.Mode{erasure.Delete, erasure.Blank, erasure.Replace} {
			c := erasure.Cut{Columns: []string{"a.b"}, Mode: mode, Traces: []string{"\x00"}, Replace: map[string]*string{"a.b": nil},
				Match: func(v [][]string) bool { return len(v[0]) > 0 }}
			p, err := format.Plan(ctx, bytes.NewReader(b), c)
			if err != nil {
				if lethe.Is(err, lethe.Invalid) || lethe.Is(err, lethe.Unsupported) {
					continue
				}
				t.Fatal(err)
			}
			out, err := rewritetest.Apply(b, p.Edits)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := format.Plan(ctx, bytes.NewReader(out), c); err != nil || again.Cut != 0 {
				t.Fatalf("a second cut of %q, which was %q: %v %v", out, b, again, err)
			}
		}
	})
}
