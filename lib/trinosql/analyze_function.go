package trinosql

import "errors"

// special analyzes the functions with a syntax of their own.
func (z *analyzer) special(x *Special, sc *scope) *Type {
	precision := func() int {
		p := 3
		if x.Opt != "" {
			if n, ok := intText(x.Opt); ok {
				p = int(n)
			}
		}
		if p > 12 {
			z.fail(x.Pos(), TypeMismatch, "TIMESTAMP precision must be in range [0, 12]: %s", x.Opt)
		}
		return p
	}
	args := x.Args
	for _, a := range args {
		z.expr(a, sc)
	}
	switch x.Name {
	case "CURRENT_DATE":
		return Date
	case "CURRENT_TIME":
		return TimeZoneOf(precision())
	case "CURRENT_TIMESTAMP":
		return TimestampZoneOf(precision())
	case "LOCALTIME":
		return TimeOf(precision())
	case "LOCALTIMESTAMP":
		return TimestampOf(precision())
	case "CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH":
		return Varchar
	case "EXTRACT":
		return z.extract(x)
	case "SUBSTRING":
		return z.bind(x, "substring", args, sc).Result
	case "POSITION":
		return z.bind(x, "strpos", []Expr{args[1], args[0]}, sc).Result
	case "OVERLAY":
		return z.bind(x, "overlay", args, sc).Result
	case "TRIM":
		name := map[string]string{"LEADING": "ltrim", "TRAILING": "rtrim"}[x.Opt]
		if name == "" {
			name = "trim"
		}
		return z.bind(x, name, args, sc).Result
	case "NORMALIZE":
		if t := z.a.types[args[0]]; t.Kind != KindVarchar && t.Kind != KindUnknown {
			z.fail(x.Pos(), FunctionNotFound, "Unexpected parameters (%s) for function normalize. Expected: normalize(varchar(x))", t)
		}
		z.a.functions[x] = &Function{Name: "normalize", Args: []*Type{Varchar}, Result: Varchar, Deterministic: true, Signature: "normalize(varchar) varchar"}
		return Varchar
	case "GROUPING":
		if len(args) > 63 {
			z.fail(x.Pos(), TooManyArguments, "GROUPING supports up to 63 column arguments")
		}
		if len(args) > 31 {
			return Bigint
		}
		return Integer
	}
	z.fail(x.Pos(), NotSupported, "%s is not supported", x.Name)
	return nil
}

// extractFields maps the fields of EXTRACT to the functions of the same meaning.
var extractFields = map[string]string{
	"YEAR": "year", "QUARTER": "quarter", "MONTH": "month", "WEEK": "week", "DAY": "day", "DAY_OF_MONTH": "day_of_month",
	"DAY_OF_WEEK": "day_of_week", "DOW": "day_of_week", "DAY_OF_YEAR": "day_of_year", "DOY": "day_of_year",
	"YEAR_OF_WEEK": "year_of_week", "YOW": "year_of_week", "HOUR": "hour", "MINUTE": "minute", "SECOND": "second",
	"TIMEZONE_HOUR": "timezone_hour", "TIMEZONE_MINUTE": "timezone_minute",
}

func (z *analyzer) extract(x *Special) *Type {
	name := extractFields[x.Opt]
	if name == "" {
		z.fail(x.Pos(), SyntaxError, "Invalid EXTRACT field: %s", x.Opt)
	}
	t := z.a.types[x.Args[0]]
	b, err := resolve(signatures().functions[name], []argument{{typ: t}}, nil)
	if b == nil || err != nil || !t.Equal(b.args[0]) || x.Opt != "DAY" && name == "day_of_month" && t.Kind == KindIntervalDay {
		z.fail(x.Args[0].Pos(), TypeMismatch, "Cannot extract %s from %s", x.Opt, t)
	}
	z.a.functions[x] = b.function()
	return Bigint
}

func (b *bound) function() *Function {
	return &Function{
		Name: b.sig.names[0], Kind: b.sig.kind, Args: b.args, Result: b.result,
		Signature: b.sig.String(), Deterministic: !b.sig.volatile,
	}
}

// bind resolves a function for arguments that are analyzed, and notes it and
// the coercions under x.
func (z *analyzer) bind(x Expr, name string, args []Expr, sc *scope) *Function {
	candidates := signatures().functions[name]
	if len(candidates) == 0 {
		z.fail(x.Pos(), FunctionNotFound, "Function '%s' not registered", name)
	}
	list := make([]argument, len(args))
	for i, a := range args {
		if l, ok := a.(*Lambda); ok {
			list[i].lambda = l
		} else {
			list[i].typ = z.a.types[a]
		}
	}
	b, err := resolve(candidates, list, func(l *Lambda, params []*Type) (*Type, error) { return z.lambda(l, params, sc) })
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			panic(bailout{e})
		}
		z.fail(x.Pos(), FunctionNotFound, "%v", err)
	}
	if b == nil {
		z.fail(x.Pos(), FunctionNotFound, "%s", mismatch(name, candidates, list))
	}
	for i, a := range args {
		l, ok := a.(*Lambda)
		if !ok {
			z.coerceTo(a, list[i].typ, b.args[i])
			continue
		}
		// The candidates may have left other types in the body.
		t, err := z.lambda(l, b.args[i].Params(), sc)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				panic(err)
			}
			panic(bailout{e})
		}
		z.a.types[l] = b.args[i]
		z.coerceTo(l.Body, t, b.args[i].Result())
	}
	f := b.function()
	z.a.functions[x] = f
	return f
}

// lambda analyzes a lambda's body for parameters of the given types.
func (z *analyzer) lambda(l *Lambda, params []*Type, sc *scope) (t *Type, err error) {
	z.lambdas++
	if z.lambdas > maxLambdaAnalyses {
		z.fail(l.Pos(), StatementTooLarge, "statement is too large: its lambdas nest too deeply")
	}
	depth := z.depth
	z.inside++
	err = (&parser{}).run(func() {
		t = z.expr(l.Body, &scope{parent: sc, lambda: l, params: params})
		Walk(l.Body, func(x Expr) bool {
			if c, ok := x.(*Call); ok && z.a.functions[c] != nil && (c.Over != nil || z.a.functions[c].Kind != ScalarFunction) {
				z.fail(x.Pos(), NotSupported, "Lambda expression cannot contain aggregations, window functions or grouping operations: %s", FormatExpr(x))
			}
			return true
		})
	})
	z.inside--
	z.depth = depth
	var e *Error
	if errors.As(err, &e) && e.Code == StatementTooLarge {
		panic(bailout{e})
	}
	return t, err
}
