package csv_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	rewritecsv "lethe/erasure/rewrite/csv"
	"lethe/erasure/rewrite/rewritetest"
)

func rfc(t testing.TB, o rewritecsv.Options) erasure.Format {
	t.Helper()
	f, err := rewritecsv.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// small is a table with a column of strings and one of integers.
func small(f catalog.Format, params ...string) catalog.Table {
	t := table(f, params...)
	t.Storage.Columns = []catalog.Column{{Name: "id", Type: "string"}, {Name: "n", Type: "bigint"}, {Name: "l", Type: "array<string>"}}
	return t
}

func values(f erasure.Format, obj, column string) (out []string, err error) {
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

// TestValues: what a column's values are in each kind of text.
func TestValues(t *testing.T) {
	comma := []string{"field.delim", ","}
	escaped := []string{"field.delim", ",", "escape.delim", `\`}
	for name, c := range map[string]struct {
		f           erasure.Format
		obj, column string
		want        []string
	}{
		"header":                 {rfc(t, rewritecsv.Options{}), "x,ID\n1,a\n2,b", "id", []string{"a", "b"}},
		"header of quotes, CRLF": {rfc(t, rewritecsv.Options{}), "\ufeff\"x\",\" id \"\r\n1,a\r\n", "id", []string{"a"}},
		"two columns of a name":  {rfc(t, rewritecsv.Options{}), "id,Id\na,b\n", "id", []string{"a|b"}},
		"quoted newline":         {rfc(t, rewritecsv.Options{}), "id,x\n\"a\nb\",1\n\"c\"\"d\",\"2\n\"\n", "id", []string{"a\nb", `c"d`}},
		"a line without fields":  {rfc(t, rewritecsv.Options{}), "id,x\n\na,1\n", "id", []string{"", "a"}},
		"too many fields":        {rfc(t, rewritecsv.Options{}), "id,x\na,1,2\nb,1\n", "id", []string{"?", "b"}},
		"a stray quote":          {rfc(t, rewritecsv.Options{}), "id,x\na\"b,1\nb,\"1\nc,2\n", "id", []string{"?", "?", "c"}},
		"semicolons":             {rfc(t, rewritecsv.Options{Delimited: catalog.Delimited{Separator: ";", Quote: "'"}}), "id;x\n'a;b';1\n", "id", []string{"a;b"}},
		"no header":              {rfc(t, rewritecsv.Options{Columns: []catalog.Column{{Name: "n", Type: "int"}, {Name: "id"}}}), "+007,a\n", "n", []string{"7"}},
		"no bytes":               {rfc(t, rewritecsv.Options{}), "", "id", nil},

		"open":             {forTable(small(catalog.OpenCSV)), "\"a\",\"1\",\nb,2,", "id", []string{"a", "b"}},
		"open, escapes":    {forTable(small(catalog.OpenCSV)), `"a\"b\\","1"` + "\n" + `a""b,1` + "\n" + `a\b,1`, "id", []string{`a"b\`, "ab", "ab"}},
		"open, one line":   {forTable(small(catalog.OpenCSV)), "\"a\nb\",1\nc,2", "id", []string{"?", "?", "c"}},
		"open, stray":      {forTable(small(catalog.OpenCSV)), "a,5\" disk,x\nb,6\" disk,y\nc,1,", "id", []string{"?", "?", "c"}},
		"open, head":       {forTable(small(catalog.OpenCSV, "skip.header.line.count", "2")), "id,n\n\"\na,1", "id", []string{"a"}},
		"open, few fields": {forTable(small(catalog.OpenCSV)), "a\n\nb", "n", []string{"", "", ""}},
		"open, integers":   {forTable(small(catalog.OpenCSV)), "a,\" 012 \"\nb,-0\nc,x", "n", []string{"12", "0", "x"}},

		"lazy":              {forTable(small(catalog.TextFile)), "a\x011\nb\x012", "id", []string{"a", "b"}},
		"lazy, quotes":      {forTable(small(catalog.TextFile, comma...)), "\"a,b\",1", "id", []string{`"a`}},
		"lazy, null":        {forTable(small(catalog.TextFile, comma...)), "\\N,1\n\\\\N,2", "id", []string{"", `\\N`}},
		"lazy, escapes":     {forTable(small(catalog.TextFile, escaped...)), `a\,b\nc,1` + "\n" + `\N,2` + "\n" + `\\N,3`, "id", []string{"a,b\nc", "", `\N`}},
		"lazy, Latin-1":     {forTable(small(catalog.TextFile, append(comma, "serialization.encoding", "ISO-8859-1")...)), "J\xfcrgen,1", "id", []string{"Jürgen"}},
		"lazy, not UTF-8":   {forTable(small(catalog.TextFile, comma...)), "J\xfcrgen,1", "id", []string{"J\ufffdrgen"}},
		"lazy, few fields":  {forTable(small(catalog.TextFile, comma...)), "a\n", "n", []string{""}},
		"lazy, many fields": {forTable(small(catalog.TextFile, comma...)), "a,1,2,3,4\n", "n", []string{"1"}},
	} {
		got, err := values(c.f, c.obj, c.column)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q: %v", name, got, c.want, err)
		}
	}
}

// TestRefused: what cannot be answered for is refused, by name.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		f           erasure.Format
		obj, column string
		kind        lethe.Kind
	}{
		"no such column in the header": {rfc(t, rewritecsv.Options{}), "a,b\n1,2\n", "id", lethe.Invalid},
		"no such column in the table":  {forTable(small(catalog.OpenCSV)), "a,b\n", "user", lethe.Invalid},
		"a list":                       {forTable(small(catalog.TextFile)), "a\n", "l", lethe.Unsupported},
		"a bad header":                 {rfc(t, rewritecsv.Options{}), "a,\"b\n1,2\n", "id", lethe.Invalid},
		"UTF-16":                       {rfc(t, rewritecsv.Options{}), "\xfe\xff\x00a", "id", lethe.Unsupported},
	} {
		if _, err := values(c.f, c.obj, c.column); !lethe.Is(err, c.kind) {
			t.Errorf("%s: %v, want %s", name, err, c.kind)
		}
	}
	if _, err := rewritecsv.New(rewritecsv.Options{Delimited: catalog.Delimited{Separator: "||"}}); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("a separator of two bytes: %v", err)
	}
	footer := small(catalog.OpenCSV, "skip.footer.line.count", "1")
	if _, err := rewritecsv.ForTable(footer, footer.Storage); !lethe.Is(err, lethe.Unsupported) {
		t.Errorf("a footer: %v", err)
	}
}

