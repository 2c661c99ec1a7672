package trinosql

import (
	"strings"
)

// expr analyzes an expression in a scope and returns its type.
func (z *analyzer) expr(x Expr, sc *scope) *Type {
	if z.given[x] {
		return z.a.types[x]
	}
	z.enter(x)
	defer z.leave()
	delete(z.a.coercions, x)
	t := z.bare(x, sc)
	if t.size > maxTypeSize {
		z.fail(x.Pos(), StatementTooLarge, "the expression's type is too large: it has more than %d parts", maxTypeSize)
	}
	z.a.types[x] = t
	return t
}

func (z *analyzer) bare(x Expr, sc *scope) *Type {
	switch x := x.(type) {
	case *ColumnRef:
		return z.column(x, sc)
	case *Deref:
		return z.deref(x, sc)
	case *Literal:
		return z.literal(x)
	case *TypedLiteral:
		return z.typedLiteral(x)
	case *IntervalLit:
		return z.interval(x)
	case *Unary:
		return z.unary(x, sc)
	case *Logical:
		for _, t := range x.Terms {
			z.must(t, sc, Boolean, "Logical expression term")
		}
		return Boolean
	case *Binary:
		return z.binary(x, sc)
	case *Between:
		return z.between(x, sc)
	case *In:
		return z.in(x, sc)
	case *Quantified:
		return z.quantified(x, sc)
	case *Like:
		return z.like(x, sc)
	case *Is:
		if x.What == "NULL" {
			z.expr(x.X, sc)
		} else {
			z.must(x.X, sc, Boolean, "Boolean test value")
		}
		return Boolean
	case *IsDistinct:
		l, r := z.expr(x.L, sc), z.expr(x.R, sc)
		t := CommonSuperType(l, r)
		if t == nil || !t.Comparable() {
			z.fail(x.Pos(), TypeMismatch, "Cannot check if %s is identical to %s", l, r)
		}
		z.coerceTo(x.L, l, t)
		z.coerceTo(x.R, r, t)
		return Boolean
	case *AtTimeZone:
		return z.atTimeZone(x, sc)
	case *Cast:
		return z.cast(x, sc)
	case *Row:
		return z.row(x, sc)
	case *Array:
		return ArrayOf(z.single("All ARRAY elements", x.Elems, sc))
	case *Subscript:
		return z.subscript(x, sc)
	case *Lambda:
		z.fail(x.Pos(), TypeMismatch, "Lambda expression should always be used inside a function")
	case *Subquery:
		fields := z.subquery(x, x.Q, sc)
		if len(fields) == 1 {
			return fields[0].Type
		}
		return rowOfFields(fields)
	case *Exists:
		for _, f := range z.subquery(x, x.Q, sc) {
			if x.Unique && !f.Type.Comparable() {
				z.fail(x.Pos(), TypeMismatch, "Type [%s] must be comparable in order to be used in UNIQUE predicate", f.Type)
			}
		}
		return Boolean
	case *Case:
		return z.caseExpr(x, sc)
	case *Call:
		return z.call(x, sc)
	case *Special:
		return z.special(x, sc)
	case *JSONFunc:
		return z.jsonFunc(x, sc)
	case *JSONObject:
		return z.jsonObject(x, sc)
	case *JSONArray:
		return z.jsonArray(x, sc)
	case *Param:
		return z.expr(z.a.params[x.N-1], &scope{query: true})
	}
	z.fail(x.Pos(), NotSupported, "this expression is not supported")
	return nil
}

// must analyzes an expression that has to have, or be coercible to, a type.
func (z *analyzer) must(x Expr, sc *scope, t *Type, what string) {
	got := z.expr(x, sc)
	if !CanCoerce(got, t) {
		z.fail(x.Pos(), TypeMismatch, "%s must evaluate to a %s (actual: %s)", what, t, got)
	}
	z.coerceTo(x, got, t)
}

