package dialect

import (
	"strings"

	"lethe/lib/trinosql"
)

// call is a function call being written.
type call struct {
	node *trinosql.Call // nil for functions with a syntax of their own
	pos  trinosql.Pos
	name string // canonical
	args []trinosql.Expr
	fn   *trinosql.Function // nil for the conditional forms
	typ  *trinosql.Type     // of the result
}

// t returns the type argument i is used as.
func (e *emitter) argType(c *call, i int) *trinosql.Type { return e.a.UsedType(c.args[i]) }

// arg writes argument i. Values of char(n) have their padding, as functions see it.
func (e *emitter) arg(c *call, i int) string {
	s := e.x(c.args[i])
	if t := e.argType(c, i); t.Kind == trinosql.KindChar {
		return e.orderKey(s, t)
	}
	return s
}

// argList writes all arguments.
func (e *emitter) argList(c *call) []string {
	out := make([]string, len(c.args))
	for i := range c.args {
		out[i] = e.arg(c, i)
	}
	return out
}

// lambda returns argument i as a lambda.
func (e *emitter) lambda(c *call, i int) *trinosql.Lambda {
	l, ok := c.args[i].(*trinosql.Lambda)
	if !ok {
		e.unsupported(c.args[i].Pos(), "%s with a function that is not a lambda is not supported", c.name)
	}
	return l
}

// apply writes a lambda's body with the given texts for its parameters.
func (e *emitter) apply(l *trinosql.Lambda, params ...string) string {
	e.lambdas[l] = params
	e.open++
	defer func() { e.open-- }()
	return e.x(l.Body)
}

// function is how a function is written: a template over the arguments for
// expand, or a method where the types or literals matter.
type function struct {
	template string
	write    func(*emitter, *call) string
}

func (e *emitter) call(x *trinosql.Call) string {
	if x.Method != nil || x.Static {
		e.unsupported(x.Pos(), "method calls are not supported")
	}
	if x.Mode != "" {
		e.unsupported(x.Pos(), "row pattern functions are not supported")
	}
	c := &call{node: x, pos: x.Pos(), fn: e.a.Function(x), typ: e.a.Type(x)}
	for _, a := range x.Args {
		if a.Name != nil {
			e.unsupported(a.Name.Pos, "named arguments are not supported")
		}
		c.args = append(c.args, a.X)
	}
	c.name = strings.ToLower(x.Name[len(x.Name)-1].Text)
	if c.fn != nil {
		c.name = c.fn.Name
		if c.fn.Kind != trinosql.ScalarFunction {
			return e.aggregate(c)
		}
	}
	return e.scalar(c)
}

func (e *emitter) scalar(c *call) string {
	f, ok := functions[c.name]
	if !ok {
		e.unsupported(c.pos, "function %s is not supported", c.name)
	}
	var s string
	if f.write != nil {
		s = f.write(e, c)
	} else {
		if n := arity(f.template); n != len(c.args) {
			e.unsupported(c.pos, "%s with %d arguments is not supported", c.name, len(c.args))
		}
		s = e.expand(f.template, e.argList(c)...)
	}
	if c.typ != nil && c.typ.Kind == trinosql.KindChar {
		s = "rtrim(" + s + ", ' ')"
	}
	return s
}

// arity returns the number of arguments that a template takes.
func arity(template string) int {
	n := 0
	for i := 0; i+1 < len(template); i++ {
		if template[i] == '$' && template[i+1] >= '1' && template[i+1] <= '9' {
			n = max(n, int(template[i+1]-'0'))
		}
	}
	return n
}

// functions is filled by the files that hold the functions of a family.
var functions = map[string]function{}

func templates(m map[string]string) {
	for name, t := range m {
		functions[name] = function{template: t}
	}
}

func writers(m map[string]func(*emitter, *call) string) {
	for name, w := range m {
		functions[name] = function{write: w}
	}
}

func (e *emitter) special(x *trinosql.Special) string {
	c := &call{pos: x.Pos(), fn: e.a.Function(x), typ: e.a.Type(x), args: x.Args}
	name := strings.ToLower(x.Name)
	switch name {
	case "extract":
		return e.extract(x.Pos(), strings.ToUpper(x.Opt), e.x(x.Args[0]), e.a.UsedType(x.Args[0]))
	case "grouping":
		return "CAST(grouping(" + list(e.xs(x.Args)) + ") AS " + e.typ(x.Pos(), e.a.Type(x)) + ")"
	case "position":
		c.name = "strpos"
		c.args = []trinosql.Expr{x.Args[1], x.Args[0]}
		return e.scalar(c)
	case "trim":
		c.name = map[string]string{"LEADING": "ltrim", "TRAILING": "rtrim"}[strings.ToUpper(x.Opt)]
		if c.name == "" {
			c.name = "trim"
		}
		return e.scalar(c)
	case "normalize":
		form := strings.ToUpper(x.Opt)
		if form == "" {
			form = "NFC"
		}
		return "trino_normalize(" + e.x(x.Args[0]) + ", '" + form + "')"
	case "current_date", "current_timestamp", "current_time", "localtimestamp", "localtime":
		return e.now(x, name)
	case "current_user":
		e.unsupported(x.Pos(), "%s is not supported", strings.ToUpper(name))
	case "current_catalog", "current_schema", "current_path":
		e.unsupported(x.Pos(), "%s is not supported", strings.ToUpper(name))
	case "substring", "overlay":
		c.name = name
		if c.fn != nil {
			c.name = c.fn.Name
		}
		return e.scalar(c)
	}
	e.unsupported(x.Pos(), "%s is not supported", strings.ToUpper(name))
	return ""
}

// now writes the functions of the current time. DuckDB's is that of the
// transaction's start, one value for the whole statement as in Trino.
func (e *emitter) now(x *trinosql.Special, name string) string {
	t := e.a.Type(x)
	local := e.sessionNow()
	switch name {
	case "current_date":
		return e.today()
	case "localtimestamp":
		return e.cast(x.Pos(), local, trinosql.TimestampOf(6), t, false)
	case "current_timestamp":
		return e.cast(x.Pos(), e.cast(x.Pos(), local, trinosql.TimestampOf(6), trinosql.TimestampOf(t.Precision), false),
			trinosql.TimestampOf(t.Precision), t, false)
	case "localtime":
		return e.cast(x.Pos(), "CAST("+local+" AS TIME)", trinosql.TimeOf(6), t, false)
	}
	return e.cast(x.Pos(), "CAST("+local+" AS TIME)", trinosql.TimeOf(6), t, false)
}
