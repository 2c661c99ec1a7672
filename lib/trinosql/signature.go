package trinosql

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

// The function table. Each line of a file declares one signature:
//
//	name|alias(parameters) result [where T comparable, K orderable, E text] [volatile]
//
// Parameters are types in Trino's spelling, in which a capital letter with an
// optional digit is a type variable, a small letter inside varchar(x) and the
// like a number variable, and any stands for a value of whatever type. A type
// followed by ... repeats. Numbers of the result may be computed: + - * / min max.
//
//go:embed functions/*.txt
var functionFiles embed.FS

// signature is one declaration of the function table.
type signature struct {
	names       []string // the canonical name first
	kind        FunctionKind
	params      []*template
	variadic    bool
	result      *template
	args        string // the parameters as written
	constraints map[string]constraint
	variables   []string // type variables in order of appearance
	volatile    bool
}

type constraint uint8

const (
	comparableType constraint = iota + 1
	orderableType
	textType // castable to varchar
)

// tables are the signatures of functions and of operators by name and alias.
type tables struct {
	functions, operators map[string][]*signature
}

// signatures reads the embedded tables, once.
var signatures = sync.OnceValue(func() tables {
	all := tables{functions: map[string][]*signature{}, operators: map[string][]*signature{}}
	entries, err := functionFiles.ReadDir("functions")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		text, err := functionFiles.ReadFile("functions/" + e.Name())
		if err != nil {
			panic(err)
		}
		table, kind := all.functions, ScalarFunction
		switch e.Name() {
		case "operators.txt":
			table = all.operators
		case "aggregate.txt":
			kind = AggregateFunction
		case "window.txt":
			kind = WindowFunction
		}
		for i, line := range strings.Split(string(text), "\n") {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			s, err := parseSignature(line, kind)
			if err != nil {
				panic(fmt.Sprintf("functions/%s:%d: %v", e.Name(), i+1, err))
			}
			for _, n := range s.names {
				table[n] = append(table[n], s)
			}
		}
	}
	return all
})

func (s *signature) String() string {
	return s.names[0] + "(" + s.args + ") " + s.result.String()
}

func parseSignature(line string, kind FunctionKind) (*signature, error) {
	s := &signature{kind: kind, constraints: map[string]constraint{}}
	line, s.volatile = strings.CutSuffix(line, " volatile")
	line, where, _ := strings.Cut(line, " where ")
	for _, c := range strings.Split(where, ", ") {
		switch v, what, _ := strings.Cut(c, " "); what {
		case "comparable":
			s.constraints[v] = comparableType
		case "orderable":
			s.constraints[v] = orderableType
		case "text":
			s.constraints[v] = textType
		case "":
		default:
			return nil, fmt.Errorf("unknown constraint %q", c)
		}
	}
	names, rest, ok := strings.Cut(line, "(")
	if !ok {
		return nil, fmt.Errorf("no parameters in %q", line)
	}
	s.names = strings.Split(names, "|")
	p := &templates{s: rest, sig: s}
	for !p.take(")") {
		t, err := p.parse()
		if err != nil {
			return nil, err
		}
		s.params = append(s.params, t)
		if p.take("...") {
			s.variadic = true
		}
		p.take(",")
	}
	s.args = strings.TrimSuffix(strings.TrimSpace(rest[:p.i]), ")")
	t, err := p.parse()
	if err != nil {
		return nil, err
	}
	if s.result = t; strings.TrimSpace(p.s[p.i:]) != "" {
		return nil, fmt.Errorf("unexpected %q", p.s[p.i:])
	}
	return s, nil
}
