package csv_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"lethe/catalog"
	"lethe/erasure"
	rewritecsv "lethe/erasure/rewrite/csv"
	"lethe/erasure/rewrite/rewritetest"
	"lethe/object"
)

var columns = []string{"user_id", "number", "uuid", "note", "other"}

// table is a table of the suite's columns, all of them strings.
func table(f catalog.Format, params ...string) catalog.Table {
	t := catalog.Table{Database: "d", Name: "t", Parameters: map[string]string{}}
	t.Storage = catalog.Storage{InputFormat: f.InputFormat, SerDe: catalog.SerDe{Library: f.SerDe, Parameters: map[string]string{}}}
	for _, c := range columns {
		t.Storage.Columns = append(t.Storage.Columns, catalog.Column{Name: c, Type: "string"})
	}
	for i := 0; i < len(params); i += 2 {
		t.Storage.SerDe.Parameters[params[i]] = params[i+1]
	}
	return t
}

func forTable(t catalog.Table) erasure.Format {
	f, err := rewritecsv.ForTable(t, t.Storage)
	if err != nil {
		panic(err)
	}
	return f
}

// fields are a row's, "" where it is null.
func fields(r *rand.Rand, row rewritetest.Row, other string) []string {
	out := make([]string, len(columns))
	for i, c := range columns[:4] {
		if v := row.Values(c); len(v) > 0 {
			out[i] = v[0]
		}
	}
	out[4] = other
	return out
}

// lines joins records with an end of line of r's choice, after a head.
func lines(r *rand.Rand, head string, records []string) []byte {
	end := []string{"\n", "\r\n"}[r.IntN(2)]
	var b bytes.Buffer
	if r.IntN(4) == 0 {
		b.WriteString("\ufeff")
	}
	if head != "" {
		b.WriteString(head + end)
	}
	for i, x := range records {
		b.WriteString(x)
		if i < len(records)-1 || r.IntN(2) == 0 {
			b.WriteString(end)
		}
	}
	return b.Bytes()
}

func suite(t *testing.T, newFormat func() erasure.Format, head string, write func(r *rand.Rand, fields []string) string) {
	t.Helper()
	rewritetest.Suite{
		New: newFormat,
		Write: func(_ testing.TB, r *rand.Rand, rows []rewritetest.Row) []byte {
			var out []string
			for _, row := range rows {
				other := []string{"x", "y z", `say "hi"`, "a,b;c"}[r.IntN(4)]
				out = append(out, write(r, fields(r, row, other)))
			}
			return lines(r, head, out)
		},
		Without: []string{"buyer.id", "friends"},
		Lines:   true,
		Memory:  32 << 20,
		BigSize: 40 << 20,
		Big: func(t testing.TB, size int64) object.Content {
			r := rand.New(rand.NewPCG(1, 1))
			var block strings.Builder
			for i := range 2000 {
				block.WriteString(write(r, []string{fmt.Sprintf("u-%d", i), fmt.Sprint(i * i), "", strings.Repeat("text ", i%30), "x"}) + "\n")
			}
			once := write(r, []string{rewritetest.BigUser, "", "", "", "x"}) + "\n"
			if head == "" {
				return rewritetest.Repeat(size, []byte(block.String()), []byte(once))
			}
			return headed{head + "\n", rewritetest.Repeat(size, []byte(block.String()), []byte(once))}
		},
	}.Run(t)
}

// headed is content after a line.
type headed struct {
	head string
	object.Content
}

func (h headed) Size() int64 { return int64(len(h.head)) + h.Content.Size() }

func (h headed) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(h.head)) {
		n = copy(b, h.head[off:])
	}
	m, err := h.Content.ReadAt(b[n:], off+int64(n)-int64(len(h.head)))
	return n + m, err
}

func TestRFC4180(t *testing.T) {
	suite(t, func() erasure.Format {
		f, err := rewritecsv.New(rewritecsv.Options{})
		if err != nil {
			panic(err)
		}
		return f
	}, `USER_ID,number ,"uuid",note,other`, func(r *rand.Rand, f []string) string {
		var b bytes.Buffer
		if r.IntN(4) == 0 {
			f[4] = "two\nlines, \"\n"
		}
		w := csv.NewWriter(&b)
		if err := w.Write(f); err != nil {
			panic(err)
		}
		w.Flush()
		return strings.TrimSuffix(b.String(), "\n")
	})
}

func TestOpenCSV(t *testing.T) {
	for _, p := range [][]string{nil, {"separatorChar", ";", "quoteChar", "'", "escapeChar", "^"}} {
		tab := table(catalog.OpenCSV, p...)
		sep, quote, esc := ",", `"`, `\`
		if p != nil {
			sep, quote, esc = p[1], p[3], p[5]
		}
		t.Run(sep, func(t *testing.T) {
			suite(t, func() erasure.Format { return forTable(tab) }, "", func(r *rand.Rand, f []string) string {
				out := make([]string, len(f))
				for i, s := range f {
					if out[i] = s; r.IntN(2) == 0 || strings.ContainsAny(s, sep+quote+esc) {
						s = strings.ReplaceAll(s, esc, esc+esc)
						out[i] = quote + strings.ReplaceAll(s, quote, []string{esc + quote, quote + quote}[r.IntN(2)]) + quote
					}
				}
				return strings.Join(out, sep)
			})
		})
	}
}

func TestLazySimple(t *testing.T) {
	for name, c := range map[string]struct {
		params         []string
		sep, esc, null string
	}{
		"default": {nil, "", "", `\N`}, // the suite's texts hold \x01, so a row of it is another one's
		"escaped": {[]string{"field.delim", ",", "escape.delim", `\`}, ",", `\`, `\N`},
		"tab":     {[]string{"field.delim", "5", "serialization.null.format", "NULL"}, "\x05", "", "NULL"},
	} {
		if c.sep == "" {
			continue
		}
		tab := table(catalog.TextFile, c.params...)
		t.Run(name, func(t *testing.T) {
			suite(t, func() erasure.Format { return forTable(tab) }, "", func(r *rand.Rand, f []string) string {
				out := make([]string, len(f))
				for i, s := range f {
					if out[i] = s; s == "" && r.IntN(2) == 0 {
						out[i] = c.null
					} else if c.esc != "" {
						out[i] = strings.NewReplacer(c.esc, c.esc+c.esc, c.sep, c.esc+c.sep).Replace(s)
					}
				}
				return strings.Join(out, c.sep)
			})
		})
	}
}
