package dash

import (
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func example(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../examples/covid/dashboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestErrorsOfCodeSayTheLine(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "the text is empty"},
		{"lethe: 1\n  x: [", "the text is not YAML: "},
		{"lethe: 1\n---\nlethe: 1\n", "more than one document"},
		{"lethe: 2\n", "line 1: lethe: 2 is not a form"},
		{"- a\n", "line 1: it must be names with values, and is a list"},
		{"lethe: 1\ndatasets: []\n", `line 2: there is no "datasets" here; there are analyses, dashboards, data_sets, lethe`},
		{"lethe: 1\nlethe: 1\n", `line 2: "lethe" stands here again; it was given in line 1`},
		{"lethe: 1\ndata_sets:\n  - name: A\n    owner: me\n", `line 4: data_sets[0]: there is no "owner" here`},
		{"lethe: 1\ndata_sets:\n  - name: [A]\n", "line 3: data_sets[0].name: it must be a value, and is a list"},
		{"lethe: 1\ndata_sets:\n  - fields: &a []\n", "line 3: data_sets[0].fields: anchors and aliases are not read here"},
		{"lethe: 1\ndata_sets: [" + strings.Repeat("{},", maxEntries) + "{}]\n", "line 2: data_sets: it has more than 10000 entries"},
		{"lethe: 1\ndata_sets:\n  - name: !!binary aGk=\n", "line 3: data_sets[0].name: tags are not read here"},
		{"lethe: 1\ndata_sets:\n  - name: null\n", "line 3: data_sets[0].name: it must be text"},
		{"lethe: 1\ndata_sets:\n  - increment: {field: a, window: 1.5}\n", `line 3: data_sets[0].increment.window: "1.5" is not a whole number`},
		{"lethe: 1\ndata_sets:\n  - fields:\n      - hidden: perhaps\n", `line 4: data_sets[0].fields[0].hidden: "perhaps" is neither true nor false`},
	} {
		if _, _, err := readBundle([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
	// What is wrong with what was read is told by its line too.
	text := strings.Replace(example(t), "kind: line", "kind: lines", 1)
	b, r, err := readBundle([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	line := 1 + strings.Count(text[:strings.Index(text, "kind: lines")], "\n")
	err = r.at("analyses[0]", b.Analyses[0].check())
	if want := `line ` + itoa(line) + `: analyses[0].definition.sheets[0].visuals[5].kind: "lines" is none of`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestTextsThatLookLikeOtherThings(t *testing.T) {
	text := "lethe: 1\ndata_sets:\n  - name: 2020\n    parameters:\n      - {name: a, type: integer, default: 5}\n    filters:\n      - {kind: category, field: x, values: [2020-09-10, true, 1e3, ~x]}\n"
	b, _, err := readBundle([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d := b.DataSets[0]
	if d.Name != "2020" || d.Parameters[0].Default != "5" || !reflect.DeepEqual(d.Filters[0].Values, []string{"2020-09-10", "true", "1e3", "~x"}) {
		t.Errorf("%+v", d)
	}
}

// TestCodeRoundTrip writes bundles of random content, reads them, and writes them again.
func TestCodeRoundTrip(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	words := []string{"", "a", "y", "No", "null", "~", "1", "1.50", "0x1f", "2020-09-10", "true", " padded ", "a\nb", "a\nb\n", "\n", "a\n\nb \n", "tab\there", "\ttab", "  a\n b", "# no comment", "k: v",
		"- x", "'", `"`, "`", "%x", "@", "{", "[", "|", ">", "é\u00a0", "\u2028", "\u0085", "\ufeff", "😀", "*a", "&a", "!b", "a #b", "a: ", "---", "...", "<<", "=", "\r\n", "x\r", strings.Repeat("long ", 60) + "text", strings.Repeat("w", 300)}
	var fill func(v reflect.Value, depth int)
	fill = func(v reflect.Value, depth int) {
		switch v.Kind() {
		case reflect.Struct:
			for _, p := range propertiesOf(v.Type()) {
				fill(v.FieldByIndex(p.index), depth+1)
			}
		case reflect.Pointer:
			if r.IntN(2) == 0 {
				v.Set(reflect.New(v.Type().Elem()))
				fill(v.Elem(), depth+1)
			}
		case reflect.Slice:
			n := r.IntN(3)
			if depth > 8 {
				n = 0
			}
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(v.Index(i), depth+1)
			}
		case reflect.Map:
			v.Set(reflect.MakeMap(v.Type()))
			for range r.IntN(3) {
				x := reflect.New(v.Type().Elem()).Elem()
				fill(x, depth+1)
				v.SetMapIndex(reflect.ValueOf(words[r.IntN(len(words))]), x)
			}
		case reflect.String:
			v.SetString(words[r.IntN(len(words))])
		case reflect.Int, reflect.Int64:
			v.SetInt(r.Int64N(1000) - 500)
		case reflect.Float64:
			v.SetFloat(r.NormFloat64() * 1e9)
		case reflect.Bool:
			v.SetBool(r.IntN(2) == 0)
		}
	}
	for range 20 {
		var b bundle
		fill(reflect.ValueOf(&b).Elem(), 0)
		text, err := b.write()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		read, _, err := readBundle(text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		again, err := read.write()
		if err != nil || string(again) != string(text) {
			t.Fatalf("seed %d: %v, written again\n%s\nwas\n%s", seed, err, again, text)
		}
		b.Version = bundleVersion
		if !alike(reflect.ValueOf(b), reflect.ValueOf(read)) {
			t.Fatalf("seed %d: read back\n%+v\nwas\n%+v", seed, read, b)
		}
	}
}

// alike compares what code holds; empty lists and none are the same.
func alike(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Struct:
		for _, p := range propertiesOf(a.Type()) {
			if !alike(a.FieldByIndex(p.index), b.FieldByIndex(p.index)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return alike(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if x := b.MapIndex(k); !x.IsValid() || !alike(a.MapIndex(k), x) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte("lethe: 1\ndata_sets:\n  - name: A\n    fields: [{name: a, column: b}]\n"))
	f.Add([]byte(example(f)))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, _, err := readBundle(text)
		if err != nil {
			return
		}
		for i := range b.DataSets {
			_ = b.DataSets[i].check()
		}
		for i := range b.Analyses {
			_ = b.Analyses[i].check()
		}
		out, err := b.write()
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := readBundle(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if text, err := again.write(); err != nil || string(text) != string(out) {
			t.Fatalf("%v\n%s\n%s", err, text, out)
		}
	})
}
