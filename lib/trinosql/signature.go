package trinosql

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
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

// template is a type of a signature with variables in it.
type template struct {
	variable string      // of a type variable
	any      bool        // the any type
	kind     Kind        // of all others
	nums     []*numExpr  // length, precision, scale
	elems    []*template // of array, map, row, function, qdigest
	fixed    *Type       // set when there are no variables in it
}

// numExpr is a number of a template: a variable, a constant or a computation.
type numExpr struct {
	op   string // "var", "num", "+", "-", "*", "/", "min", "max"
	name string
	val  int64
	l, r *numExpr
}

func (n *numExpr) eval(vars map[string]int64) int64 {
	switch n.op {
	case "num":
		return n.val
	case "var":
		return vars[n.name]
	}
	l, r := n.l.eval(vars), n.r.eval(vars)
	switch n.op {
	case "+":
		return l + r
	case "-":
		return l - r
	case "*":
		// Lengths are below 2^31, so that only a product of products overflows.
		if l != 0 && (l*r/l != r || l*r > 1<<40) {
			return 1 << 40
		}
		return l * r
	case "/":
		return l / r
	case "min":
		return min(l, r)
	}
	return max(l, r)
}

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

// Functions returns the names of all functions, aliases included, in order.
func Functions() []string {
	var names []string
	for n := range signatures().functions {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Signatures returns the declarations of a function, as "upper(varchar(x))
// varchar(x)", and its kind; nil when there is no such function.
func Signatures(name string) ([]string, FunctionKind) {
	var out []string
	var kind FunctionKind
	for _, s := range signatures().functions[strings.ToLower(name)] {
		out = append(out, s.String())
		kind = s.kind
	}
	return out, kind
}

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

// templates reads the types of a signature.
type templates struct {
	s   string
	i   int
	sig *signature
}

func (p *templates) take(what string) bool {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	if strings.HasPrefix(p.s[p.i:], what) {
		p.i += len(what)
		return true
	}
	return false
}

func (p *templates) word() string {
	p.take("")
	start := p.i
	for p.i < len(p.s) && isIdentPart(p.s[p.i]) {
		p.i++
	}
	return p.s[start:p.i]
}

func (p *templates) parse() (*template, error) {
	switch w := p.word(); {
	case w == "":
		return nil, fmt.Errorf("no type at %q", p.s[p.i:])
	case w == "any":
		return &template{any: true}, nil
	case w[0] >= 'A' && w[0] <= 'Z':
		if !slices.Contains(p.sig.variables, w) {
			p.sig.variables = append(p.sig.variables, w)
		}
		return &template{variable: w}, nil
	case w == "interval":
		if p.take("day to second") {
			return &template{kind: KindIntervalDay, fixed: IntervalDay}, nil
		}
		if p.take("year to month") {
			return &template{kind: KindIntervalYear, fixed: IntervalYear}, nil
		}
		return nil, fmt.Errorf("unknown interval at %q", p.s[p.i:])
	case w == "array", w == "map", w == "row", w == "function", w == "qdigest":
		t := &template{kind: map[string]Kind{"array": KindArray, "map": KindMap, "row": KindRow, "function": KindFunction, "qdigest": KindQDigest}[w]}
		return t, p.list(func() error {
			e, err := p.parse()
			t.elems = append(t.elems, e)
			return err
		})
	case w == "varchar", w == "char", w == "decimal", w == "time", w == "timestamp":
		t := &template{kind: map[string]Kind{"varchar": KindVarchar, "char": KindChar, "decimal": KindDecimal, "time": KindTime, "timestamp": KindTimestamp}[w]}
		if !strings.HasPrefix(p.s[p.i:], "(") {
			t.fixed = trinoNames[w]
			if w == "varchar" {
				t.fixed = Varchar
			}
			if t.fixed == nil {
				return nil, fmt.Errorf("%s needs a number", w)
			}
			return t, nil
		}
		err := p.list(func() error {
			n, err := p.sum()
			t.nums = append(t.nums, n)
			return err
		})
		if p.take("with time zone") {
			t.kind++
		}
		if err == nil && !slices.ContainsFunc(t.nums, func(n *numExpr) bool { return n.op != "num" }) {
			t.fixed = t.ground(nil)
		}
		return t, err
	default:
		if trinoNames[w] == nil {
			return nil, fmt.Errorf("unknown type %q", w)
		}
		return &template{kind: trinoNames[w].Kind, fixed: trinoNames[w]}, nil
	}
}

func (p *templates) list(item func() error) error {
	if !p.take("(") {
		return fmt.Errorf("no ( at %q", p.s[p.i:])
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.take(")") {
			return nil
		}
		if !p.take(",") {
			return fmt.Errorf("no , at %q", p.s[p.i:])
		}
	}
}

func (p *templates) sum() (*numExpr, error) { return p.chain(p.product, "+", "-") }

func (p *templates) product() (*numExpr, error) { return p.chain(p.factor, "*", "/") }

func (p *templates) chain(operand func() (*numExpr, error), ops ...string) (*numExpr, error) {
	l, err := operand()
	for err == nil {
		op := ""
		for _, o := range ops {
			if op == "" && p.take(o) {
				op = o
			}
		}
		if op == "" {
			break
		}
		var r *numExpr
		r, err = operand()
		l = &numExpr{op: op, l: l, r: r}
	}
	return l, err
}

func (p *templates) factor() (*numExpr, error) {
	if p.take("(") {
		n, err := p.sum()
		if !p.take(")") && err == nil {
			err = fmt.Errorf("no ) at %q", p.s[p.i:])
		}
		return n, err
	}
	w := p.word()
	if v, err := strconv.ParseInt(w, 10, 64); err == nil {
		return &numExpr{op: "num", val: v}, nil
	}
	if w == "min" || w == "max" {
		n := &numExpr{op: w}
		return n, p.list(func() (err error) {
			n.l = n.r
			n.r, err = p.sum()
			return err
		})
	}
	if w == "" {
		return nil, fmt.Errorf("no number at %q", p.s[p.i:])
	}
	return &numExpr{op: "var", name: w}, nil
}

func (t *template) String() string {
	switch {
	case t.variable != "":
		return t.variable
	case t.any:
		return "any"
	case t.fixed != nil:
		return t.fixed.String()
	}
	var parts []string
	for _, e := range t.elems {
		parts = append(parts, e.String())
	}
	for _, n := range t.nums {
		parts = append(parts, n.String())
	}
	s := kindNames[t.kind] + "(" + strings.Join(parts, ",") + ")"
	if t.kind == KindTimeZone || t.kind == KindTimestampZone {
		s += " with time zone"
	}
	return s
}

func (n *numExpr) String() string {
	switch n.op {
	case "var":
		return n.name
	case "num":
		return strconv.FormatInt(n.val, 10)
	case "min", "max":
		return n.op + "(" + n.l.String() + ", " + n.r.String() + ")"
	}
	return n.l.String() + " " + n.op + " " + n.r.String()
}

// unboundedLength stands for the length of varchar without one in computations.
const unboundedLength = 1<<31 - 1

// ground puts the bound variables into the template; nil when one is unbound.
func (t *template) ground(b *bindings) *Type {
	switch {
	case t.fixed != nil:
		return t.fixed
	case t.variable != "":
		return b.types[t.variable]
	}
	if t.nums != nil {
		var vars map[string]int64
		if b != nil {
			vars = b.nums
		}
		n := make([]int, 2)
		for i, x := range t.nums {
			n[i] = int(min(x.eval(vars), unboundedLength))
		}
		switch t.kind {
		case KindDecimal:
			return DecimalOf(n[0], n[1])
		case KindVarchar:
			if n[0] == unboundedLength {
				return Varchar
			}
		}
		return &Type{Kind: t.kind, Precision: n[0]}
	}
	elems := make([]*Type, len(t.elems))
	for i, e := range t.elems {
		if elems[i] = e.ground(b); elems[i] == nil {
			return nil
		}
	}
	return composite(t.kind, elems)
}