// coerceTo notes that x, of type from, is used as to.
func (z *analyzer) coerceTo(x Expr, from, to *Type) {
	switch to.Kind {
	case KindRegexp, KindJSONPath, KindCodePoints, KindLikePattern:
		return // these are how a function reads its text
	}
	if from.Equal(to) {
		delete(z.a.coercions, x)
	} else {
		z.a.coercions[x] = to
	}
}

// single analyzes expressions that need a common type and returns it.
func (z *analyzer) single(what string, xs []Expr, sc *scope) *Type {
	for _, x := range xs {
		z.expr(x, sc)
	}
	return z.unite(what, xs)
}

// unite finds the common type of expressions that are analyzed.
func (z *analyzer) unite(what string, xs []Expr) *Type {
	super := Unknown
	fail := func(x Expr) {
		var all []string
		seen := map[string]bool{}
		for _, x := range xs {
			if s := z.a.types[x].String(); !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
		z.fail(x.Pos(), TypeMismatch, "%s must be the same type or coercible to a common type. Cannot find common type between %s and %s, all types (without duplicates): [%s]",
			what, super, z.a.types[x], strings.Join(all, ", "))
	}
	for _, x := range xs {
		t := CommonSuperType(super, z.a.types[x])
		if t == nil {
			fail(x)
		}
		super = t
	}
	for _, x := range xs {
		if !CanCoerce(z.a.types[x], super) {
			fail(x)
		}
		z.coerceTo(x, z.a.types[x], super)
	}
	return super
}

// ---- names

// find resolves a name of one or more parts. It returns nil when nothing has
// that name, also when only a beginning of it is a column, which row reports.
func (z *analyzer) find(x Expr, name []string, sc *scope) (ref *Ref, row bool) {
	depth := 0
	for s := sc; s != nil; s = s.parent {
		if len(name) == 1 {
			if i := s.param(name[0]); i >= 0 {
				return &Ref{Lambda: s.lambda, Param: i}, false
			}
		}
		found := s.lookup(name)
		if len(found) > 1 {
			z.fail(x.Pos(), AmbiguousName, "Column '%s' is ambiguous", strings.Join(name, "."))
		}
		if len(found) == 1 {
			z.outer = append(z.outer, outerRef{x, s})
			markUsed(found[0])
			return &Ref{Field: found[0], Depth: depth, Output: s.output}, false
		}
		if s.holdsPrefix(name) {
			return nil, true
		}
		if s.query {
			depth++
		}
	}
	return nil, false
}

func (z *analyzer) refType(r *Ref, sc *scope) *Type {
	if r.Field != nil {
		return r.Field.Type
	}
	for s := sc; ; s = s.parent {
		if s.lambda == r.Lambda {
			return s.params[r.Param]
		}
	}
}

func (z *analyzer) column(x *ColumnRef, sc *scope) *Type {
	ref, _ := z.find(x, []string{x.Name.Text}, sc)
	if ref == nil {
		z.fail(x.Pos(), ColumnNotFound, "Column '%s' cannot be resolved", strings.ToLower(x.Name.Text))
	}
	z.a.refs[x] = ref
	return z.refType(ref, sc)
}

func (z *analyzer) deref(x *Deref, sc *scope) *Type {
	delete(z.a.refs, x)
	delete(z.a.rowFields, x)
	name := dottedName(x)
	if name != nil {
		ref, row := z.find(x, name, sc)
		if ref != nil {
			z.a.refs[x] = ref
			return ref.Field.Type
		}
		if !row {
			z.fail(x.Pos(), ColumnNotFound, "Column '%s' cannot be resolved", strings.ToLower(strings.Join(name, ".")))
		}
	}
	t := z.expr(x.Base, sc)
	if t.Kind != KindRow {
		z.fail(x.Base.Pos(), TypeMismatch, "Expression %s is not of type ROW", FormatExpr(x.Base))
	}
	found := -1
	for i := range t.Elems {
		if !strings.EqualFold(t.FieldName(i), x.Field.Text) {
			continue
		}
		if found >= 0 {
			z.fail(x.Field.Pos, AmbiguousName, "Ambiguous row field reference: %s", x.Field.Text)
		}
		found = i
	}
	if found < 0 {
		text := x.Field.Text
		if name != nil {
			text = strings.Join(name, ".")
		}
		z.fail(x.Pos(), ColumnNotFound, "Column '%s' cannot be resolved", strings.ToLower(text))
	}
	z.a.rowFields[x] = found
	return t.Elems[found]
}

// ---- operators

// operator resolves one of + - * / % for analyzed operands.
func (z *analyzer) operator(x Expr, op string, l, r Expr) *Type {
	lt, rt := z.a.types[l], z.a.types[r]
	b, err := resolve(signatures().operators[op], []argument{{typ: lt}, {typ: rt}}, nil)
	if b == nil || err != nil {
		z.fail(x.Pos(), TypeMismatch, "Cannot apply operator: %s %s %s", lt, op, rt)
	}
	t := b.result
	if t.Kind == KindDecimal && op == "*" {
		t = productType(b.args[0], b.args[1])
	}
	z.coerceTo(l, lt, b.args[0])
	z.coerceTo(r, rt, b.args[1])
	return t
}

// productType is the type of a product of decimals. Where the digits after the
// point alone would fill the type, there are as many as leave room for those
// before it.
func productType(a, b *Type) *Type {
	precision, scale := a.Precision+b.Precision, a.Scale+b.Scale
	if scale > MaxDecimalPrecision {
		scale = max(6, MaxDecimalPrecision-(precision-scale))
	}
	return DecimalOf(min(MaxDecimalPrecision, precision), scale)
}

func (z *analyzer) unary(x *Unary, sc *scope) *Type {
	if x.Op == "NOT" {
		z.must(x.X, sc, Boolean, "Value of logical NOT expression")
		return Boolean
	}
	t := z.expr(x.X, sc)
	switch {
	case x.Op == "+":
		if !t.IsNumeric() {
			z.fail(x.Pos(), TypeMismatch, "Unary '+' operator cannot by applied to %s type", t)
		}
	case t.Kind == KindUnknown:
		z.a.coercions[x.X] = Bigint
		return Bigint
	case !t.IsNumeric() && t.Kind != KindIntervalDay && t.Kind != KindIntervalYear:
		z.fail(x.Pos(), TypeMismatch, "Cannot negate %s", t)
	}
	return t
}

func (z *analyzer) binary(x *Binary, sc *scope) *Type {
	l, r := z.expr(x.L, sc), z.expr(x.R, sc)
	switch x.Op {
	case "+", "-", "*", "/", "%":
		return z.operator(x, x.Op, x.L, x.R)
	case "||":
		return z.bind(x, "concat", []Expr{x.L, x.R}, sc).Result
	}
	t := CommonSuperType(l, r)
	if t == nil || !t.Comparable() || x.Op != "=" && x.Op != "<>" && !t.Orderable() {
		z.fail(x.Pos(), TypeMismatch, "Cannot apply operator: %s %s %s", l, comparisonOperator(x.Op), r)
	}
	z.coerceTo(x.L, l, t)
	z.coerceTo(x.R, r, t)
	return Boolean
}

// comparisonOperator is the operator that Trino computes a comparison with.
func comparisonOperator(op string) string {
	switch op {
	case "<>":
		return "="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

func (z *analyzer) between(x *Between, sc *scope) *Type {
	v, lo, hi := z.expr(x.X, sc), z.expr(x.Low, sc), z.expr(x.High, sc)
	t := CommonSuperType(v, lo)
	if t != nil {
		t = CommonSuperType(t, hi)
	}
	if t == nil || !t.Orderable() {
		z.fail(x.Pos(), TypeMismatch, "Cannot check if %s is BETWEEN %s and %s", v, lo, hi)
	}
	z.coerceTo(x.X, v, t)
	z.coerceTo(x.Low, lo, t)
	z.coerceTo(x.High, hi, t)
	return Boolean
}

func (z *analyzer) in(x *In, sc *scope) *Type {
	if x.Q != nil {
		z.matchSubquery(x, x.X, x.Q, sc)
		return Boolean
	}
	t := z.single("IN value and list items", append([]Expr{x.X}, x.List...), sc)
	if !t.Comparable() {
		z.fail(x.Pos(), TypeMismatch, "Cannot apply operator: %s = %s", t, t)
	}
	return Boolean
}

// matchSubquery analyzes value op (query): their columns must match.
func (z *analyzer) matchSubquery(x, value Expr, q *Query, sc *scope) *Type {
	v := z.expr(value, sc)
	fields := z.subquery(x, q, sc)
	row := v
	if v.Kind != KindRow {
		row = RowOf([]*Type{v}, nil)
	}
	got := rowOfFields(fields)
	t := CommonSuperType(row, got)
	if t == nil || !t.Comparable() {
		z.fail(x.Pos(), TypeMismatch, "Value expression and result of subquery must be of the same type: %s vs %s", row, got)
	}
	if v.Kind == KindRow {
		z.coerceTo(value, v, t)
		return t
	}
	z.coerceTo(value, v, t.Elems[0])
	return t.Elems[0]
}

func (z *analyzer) quantified(x *Quantified, sc *scope) *Type {
	t := z.matchSubquery(x, x.L, x.Q, sc)
	if !t.Orderable() && x.Op != "=" && x.Op != "<>" && x.Op != "MATCH" {
		z.fail(x.Pos(), TypeMismatch, "Type [%s] must be orderable in order to be used in quantified comparison", t)
	}
	return Boolean
}

func rowOfFields(fields []*Field) *Type {
	types, names := make([]*Type, len(fields)), make([]string, len(fields))
	for i, f := range fields {
		types[i], names[i] = f.Type, f.Name
	}
	return RowOf(types, names)
}

// subquery analyzes a query inside an expression.
func (z *analyzer) subquery(x Expr, q *Query, sc *scope) []*Field {
	if z.inside > 0 {
		z.fail(x.Pos(), NotSupported, "Lambda expression cannot contain subqueries")
	}
	return z.query(q, sc)
}

func (z *analyzer) like(x *Like, sc *scope) *Type {
	if t := z.expr(x.X, sc); t.Kind != KindChar {
		z.must(x.X, sc, Varchar, "Left side of LIKE expression")
		delete(z.a.coercions, x.X)
		if t.Kind != KindVarchar {
			z.a.coercions[x.X] = Varchar
		}
	}
	z.must(x.Pattern, sc, Varchar, "Pattern for LIKE expression")
	if x.Esc != nil {
		z.must(x.Esc, sc, Varchar, "Escape for LIKE expression")
	}
	return Boolean
}

func (z *analyzer) atTimeZone(x *AtTimeZone, sc *scope) *Type {
	t := z.expr(x.X, sc)
	if x.Zone != nil {
		if zone := z.expr(x.Zone, sc); !zone.IsString() && zone.Kind != KindIntervalDay {
			z.fail(x.Zone.Pos(), TypeMismatch, "Time zone must be a varchar or an interval (actual %s)", zone)
		}
	}
	switch t.Kind {
	case KindTime, KindTimeZone:
		return TimeZoneOf(t.Precision)
	case KindTimestamp, KindTimestampZone:
		return TimestampZoneOf(t.Precision)
	}
	z.fail(x.X.Pos(), TypeMismatch, "Type of value must be a time or timestamp with or without time zone (actual %s)", t)
	return nil
}

// typeExpr resolves a written type.
func (z *analyzer) typeExpr(te *TypeExpr) *Type {
	t, err := resolveType(te, false)
	if err != nil {
		panic(bailout{err})
	}
	z.a.typeExprs[te] = t
	return t
}

func (z *analyzer) cast(x *Cast, sc *scope) *Type {
	to := z.typeExpr(x.Type)
	from := z.expr(x.X, sc)
	if to.Kind == KindUnknown {
		z.fail(x.Pos(), TypeMismatch, "UNKNOWN is not a valid type")
	}
	if !CanCast(from, to) {
		z.fail(x.Pos(), TypeMismatch, "Cannot cast %s to %s", from, to)
	}
	return to
}

func (z *analyzer) row(x *Row, sc *scope) *Type {
	types, names := make([]*Type, len(x.Fields)), make([]string, len(x.Fields))
	for i, f := range x.Fields {
		types[i] = z.expr(f, sc)
		if x.Names != nil && x.Names[i] != nil {
			names[i] = x.Names[i].Text
		}
	}
	return RowOf(types, names)
}

func (z *analyzer) subscript(x *Subscript, sc *scope) *Type {
	t := z.expr(x.X, sc)
	if t.Kind == KindRow {
		l, ok := x.Index.(*Literal)
		if !ok || l.Kind != IntegerLiteral {
			z.fail(x.Index.Pos(), InvalidFunctionArgument, "Subscript expression on ROW requires a constant index")
		}
		z.expr(l, sc)
		switch n, _ := intText(l.Val); {
		case n < 1:
			z.fail(l.Pos(), InvalidFunctionArgument, "Invalid subscript index: %s. ROW indices start at 1", l.Val)
		case n > int64(len(t.Elems)):
			z.fail(l.Pos(), InvalidFunctionArgument, "Subscript index out of bounds: %s, max value is %d", l.Val, len(t.Elems))
		default:
			return t.Elems[n-1]
		}
	}
	i := z.expr(x.Index, sc)
	switch {
	case t.Kind == KindArray && CanCoerce(i, Bigint):
		z.coerceTo(x.Index, i, Bigint)
		return t.Elem()
	case t.Kind == KindMap && CommonSuperType(i, t.Key()) != nil:
		key := CommonSuperType(i, t.Key())
		if !key.Equal(t.Key()) {
			t = MapOf(key, t.Elem())
			z.a.coercions[x.X] = t
		}
		z.coerceTo(x.Index, i, key)
		return t.Elem()
	case t.Kind == KindUnknown:
		z.a.coercions[x.X] = ArrayOf(Unknown)
		return Unknown
	}
	z.fail(x.Pos(), TypeMismatch, "Cannot use %s for subscript of %s", i, t)
	return nil
}

func (z *analyzer) caseExpr(x *Case, sc *scope) *Type {
	results := make([]Expr, 0, len(x.Whens)+1)
	if x.Operand != nil {
		z.simpleCase(x, sc)
	}
	for _, w := range x.Whens {
		if x.Operand == nil {
			z.must(w.Cond, sc, Boolean, "CASE WHEN clause")
		}
		results = append(results, w.Result)
	}
	if x.Else != nil {
		results = append(results, x.Else)
	}
	return z.single("All CASE results", results, sc)
}

// simpleCase analyzes the operand and what it is compared with: all get one type.
func (z *analyzer) simpleCase(x *Case, sc *scope) {
	operand := z.expr(x.Operand, sc)
	z.given[x.Operand] = true
	defer delete(z.given, x.Operand)
	super := operand
	var values []Expr
	for _, w := range x.Whens {
		z.expr(w.Cond, sc)
		if !w.Predicate {
			values = append(values, w.Cond)
			continue
		}
		switch p := w.Cond.(type) {
		case *Binary:
			values = append(values, p.R)
		case *Between:
			values = append(values, p.Low, p.High)
		case *IsDistinct:
			values = append(values, p.R)
		case *In:
			values = append(values, p.List...)
		}
	}
	for _, v := range values {
		t := CommonSuperType(super, z.a.types[v])
		if t == nil || !t.Comparable() {
			z.fail(v.Pos(), TypeMismatch, "CASE operand type does not match WHEN clause operand type: %s vs %s", operand, z.a.types[v])
		}
		super = t
	}
	if len(values) > 0 {
		z.coerceTo(x.Operand, operand, super)
	}
	for _, v := range values {
		z.coerceTo(v, z.a.types[v], super)
	}
}

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
		if e, ok := err.(*Error); ok {
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
			panic(bailout{err.(*Error)})
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
	if asError(err, &e) && e.Code == StatementTooLarge {
		panic(bailout{e})
	}
	return t, err
}

func asError(err error, to **Error) bool {
	e, ok := err.(*Error)
	if ok {
		*to = e
	}
	return ok
}
