package jsonl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"lethe/erasure"
	"lethe/erasure/rewrite/jsonl"
	"lethe/erasure/rewrite/rewritetest"
	"lethe/object"
)

func TestFormat(t *testing.T) {
	rewritetest.Suite{
		New:   func() erasure.Format { return jsonl.New(nil) },
		Write: write,
		Lines: true,
		Big: func(t testing.TB, size int64) object.Content {
			block := write(t, rand.New(rand.NewPCG(1, 1)), bigRows())
			return rewritetest.Repeat(size, ended(block), []byte(`{"user_id":"`+rewritetest.BigUser+`"}`+"\n"))
		},
		Memory: 32 << 20,
	}.Run(t)
}

func ended(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	return append(bytes.TrimRight(b, "\r\n"), '\n')
}

func bigRows() (rows []rewritetest.Row) {
	for i := range 1000 {
		user, number := fmt.Sprintf("u-%016x", i*7919), int64(i)
		note := strings.Repeat("a line of text, ", i%20)
		rows = append(rows, rewritetest.Row{User: &user, Number: &number, Note: &note})
	}
	return rows
}

// style is how a file's writer writes.
type style struct {
	r             *rand.Rand
	space, escape bool
	mixed         bool // keys in mixed case
}

func (s style) text(v string) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	// encoding/json escapes controls only as it must; the rest is up to the writer.
	if !s.escape || s.r.IntN(3) > 0 || strings.ContainsRune(string(b), '\\') || v == "" {
		return string(b)
	}
	i := strings.IndexAny(v, "abcdef0123456789")
	if i < 0 {
		return string(b)
	}
	return strings.Replace(string(b), v[i:i+1], fmt.Sprintf(`\u%04X`, v[i]), 1)
}

func (s style) key(k string) string {
	if s.mixed && s.r.IntN(2) == 0 {
		k = strings.ToUpper(k)
	}
	return s.text(k)
}

func (s style) sep() string {
	if s.space {
		return []string{" ", "", "\t"}[s.r.IntN(3)]
	}
	return ""
}

// write makes JSON lines in a style of r's choice.
func write(_ testing.TB, r *rand.Rand, rows []rewritetest.Row) []byte {
	s := style{r: r, space: r.IntN(2) == 0, escape: r.IntN(2) == 0, mixed: r.IntN(2) == 0}
	end := []string{"\n", "\r\n"}[r.IntN(2)]
	var b bytes.Buffer
	if r.IntN(4) == 0 {
		b.WriteString("\ufeff")
	}
	for i, row := range rows {
		var m []string
		member := func(k, v string) { m = append(m, s.key(k)+s.sep()+":"+s.sep()+v) }
		list := func(vs []string) string {
			var out []string
			for _, v := range vs {
				out = append(out, s.text(v))
			}
			return "[" + s.sep() + strings.Join(out, ","+s.sep()) + "]"
		}
		for _, c := range rewritetest.Columns {
			vs := row.Values(c)
			switch {
			case c == "friends":
				if len(vs) > 0 || r.IntN(2) == 0 {
					member(c, list(vs))
				}
			case len(vs) == 0:
				switch {
				case r.IntN(2) == 0:
				case c == "buyer.id":
					member("buyer", []string{"null", "{}", `{"id":null}`, `{"other":[1,{"id":2}]}`}[r.IntN(4)])
				default:
					member(c, "null")
				}
			case c == "buyer.id":
				switch r.IntN(3) {
				case 0:
					member("buyer.id", s.text(vs[0]))
				case 1:
					member("buyer", `{"age":`+s.sep()+`7,`+s.key("id")+`:`+s.text(vs[0])+`}`)
				default:
					member("buyer", `{`+s.key("id")+`:`+s.text(vs[0])+`,"x":{"id":"no"}}`)
				}
			case c == "number":
				member(c, vs[0])
			case c == "note": // by which the suite knows the record's bytes
				member(c, style{r: r}.text(vs[0]))
			default:
				member(c, s.text(vs[0]))
			}
		}
		member("other", []string{`{"user_id":"within","l":[[],{}]}`, `"}{][,:\""`, "1.5e-3", "true", "[null]"}[r.IntN(5)])
		r.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
		b.WriteString(s.sep() + "{" + s.sep() + strings.Join(m, s.sep()+","+s.sep()) + s.sep() + "}" + s.sep())
		if i < len(rows)-1 || r.IntN(2) == 0 {
			b.WriteString(end)
		}
	}
	return b.Bytes()
}