func cut(mode erasure.Mode, user string) erasure.Cut {
	return erasure.Cut{Columns: []string{"id"}, Mode: mode, Traces: []string{user}, Match: func(v [][]string) bool { return slices.Contains(v[0], user) }}
}

// TestCuts: what each mode leaves.
func TestCuts(t *testing.T) {
	text := func(s string) *string { return &s }
	strs := small(catalog.OpenCSV)
	strs.Storage.Columns = strs.Storage.Columns[:1]
	comma, escaped := []string{"field.delim", ","}, []string{"field.delim", ",", "escape.delim", `\`}
	for name, c := range map[string]struct {
		f         erasure.Format
		obj       string
		mode      erasure.Mode
		repl      *string
		want, err string
	}{
		"delete":                    {rfc(t, rewritecsv.Options{}), "id,x\na,1\n\"b\",\"2\na,\"\na,3", erasure.Delete, nil, "id,x\n\"b\",\"2\na,\"\n", ""},
		"delete over lines":         {rfc(t, rewritecsv.Options{}), "id,x\r\na,\"1\r\n2\"\r\nb,3\r\n", erasure.Delete, nil, "id,x\r\nb,3\r\n", ""},
		"blank":                     {rfc(t, rewritecsv.Options{}), "id,x,y\r\na,\"1\r\n2\",3\r\nb,3,4\r\n", erasure.Blank, nil, "id,x,y\r\n,,\r\nb,3,4\r\n", ""},
		"blank of one column":       {rfc(t, rewritecsv.Options{}), "id\na\nb\n", erasure.Blank, nil, "id\n\"\"\nb\n", ""},
		"blank of Hive's":           {forTable(small(catalog.TextFile, comma...)), "a,1,x\nb,2,y\n", erasure.Blank, nil, "\\N,\\N,\\N\nb,2,y\n", ""},
		"blank of strings":          {forTable(strs), "a\nb\n", erasure.Blank, nil, "\"\"\nb\n", ""},
		"blank of others":           {forTable(small(catalog.OpenCSV)), "a,1\n", erasure.Blank, nil, "", "column n is of type bigint"},
		"replace":                   {rfc(t, rewritecsv.Options{}), "x,id,y\n\"p,q\",\"a\",r\n1,b,2\n", erasure.Replace, text("say \"z\""), "x,id,y\n\"p,q\",\"say \"\"z\"\"\",r\n1,b,2\n", ""},
		"replace by null":           {rfc(t, rewritecsv.Options{}), "x,id\n\"p\n\"\"q\",a\n", erasure.Replace, nil, "x,id\n\"p\n\"\"q\",\n", ""},
		"replace, open":             {forTable(small(catalog.OpenCSV)), `"a","1"` + "\n" + `a,2`, erasure.Replace, text(`x\"y`), `"x\\""y","1"` + "\n" + `"x\\""y",2`, ""},
		"replace, open, end":        {forTable(small(catalog.OpenCSV)), `a,2`, erasure.Replace, text("x\ny"), "", "end of line"},
		"replace, lazy":             {forTable(small(catalog.TextFile, escaped...)), `a,1`, erasure.Replace, text("x,\n\\"), `x\,\n\\,1`, ""},
		"replace, lazy, null":       {forTable(small(catalog.TextFile, comma...)), `a,1`, erasure.Replace, nil, `\N,1`, ""},
		"replace, lazy, separator":  {forTable(small(catalog.TextFile, comma...)), `a,1`, erasure.Replace, text("x,y"), "", "separator"},
		"replace, lazy, looks null": {forTable(small(catalog.TextFile, comma...)), `a,1`, erasure.Replace, text(`\N`), "", "text of null"},
		"replace, Latin-1":          {forTable(small(catalog.TextFile, append(comma, "serialization.encoding", "latin1")...)), "a,\xfc", erasure.Replace, text("ü"), "\xfc,\xfc", ""},
		"replace, not Latin-1":      {forTable(small(catalog.TextFile, append(comma, "serialization.encoding", "latin1")...)), "a,\xfc", erasure.Replace, text("日"), "", "not in Latin-1"},
		"a name in a bad line":      {rfc(t, rewritecsv.Options{}), "id,x\nb,A,1\n", erasure.Delete, nil, "", "line 2, at byte 5, names the person, but has 3 fields, not 2"},
	} {
		k := cut(c.mode, "a")
		k.Replace = map[string]*string{"id": c.repl}
		p, err := c.f.Plan(context.Background(), strings.NewReader(c.obj), k)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := rewritetest.Apply([]byte(c.obj), p.Edits); err != nil || string(got) != c.want {
			t.Errorf("%s: %q, want %q: %v", name, got, c.want, err)
		}
	}
}

