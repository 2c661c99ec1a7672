package trinosql

import "testing"

func TestQuoting(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{QuoteName("abc_1"), "abc_1"},
		{QuoteName("Abc"), `"Abc"`},
		{QuoteName("select"), `"select"`},
		{QuoteName(`a"b`), `"a""b"`},
		{QuoteName("1a"), `"1a"`},
		{QuoteName(""), `""`},
		{QuoteNameAlways("a"), `"a"`},
		{QuoteString("it's"), "'it''s'"},
		{QuoteString(`a\b`), `'a\b'`},
		{QuoteHiveName("a`b"), "`a``b`"},
		{QuoteHiveString("it's \\ \n\t\x00\x01é"), `'it\'s \\ \n\t\u0000\u0001é'`},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// TestQuotedTextsAreReadBack writes texts as literals and names, and parses them.
func TestQuotedTextsAreReadBack(t *testing.T) {
	for _, s := range []string{"", "a", "it's", `back\slash`, `\`, "tab\tnew\nline\r", "\x00\x01\x1f\x7f", "é漢😀", `"`, "`", "%_", `\%`, "a;b--c/*", "0", "\x00111"} {
		x, err := ParseExpr(QuoteString(s))
		if err != nil || x.(*Literal).Val != s {
			t.Errorf("%q is read as %v, %v", s, x, err)
		}
		st, err := Parse("ALTER TABLE t SET TBLPROPERTIES (" + QuoteHiveString("k") + "=" + QuoteHiveString(s) + ")")
		if err != nil {
			t.Errorf("%q: %v", s, err)
		} else if got := st.(*AlterTable).Props[0].X.(*Literal).Val; got != s {
			t.Errorf("%q is read as %q from Hive", s, got)
		}
		if s == "" {
			continue
		}
		if x, err := ParseExpr(QuoteName(s)); err != nil || x.(*ColumnRef).Name.Text != s {
			t.Errorf("name %q is read as %v, %v", s, x, err)
		}
		st, err = Parse("MSCK REPAIR TABLE " + QuoteHiveName(s))
		if err != nil || st.(*Msck).Table[0].Text != s {
			t.Errorf("name %q is read as %v, %v from Hive", s, st, err)
		}
	}
}
