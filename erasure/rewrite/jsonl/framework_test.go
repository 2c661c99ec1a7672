package jsonl_test

import (
	"context"
	"strings"
	"testing"

	"lethe/erasure"
	"lethe/erasure/rewrite/jsonl"
	"lethe/object"
)

// These are defects of the erasure framework's sample scripts, as far as they are
// about the lines of an object. That it is not held in memory and that it may be
// compressed, the suites of the formats show; that blanks can be dropped and that the
// second of its examples is erased as told, TestReviewPart.

// TestStaleRow: the samples blank row N whoever is there by now.
func TestStaleRow(t *testing.T) {
	obj := `{"user_id":"bob"}` + "\n" + `{"user_id":"alice"}` + "\n"
	c := cut("alice")
	c.Mode, c.Rows = erasure.Blank, []int64{0, 7}
	if p, out := apply(t, obj, c); p.Cut != 0 || out != obj {
		t.Errorf("row 0 is not alice's, and the object became %q", out)
	}
}

// TestSubstring: they find people by text within the line.
func TestSubstring(t *testing.T) {
	obj := `{"user_id":"bob","text":"alice, or user_id\":\"alice\""}` + "\n" + `{"user_id":"alice2"}` + "\n"
	if p, out := apply(t, obj, cut("alice")); p.Cut != 0 || out != obj {
		t.Errorf("nobody is alice, and the object became %q", out)
	}
}

// TestLastLine: they lose a line without a newline, or add one to it.
func TestLastLine(t *testing.T) {
	obj := `{"user_id":"alice"}` + "\n" + `{"user_id":"bob"}`
	if _, out := apply(t, obj, cut("alice")); out != `{"user_id":"bob"}` {
		t.Errorf("the object became %q", out)
	}
}

// TestWholeObject: they read, hold and write all of it for one line. With marks,
// one line of 40 MB costs a few reads.
func TestWholeObject(t *testing.T) {
	line := `{"user_id":"` + strings.Repeat("b", 100) + `"}` + "\n"
	obj := strings.Repeat(line, 150_000) + `{"user_id":"alice"}` + "\n" + strings.Repeat(line, 150_000)
	var marks []erasure.Mark
	rows := int64(0)
	for r, err := range jsonl.New(nil).Records(context.Background(), strings.NewReader(obj), nil, nil) {
		if err != nil {
			t.Fatal(err)
		}
		marks = erasure.AppendMark(marks, r)
		rows = r.Row + 1
	}
	marks = append(marks, erasure.Mark{Row: rows, Off: int64(len(obj))})
	c := cut("alice")
	c.Rows, c.Marks = []int64{150_000}, marks
	p, out := apply(t, obj, c)
	if p.Cut != 1 || p.Rows != rows || len(out) != len(obj)-20 || p.Read > 3*erasure.MarkEvery || p.Written != 0 {
		t.Errorf("one line of %d MB cost reading %d bytes and writing %d", len(obj)>>20, p.Read, p.Written)
	}
	if e := p.Edits; len(e) != 1 || e[0] != (object.Edit{Off: int64(150_000 * len(line)), Len: 20}) {
		t.Errorf("%+v", e)
	}
}
