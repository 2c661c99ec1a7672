package trinosql

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
)

type functionCase struct {
	File, Kind, Full, Ekind, Expect string
	Type                            *string
}

// TestPublishedExpressionsAnalyze holds the analyzer against the expressions of
// Trino's own unit tests: those that have a value must pass, with the type that
// the tests state.
func TestPublishedExpressionsAnalyze(t *testing.T) {
	var accepted, total, refused, errors, typed, typesRight, typesUnread int
	failures := map[string]int{}
	for _, c := range jsonLines[functionCase](t, "trino_functions.jsonl") {
		an, err := analyzeText(c.Full, nil)
		if c.Ekind == "error" {
			errors++
			if err != nil {
				refused++
			} else if os.Getenv("TRINOSQL_VERBOSE") != "" {
				fmt.Printf("ACCEPTED\t%s\t%s\t%s\n", c.File, c.Expect, c.Full)
			}
			continue
		}
		total++
		if err != nil {
			failures[c.File]++
			if os.Getenv("TRINOSQL_VERBOSE") != "" {
				fmt.Printf("%s\t%v\t%s\n", c.File, err, c.Full)
			}
			continue
		}
		accepted++
		if c.Type == nil {
			continue
		}
		want := javaType(*c.Type)
		if want == nil {
			typesUnread++
			continue
		}
		typed++
		if got := an.Output[0].Type; got.Equal(want) {
			typesRight++
		} else if os.Getenv("TRINOSQL_VERBOSE") != "" {
			fmt.Printf("TYPE\t%s, want %s\t%s\n", got, want, c.Full)
		}
	}
	// The rest are functions that only Trino's tests register, and the VARIANT
	// type and method calls that Athena does not have.
	if share := float64(accepted) / float64(total); share < 0.99 {
		t.Errorf("accepts %.2f %% of the expressions that have a value, want 99 %%", 100*share)
	}
	if typesRight != typed {
		t.Errorf("%d of %d types are wrong", typed-typesRight, typed)
	}
	var files []string
	for f, n := range failures {
		files = append(files, fmt.Sprintf("%s: %d", f, n))
	}
	sort.Strings(files)
	t.Logf("accepted %d of %d (%.2f %%); refused %d of %d errors; types right %d of %d, not read %d",
		accepted, total, 100*float64(accepted)/float64(total), refused, errors, typesRight, typed, typesUnread)
	t.Logf("refused by file: %s", strings.Join(files, ", "))
}

func analyzeText(sql string, r Resolver) (*Analysis, error) {
	stmt, err := Parse(sql)
	if err != nil {
		return nil, err
	}
	return Analyze(context.Background(), stmt, r, Options{Catalog: "c", Database: "db"})
}

var (
	javaCall  = regexp.MustCompile(`(?s)^(?:new )?([A-Za-z.]+)\((.*)\)$`)
	javaTypes = map[string]*Type{"TIMESTAMP_MILLIS": Timestamp, "JSON_2016": json2016Type}
)

// javaType reads a type as the tests of Trino make it: createVarcharType(3),
// new ArrayType(BIGINT). It returns nil for what it does not know.
func javaType(s string) *Type {
	s = strings.TrimSpace(s)
	if i := strings.LastIndex(s, "."); i > 0 && !strings.ContainsAny(s, "(") {
		s = s[i+1:]
	}
	if t := javaTypes[s]; t != nil {
		return t
	}
	if t := trinoNames[strings.ToLower(s)]; t != nil {
		return t
	}
	if s == "VARCHAR" {
		return Varchar
	}
	m := javaCall.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	var args []string
	depth, start := 0, 0
	for i, c := range m[2] {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				args = append(args, m[2][start:i])
				start = i + 1
			}
		}
	}
	if strings.TrimSpace(m[2]) != "" {
		args = append(args, m[2][start:])
	}
	num := func(i int) int {
		n, _ := strconv.Atoi(strings.TrimSpace(args[i]))
		return n
	}
	all := func() []*Type {
		var out []*Type
		for _, a := range args {
			t := javaType(a)
			if t == nil {
				return nil
			}
			out = append(out, t)
		}
		return out
	}
	switch m[1] {
	case "createVarcharType":
		return VarcharOf(num(0))
	case "createUnboundedVarcharType":
		return Varchar
	case "createCharType":
		return CharOf(num(0))
	case "createDecimalType":
		if len(args) == 1 {
			return DecimalOf(num(0), 0)
		}
		return DecimalOf(num(0), num(1))
	case "ArrayType":
		if e := javaType(args[0]); e != nil {
			return ArrayOf(e)
		}
	case "mapType":
		if e := all(); len(e) == 2 {
			return MapOf(e[0], e[1])
		}
	case "RowType.anonymous", "anonymousRow", "ImmutableList.of":
		if len(args) == 1 && strings.Contains(args[0], "ImmutableList.of(") && m[1] == "RowType.anonymous" {
			return javaType(args[0])
		}
		if e := all(); e != nil {
			return RowOf(e, nil)
		}
	}
	return nil
}
