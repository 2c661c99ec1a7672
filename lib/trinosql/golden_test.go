package trinosql

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests see into testdata/*.txt")

// golden runs the cases of testdata/name. A case is a directive line, a
// statement, "----", and what run returns for it; blank lines separate cases
// and # begins a comment.
func golden(t *testing.T, name string, run func(directive, sql string) string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(b)), "\n\n") {
		input, want, ok := strings.Cut(block, "\n----\n")
		input = strings.TrimSuffix(input, "\n----")
		if !ok && !strings.Contains(block, "\n----") {
			out.WriteString(block + "\n\n") // only a comment
			continue
		}
		var comment, rest []string
		for _, l := range strings.Split(input, "\n") {
			if strings.HasPrefix(l, "#") && rest == nil {
				comment = append(comment, l)
			} else {
				rest = append(rest, l)
			}
		}
		directive, sql := rest[0], strings.Join(rest[1:], "\n")
		got := strings.TrimSpace(run(directive, sql))
		if got != strings.TrimSpace(want) && !*rewrite {
			t.Errorf("%s: %s\n%s\ngot:\n%s\nwant:\n%s", name, directive, sql, got, want)
		}
		for _, c := range comment {
			out.WriteString(c + "\n")
		}
		out.WriteString(directive + "\n" + sql + "\n----\n" + got + "\n\n")
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(strings.TrimSpace(out.String())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// goldenTables are the tables of the golden tests.
func goldenTables() testTables {
	row := RowOf([]*Type{Integer, Varchar}, []string{"x", "y"})
	tables := testTables{}
	add := func(name string, view *View, columns ...Column) {
		tables[name] = &TableSchema{TableName: TableName{"c", "db", name}, Columns: columns, View: view}
	}
	add("t", nil,
		Column{Name: "a", Type: Integer}, Column{Name: "b", Type: Varchar}, Column{Name: "c", Type: Double},
		Column{Name: "d", Type: Date}, Column{Name: "arr", Type: ArrayOf(Integer)}, Column{Name: "m", Type: MapOf(Varchar, Integer)},
		Column{Name: "r", Type: row}, Column{Name: "rs", Type: ArrayOf(row)},
		Column{Name: "dt", Type: Varchar, Partition: true}, Column{Name: "h", Type: Integer, Partition: true},
		Column{Name: "$path", Type: Varchar, Hidden: true})
	add("u", nil,
		Column{Name: "a", Type: Bigint}, Column{Name: "k", Type: Varchar}, Column{Name: "v", Type: DecimalOf(10, 2)},
		Column{Name: "ts", Type: Timestamp}, Column{Name: "dt", Type: Varchar, Partition: true})
	add("vw", &View{SQL: "SELECT a, b, dt FROM t WHERE h = 3", Catalog: "c", Database: "db"})
	add("typed", &View{SQL: "SELECT a FROM t", Catalog: "c", Database: "db", Columns: []Column{{Name: "a", Type: Bigint}}})
	add("loop", &View{SQL: "SELECT * FROM loop", Catalog: "c", Database: "db"})
	add("broken", &View{SQL: "SELECT nope FROM t", Catalog: "c", Database: "db"})
	add("garbled", &View{SQL: "SELECT FROM", Catalog: "c", Database: "db"})
	return tables
}

func TestGolden(t *testing.T) {
	tables := goldenTables()
	for _, file := range []string{"errors.txt", "names.txt", "types.txt", "scopes.txt", "groups.txt", "pruning.txt", "statements.txt"} {
		golden(t, file, func(directive, sql string) string {
			stmt, err := Parse(sql)
			if err != nil {
				return showError(err)
			}
			opt := Options{Catalog: "c", Database: "db", Now: time.Date(2024, 3, 5, 6, 7, 8, 0, time.UTC)}
			for _, f := range strings.Fields(directive) {
				if v, ok := strings.CutPrefix(f, "param="); ok {
					x, err := ParseExpr(v)
					if err != nil {
						t.Fatal(err)
					}
					opt.Parameters = append(opt.Parameters, x)
				}
			}
			an, err := Analyze(context.Background(), stmt, tables, opt)
			if err != nil {
				return showError(err)
			}
			return showAnalysis(an, strings.Fields(directive)[1:])
		})
	}
}

func showError(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return "error without a place: " + err.Error()
	}
	return string(e.Code) + ": " + e.Error()
}

// showAnalysis writes the output columns and, of the rest, what the directive asks for.
func showAnalysis(an *Analysis, show []string) string {
	var b strings.Builder
	has := func(s string) bool { return slices.Contains(show, s) }
	for _, c := range an.Output {
		fmt.Fprintf(&b, "%s %s\n", c.Name, c.Type)
	}
	if has("target") {
		fmt.Fprintf(&b, "target %s columns %v\n", an.Target.Schema.Table, an.Columns)
	}
	for _, u := range append(slices.Clip(an.Tables), an.Target) {
		if u == nil || !has("tables") {
			continue
		}
		fmt.Fprintf(&b, "table %s:", u.Schema.Table)
		for i, used := range u.Used {
			if used {
				b.WriteString(" " + u.Schema.Columns[i].Name)
			}
		}
		b.WriteString("\n")
		for _, p := range u.Predicates {
			fmt.Fprintf(&b, "  %s %s\n", u.Schema.Columns[p.Column].Name, showPredicate(p))
		}
		for _, c := range u.conditions {
			if has("conjuncts") {
				fmt.Fprintf(&b, "  where %s\n", FormatExpr(c.x))
			}
		}
	}
	var lines []string
	for x, f := range an.functions {
		if has("functions") {
			lines = append(lines, fmt.Sprintf("%s %s %s", x.Pos(), f.Kind, (&bound{sig: &signature{names: []string{f.Name}}, args: f.Args, result: f.Result}).String()))
		}
	}
	for x, to := range an.coercions {
		if has("coercions") {
			lines = append(lines, fmt.Sprintf("%s %s: %s -> %s", x.Pos(), FormatExpr(x), an.Type(x), to))
		}
	}
	for x, r := range an.refs {
		if has("refs") {
			switch {
			case r.Lambda != nil:
				lines = append(lines, fmt.Sprintf("%s %s: parameter %d", x.Pos(), FormatExpr(x), r.Param))
			case r.Output:
				lines = append(lines, fmt.Sprintf("%s %s: output column", x.Pos(), FormatExpr(x)))
			default:
				at := "computed"
				if t := traceField(r.Field, nil); t.use != nil {
					at = t.use.Schema.Table + "." + t.use.Schema.Columns[t.column].Name
				}
				lines = append(lines, fmt.Sprintf("%s %s: depth %d, %s", x.Pos(), FormatExpr(x), r.Depth, at))
			}
		}
	}
	for _, s := range an.selects {
		if has("groups") && s.Grouped {
			var keys []string
			for _, k := range s.Keys {
				keys = append(keys, FormatExpr(k))
			}
			lines = append(lines, fmt.Sprintf("keys [%s] sets %v aggregates %d windows %d", strings.Join(keys, " | "), s.Sets, len(s.Aggregates), len(s.Windows)))
		}
	}
	for _, keys := range an.sorts {
		if has("sorts") {
			for i, k := range keys {
				if k.X != nil {
					lines = append(lines, fmt.Sprintf("sort %d: %s", i, FormatExpr(k.X)))
				} else {
					lines = append(lines, fmt.Sprintf("sort %d: column %d", i, k.Output))
				}
			}
		}
	}
	slices.Sort(lines)
	return b.String() + strings.Join(lines, "\n")
}

func showPredicate(p Predicate) string {
	var parts []string
	for _, r := range p.Ranges {
		lo, hi := "(-inf", "+inf)"
		if r.Low != nil {
			lo = map[bool]string{true: "[", false: "("}[r.LowInclusive] + r.Low.Text
		}
		if r.High != nil {
			hi = r.High.Text + map[bool]string{true: "]", false: ")"}[r.HighInclusive]
		}
		parts = append(parts, lo+", "+hi)
	}
	if p.NullOK {
		parts = append(parts, "null")
	}
	if parts == nil {
		return "never"
	}
	return strings.Join(parts, " or ")
}