// TestUserdata is the erasure framework's file of one customer: when the customer is
// gone, the header is all that is left, and the object may go.
func TestUserdata(t *testing.T) {
	obj := "customer_id,name\n1001,Ann\n1001,\"Ann, again\"\n"
	k := cut(erasure.Delete, "1001")
	k.Columns = []string{"customer_id"}
	p, err := rfc(t, rewritecsv.Options{}).Plan(context.Background(), strings.NewReader(obj), k)
	if err != nil || !p.Empty || p.Cut != 2 || p.Rows != 2 {
		t.Errorf("%+v %v", p, err)
	}
}

// TestHeadNames: a name before the records stays, and a person is told.
func TestHeadNames(t *testing.T) {
	for _, c := range []struct {
		f   erasure.Format
		obj string
	}{
		{rfc(t, rewritecsv.Options{}), "id,Alice\na,1\n"},
		{forTable(small(catalog.OpenCSV, "skip.header.line.count", "1")), "of Alice\na,1\n"},
	} {
		p, err := c.f.Plan(context.Background(), strings.NewReader(c.obj), cut(erasure.Delete, "alice"))
		if err != nil || len(p.Edits) != 0 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "names the person") {
			t.Errorf("%q: %+v %v", c.obj, p, err)
		}
	}
}

