package own

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"lethe/erasure"
	"lethe/lib/delimited"
)

var types = []erasure.IdentifierType{
	{Name: "user_id", Form: erasure.Exact},
	{Name: "mail", Form: erasure.Email},
	{Name: "person", Form: erasure.Folded, Parts: []string{"first", "last"}},
}

func testKey(t *testing.T) *erasure.HashKey {
	t.Helper()
	key, err := erasure.NewHashKey([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testPerson(t *testing.T, named ...erasure.Named) erasure.Person {
	t.Helper()
	p, err := erasure.NewPerson(types, named)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var ada = []erasure.Named{
	{Type: "user_id", Values: []string{"u2"}},
	{Type: "user_id", Values: []string{"O'Brien 7"}},
	{Type: "mail", Values: []string{"Ada@Example.org"}},
	{Type: "person", Values: []string{"Ada", "Lovelace"}},
}

// masked shortens masks, so that a test can be read: U and V for the user ids, M for
// the mail address, P for the person's name.
func masked(key *erasure.HashKey, s string) string {
	for short, h := range map[string]erasure.Hash{
		"U": key.Hash("user_id", "u2"), "V": key.Hash("user_id", "O'Brien 7"), "M": key.Hash("mail", "ada@example.org"),
	} {
		s = strings.ReplaceAll(s, maskOf(h), "<"+short+">")
	}
	return regexp.MustCompile(`\[erased:[0-9a-f]{16}\]`).ReplaceAllString(s, "<P>")
}

// TestRedact: whole words that name the person are replaced, in all spellings, and
// nothing else is.
func TestRedact(t *testing.T) {
	key := testKey(t)
	m := newMatcher(testPerson(t, ada...), key)
	for in, want := range map[string]string{
		"":                                           "",
		"SELECT * FROM t WHERE user_id = 'u2'":       "SELECT * FROM t WHERE user_id = '<U>'",
		"s3://b/u2-8a.csv and s3://b/x_u2.json":      "s3://b/<U>-8a.csv and s3://b/x_<U>.json",
		"u22 su2 U2 ü2 u2é":                          "u22 su2 U2 ü2 u2é",
		"u2u2 u2 u2":                                 "u2u2 <U> <U>",
		"id = 'O''Brien 7'":                          "id = '<V>'",
		`{"id": "O'Brien 7"}`:                        `{"id": "<V>"}`,
		"?id=O%27Brien+7&x=O%27Brien%207":            "?id=<V>&x=<V>",
		"like '%ada@example.org%', ADA@EXAMPLE.ORG.": "like '%<M>%', <M>.",
		"mailto:ada@example.org <Ada@example.org>":   "mailto:<M> <<M>>",
		"lady-ada@example.org ada@example.org.uk":    "lady-ada@example.org ada@example.org.uk",
		"first = 'Ada'":                              "first = 'Ada'",
		"first = 'ADA' and last = 'lovelace'":        "first = '<P>' and last = '<P>'",
		"[erased:u2] erased":                         "[erased:u2] erased",
	} {
		got := m.redact(in)
		if masked(key, got) != want {
			t.Errorf("%q is redacted to %q, not %q", in, masked(key, got), want)
		}
		if again := m.redact(got); again != got {
			t.Errorf("%q is redacted again, to %q", got, again)
		}
		if m.in(in) != (got != in) {
			t.Errorf("%q names the person: %v", in, m.in(in))
		}
	}
	// Somebody is named as masks are made.
	odd := newMatcher(testPerson(t, erasure.Named{Type: "user_id", Values: []string{"erased"}}), key)
	if got := odd.redact("erased, [erased:0123456789abcdef]"); odd.in(got) || !strings.HasSuffix(got, ", [erased:0123456789abcdef]") {
		t.Errorf("a person named erased is redacted to %q", got)
	}
}

// TestRecord: records are found by a value as its type compares it, by a word in one,
// and by all parts of a composite identifier.
func TestRecord(t *testing.T) {
	m := newMatcher(testPerson(t, ada...), testKey(t))
	for in, want := range map[string]bool{
		`"u1","bob@example.org"`:              false,
		`"u2","bob@example.org"`:              true,
		`"1","see u2, please"`:                true,
		`"1"," Countess <ADA@example.org.> "`: true,
		`"1","ada@example.org"`:               true,
		`"Ada","Byron"`:                       false,
		`"ada","1815","LOVELACE"`:             true,
		`"O'Brien 7"`:                         true,
		`1,"said ""u2"" twice"`:               true,
		`"broken` + "\n":                      false,
		`"u2 in a broken record`:              true,
	} {
		var rec delimited.Record
		if err := reader(strings.NewReader(in), true, ',')(&rec); err != nil {
			t.Fatal(err)
		}
		if got := m.record(&rec); got != want {
			t.Errorf("%s is of the person: %v", in, got)
		}
	}
}

// suppressed is a Suppression of some hashes.
type suppressed map[erasure.Hash]bool

func (s suppressed) Types(context.Context) ([]erasure.IdentifierType, error) { return types, nil }
func (s suppressed) Suppressed(h erasure.Hash) bool                          { return s[h] }

// TestLater: of whom only hashes are known is replaced in what is written later, as a
// literal in quotes or as a word.
func TestLater(t *testing.T) {
	key := testKey(t)
	name, _ := types[2].Normal([]string{"Ada", "Lovelace"})
	s := suppressed{key.Hash("person", name): true, key.Hash("user_id", "u2"): true, key.Hash("user_id", "O'Brien 7"): true, key.Hash("mail", "ada@example.org"): true, key.Hash("user_id", "1001"): true}
	for in, want := range map[string]string{
		"":                                      "",
		"SELECT 1":                              "SELECT 1",
		"SELECT 'u2', u2, \"u2\", `u2`":         "SELECT '<U>', <U>, \"<U>\", `<U>`",
		"id = 'O''Brien 7'":                     "id = '<V>'",
		"id=1001 or id in (1001,1002) LIMIT 10": "id=<P> or id in (<P>,1002) LIMIT 10",
		"mail like '%ADA@example.org%'":         "mail like '%<M>%'",
		"mail = 'Ada@Example.org'":              "mail = '<M>'",
		"'s3://b/u2-8a.csv'":                    "'s3://b/<U>-8a.csv'",
		"su2 u22 10012 x1001":                   "su2 u22 10012 x1001",
		"Cannot cast 'u2' to bigint.":           "Cannot cast '<U>' to bigint.",
		"é'u2'é 'open u2":                       "é'<U>'é 'open <U>",
		"ends with u2.":                         "ends with <U>.",
		"last = 'lovelace' AND first = 'ADA'":   "last = '<P>' AND first = '<P>'",
		"VALUES (1, 'Ada', 7, 'Lovelace'), 'A'": "VALUES (1, '<P>', 7, '<P>'), 'A'",
		"of Ada Lovelace, Ada Byron":            "of <P> <P>, <P> Byron",
		"'Ada' and 'Byron', 'ada lovelace'":     "'<P>' and 'Byron', '<P> <P>'",
		"'Ada'" + strings.Repeat(", 'Eve'", 20) + strings.Repeat(", 'Bob', 'Tim'", 20) + ", 'Lovelace'": "'Ada'" + strings.Repeat(", 'Eve'", 20) + strings.Repeat(", 'Bob', 'Tim'", 20) + ", 'Lovelace'",
	} {
		got, err := Later(t.Context(), s, key, in)
		if err != nil || masked(key, got) != want {
			t.Errorf("%q is kept as %q, %v, not as %q", in, masked(key, got), err, want)
		}
	}
}

// counting is a Suppression of nobody that counts how often it is asked.
type counting struct {
	suppressed
	asked *int
}

func (c counting) Suppressed(erasure.Hash) bool { *c.asked++; return false }

// TestLaterIsLinear: no text makes it look at more than a few parts for each
// character.
func TestLaterIsLinear(t *testing.T) {
	key := testKey(t)
	const size = 4 << 10
	for _, text := range []string{"'", "''a", "a.", "a", "a b ", "'a' ", "\"'`"} {
		asked := 0
		text = strings.Repeat(text, size/len(text))
		if got, err := Later(t.Context(), counting{asked: &asked}, key, text); err != nil || got != text {
			t.Fatal(err)
		}
		if asked > 2*2*len(text)+2*16*len(text) { // two types of one value, a long and a short part; one of two values
			t.Errorf("%.10q...: asked %d times for %d bytes", text, asked, len(text))
		}
	}
}

// TestHashed: of whom only hashes are known, identifiers of one value are found that
// stand in a text or record as a literal, a word, or the whole of a value.
func TestHashed(t *testing.T) {
	key := testKey(t)
	name, _ := types[2].Normal([]string{"Ada", "Lovelace"})
	known := map[erasure.Hash]bool{key.Hash("user_id", "u2"): true, key.Hash("user_id", "O'Brien 7"): true, key.Hash("mail", "ada@example.org"): true, key.Hash("person", name): true}
	m := newMatcher(erasure.HashedPerson(types, func(typ, v string) bool { return known[key.Hash(typ, v)] }), key)
	for in, want := range map[string]string{
		"":                                     "",
		"SELECT * FROM t WHERE user_id = 'u2'": "SELECT * FROM t WHERE user_id = '<U>'",
		"u22 su2 U2 ü2 u2é":                    "u22 su2 U2 ü2 u2é",
		"id = 'O''Brien 7'":                    "id = '<V>'",
		`{"id": "O'Brien 7", "x": "u2"}`:       `{"id": "<V>", "x": "<U>"}`,
		"x, ADA@EXAMPLE.ORG.":                  "x, <M>.",
		"first = 'Ada' and last = 'Lovelace'":  "first = '<P>' and last = '<P>'",
		"first = 'Ada' and last = 'Byron'":     "first = 'Ada' and last = 'Byron'",
		"s3://b/u2/2.csv":                      "s3://b/<U>/2.csv",
	} {
		got := m.redact(in)
		if masked(key, got) != want || m.in(in) != (got != in) {
			t.Errorf("%q is redacted to %q, not %q", in, masked(key, got), want)
		}
		if again := m.redact(got); again != got {
			t.Errorf("again %q becomes %q", got, again)
		}
	}
	for text, want := range map[string]bool{
		"1,O'Brien 7,x\n": true, "1,Ada@Example.ORG ,x\n": true, "u2\n": true, "u3,\"u 2\"\n": false, "\"u2\",y\n": true,
	} {
		next := delimited.NewReader(strings.NewReader(text), ',', '"', 1<<20).Next
		var rec delimited.Record
		if err := next(&rec); err != nil {
			t.Fatal(err)
		}
		if m.record(&rec) != want {
			t.Errorf("%q is theirs: %v", text, !want)
		}
	}
}