// TestVacuum: blank records go and others stay.
func TestVacuum(t *testing.T) {
	f := forTable(small(catalog.TextFile, "field.delim", ","))
	obj := "\\N,\\N,\\N\na,1,x\n,,\n\\N,2,\\N\n"
	p, err := f.(erasure.Vacuumer).Vacuum(context.Background(), strings.NewReader(obj), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rewritetest.Apply([]byte(obj), p.Edits); err != nil || string(got) != "a,1,x\n\\N,2,\\N\n" || p.Cut != 2 || p.Rows != 4 {
		t.Errorf("%q %v", got, err)
	}
}

// FuzzRFC4180: what encoding/csv reads has the same fields here, and replacing or
// taking out records leaves the others as they were.
func FuzzRFC4180(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a\n\"x\ny\"\n", "a,b\r\n\"\"\"\",\r\n", "a,a\n,\n1,2", "a\n\n1\n", "a,b\n\"1\"x,2\n3,4", "\ufeffa\n1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx := context.Background()
		format := rfc(t, rewritecsv.Options{})
		var got [][]string
		var bad bool
		for r, err := range format.Records(ctx, bytes.NewReader(b), []string{"a"}, nil) {
			if err != nil {
				if !lethe.Is(err, lethe.Invalid) && !lethe.Is(err, lethe.Unsupported) {
					t.Fatal(err)
				}
				return
			}
			bad = bad || r.Unreadable
			if raw := b[r.Off : r.Off+r.Len]; len(bytes.TrimRight(raw, "\r\n")) > 0 {
				got = append(got, slices.Clone(r.Values[0]))
			}
		}
		all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
		// encoding/csv takes the CR out of the ends of lines within fields, and empty
		// lines for none.
		if err == nil && len(all) > 0 && !bad && !bytes.Contains(b, []byte("\r")) && !bytes.HasPrefix(b, []byte("\n")) && !bytes.HasPrefix(b, []byte("\ufeff\n")) {
			var want [][]string
			for _, rec := range all[1:] {
				var v []string
				for i, h := range all[0] {
					if strings.EqualFold(strings.TrimSpace(h), "a") && rec[i] != "" {
						v = append(v, rec[i])
					}
				}
				want = append(want, v)
			}
			if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
				t.Fatalf("%q has %q, want %q", b, got, want)
			}
		}
		for _, mode := range []erasure.Mode{erasure.Delete, erasure.Blank, erasure.Replace} {
			x := "it's, \"x\"\n"
			k := erasure.Cut{Columns: []string{"a"}, Mode: mode, Traces: []string{"\x00"}, Replace: map[string]*string{"a": &x},
				Match: func(v [][]string) bool { return len(v[0]) > 0 && v[0][0] != x }}
			p, err := format.Plan(ctx, bytes.NewReader(b), k)
			if err != nil {
				continue
			}
			out, err := rewritetest.Apply(b, p.Edits)
			if err != nil {
				t.Fatal(err)
			}
			again, err := format.Plan(ctx, bytes.NewReader(out), k)
			if err != nil || again.Cut != 0 || mode != erasure.Delete && again.Rows != p.Rows {
				t.Fatalf("a second cut of %q, which was %q: %+v %v", out, b, again, err)
			}
		}
	})
}
