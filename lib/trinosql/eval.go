package trinosql

import (
	"math/big"
	"strconv"
	"strings"
	"time"
)

// evaluator computes the expressions that pruning meets: comparisons of columns
// with constants, dates and simple functions. It says so where it does not know
// a value, and never guesses.
type evaluator struct {
	a      *Analysis
	column func(*Field) (Constant, bool) // value of a column, when known
	now    time.Time
}

// eval computes x as it is used, its coercion included.
func (e *evaluator) eval(x Expr) (Constant, bool) {
	c, ok := e.bare(x)
	if t := e.a.coercions[x]; ok && t != nil {
		return castConstant(c, t)
	}
	return c, ok
}

func (e *evaluator) bare(x Expr) (Constant, bool) {
	none := Constant{}
	switch x := x.(type) {
	case *ColumnRef, *Deref:
		if r := e.a.refs[x]; r != nil && r.Field != nil && r.Depth == 0 && e.column != nil {
			return e.column(r.Field)
		}
	case *Literal:
		return e.literal(x)
	case *TypedLiteral:
		return e.typedLiteral(x)
	case *Param:
		return e.eval(e.a.params[x.N-1])
	case *Unary:
		return e.unary(x)
	case *Logical:
		return e.logical(x)
	case *Binary:
		return e.binary(x)
	case *Between:
		v, ok1 := e.eval(x.X)
		lo, ok2 := e.eval(x.Low)
		hi, ok3 := e.eval(x.High)
		if ok1 && ok2 && ok3 && !x.Sym {
			ge, ok1 := compareWith(">=", v, lo)
			le, ok2 := compareWith("<=", v, hi)
			if c, ok := and(ge, le); ok1 && ok2 && ok {
				return negateIf(c, x.Not), true
			}
		}
	case *In:
		return e.in(x)
	case *Like:
		return e.like(x)
	case *Is:
		if c, ok := e.eval(x.X); ok {
			is := map[string]bool{"NULL": c.Null, "UNKNOWN": c.Null, "TRUE": c.isTrue(), "FALSE": c.isFalse()}[x.What]
			return boolean(is != x.Not), true
		}
	case *IsDistinct:
		l, ok1 := e.eval(x.L)
		r, ok2 := e.eval(x.R)
		if !ok1 || !ok2 {
			return none, false
		}
		if l.Null || r.Null {
			return boolean((l.Null != r.Null) != x.Not), true
		}
		order, ok := compareConstants(l, r)
		return boolean((order != 0) != x.Not), ok
	case *Cast:
		c, ok := e.eval(x.X)
		if !ok {
			return none, false
		}
		return castConstant(c, e.a.types[x])
	case *Call:
		return e.call(x)
	case *Special:
		switch {
		case x.Name == "CURRENT_DATE" && !e.now.IsZero():
			return ofTime(e.now, Date), true
		case x.Name == "LOCALTIMESTAMP" && !e.now.IsZero():
			return ofTime(e.now.Truncate(time.Millisecond), Timestamp), true
		case x.Name == "EXTRACT":
			if f := e.a.functions[x]; f != nil {
				return e.function(f, x.Args)
			}
		case x.Name == "SUBSTRING":
			return e.function(e.a.functions[x], x.Args)
		}
	}
	return none, false
}

func (e *evaluator) literal(x *Literal) (Constant, bool) {
	t := e.a.types[x]
	switch x.Kind {
	case NullLiteral:
		return nullOf(Unknown), true
	case IntegerLiteral:
		n, ok := intText(x.Val)
		return Constant{Type: t, Text: strconv.FormatInt(n, 10)}, ok
	case StringLiteral, BooleanLiteral, DecimalLiteral, DoubleLiteral:
		return Constant{Type: t, Text: x.Val}, t != nil
	}
	return Constant{}, false
}

func (e *evaluator) typedLiteral(x *TypedLiteral) (Constant, bool) {
	t := e.a.types[x]
	switch {
	case t == nil:
		return Constant{}, false
	case t.Kind == KindVarchar, t.Kind == KindDecimal:
		return Constant{Type: t, Text: x.Val}, true
	case t.Kind == KindDate, t.Kind == KindTimestamp, t.IsInteger():
		return castConstant(Constant{Type: Varchar, Text: x.Val}, t)
	}
	return Constant{}, false
}

func (e *evaluator) unary(x *Unary) (Constant, bool) {
	c, ok := e.eval(x.X)
	switch {
	case !ok:
	case x.Op == "NOT":
		return negateIf(c, true), true
	case x.Op == "+", c.Null:
		return c, true
	case c.Type.IsNumeric() && strings.HasPrefix(c.Text, "-"):
		c.Text = c.Text[1:]
		return c, true
	case c.Type.IsNumeric():
		c.Text = "-" + c.Text
		return c, true
	}
	return Constant{}, false
}

func negateIf(c Constant, not bool) Constant {
	if not && !c.Null {
		return boolean(!c.isTrue())
	}
	return c
}

func (e *evaluator) logical(x *Logical) (Constant, bool) {
	known, null := true, false
	for _, t := range x.Terms {
		c, ok := e.eval(t)
		switch {
		case !ok:
			known = false
		case c.Null:
			null = true
		case x.Op == "AND" && c.isFalse():
			return boolean(false), true
		case x.Op == "OR" && c.isTrue():
			return boolean(true), true
		}
	}
	if null {
		return nullOf(Boolean), known
	}
	return boolean(x.Op == "AND"), known
}

func and(a, b Constant) (Constant, bool) {
	switch {
	case a.isFalse() || b.isFalse():
		return boolean(false), true
	case a.Null || b.Null:
		return nullOf(Boolean), true
	}
	return boolean(true), true
}

func compareWith(op string, l, r Constant) (Constant, bool) {
	if l.Null || r.Null {
		return nullOf(Boolean), true
	}
	order, ok := compareConstants(l, r)
	return boolean(holds(op, order)), ok
}

func holds(op string, order int) bool {
	switch op {
	case "=":
		return order == 0
	case "<>":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (e *evaluator) binary(x *Binary) (Constant, bool) {
	// Interval literals are only known as operands of + and -.
	if x.Op == "+" || x.Op == "-" {
		if iv, ok := x.R.(*IntervalLit); ok {
			return e.shift(x.L, iv, x.Op == "-")
		}
		if iv, ok := x.L.(*IntervalLit); ok && x.Op == "+" {
			return e.shift(x.R, iv, false)
		}
	}
	l, ok1 := e.eval(x.L)
	r, ok2 := e.eval(x.R)
	if !ok1 || !ok2 {
		return Constant{}, false
	}
	switch x.Op {
	case "=", "<>", "<", "<=", ">", ">=":
		return compareWith(x.Op, l, r)
	case "||":
		if l.Null || r.Null {
			return nullOf(Varchar), true
		}
		return Constant{Type: Varchar, Text: l.Text + r.Text}, l.Type.Kind == KindVarchar && r.Type.Kind == KindVarchar
	}
	t := e.a.types[x]
	if l.Null || r.Null {
		return nullOf(t), true
	}
	if t.IsInteger() && l.Type.IsInteger() && r.Type.IsInteger() {
		a, _ := new(big.Int).SetString(l.Text, 10)
		b, _ := new(big.Int).SetString(r.Text, 10)
		switch x.Op {
		case "+":
			a.Add(a, b)
		case "-":
			a.Sub(a, b)
		case "*":
			a.Mul(a, b)
		default:
			return Constant{}, false
		}
		return castConstant(Constant{Type: Bigint, Text: a.String()}, t)
	}
	return Constant{}, false
}

// shift adds an interval to a date or timestamp, or takes it away.
func (e *evaluator) shift(x Expr, iv *IntervalLit, minus bool) (Constant, bool) {
	c, ok := e.eval(x)
	if !ok || c.Null || c.Type.Kind != KindDate && c.Type.Kind != KindTimestamp {
		return c, ok && c.Null
	}
	n, err := strconv.Atoi(strings.TrimSpace(iv.Val))
	t, ok := c.time()
	if err != nil || !ok || iv.To != "" || n > 1e6 || n < -1e6 {
		return Constant{}, false
	}
	if minus != iv.Neg {
		n = -n
	}
	switch iv.From {
	case "YEAR":
		t = addMonths(t, 12*n)
	case "MONTH":
		t = addMonths(t, n)
	case "DAY":
		t = t.AddDate(0, 0, n)
	default:
		if c.Type.Kind == KindDate {
			return Constant{}, false
		}
		t = t.Add(time.Duration(n) * map[string]time.Duration{"HOUR": time.Hour, "MINUTE": time.Minute, "SECOND": time.Second}[iv.From])
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return Constant{}, false
	}
	return ofTime(t, c.Type), true
}

// addMonths keeps the day, or takes the month's last where there is no such day.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC).AddDate(0, n, 0)
	day := min(t.Day(), daysIn(first.Year(), int(first.Month())))
	return first.AddDate(0, 0, day-1)
}

func (e *evaluator) in(x *In) (Constant, bool) {
	v, ok := e.eval(x.X)
	if !ok || x.Q != nil {
		return Constant{}, false
	}
	known, null := true, v.Null
	for _, item := range x.List {
		c, ok := e.eval(item)
		if ok {
			c, ok = compareWith("=", v, c)
		}
		switch {
		case !ok:
			known = false
		case c.Null:
			null = true
		case c.isTrue():
			return boolean(!x.Not), true
		}
	}
	if null {
		return nullOf(Boolean), known
	}
	return boolean(x.Not), known
}

func (e *evaluator) like(x *Like) (Constant, bool) {
	v, ok1 := e.eval(x.X)
	p, ok2 := e.eval(x.Pattern)
	switch {
	case !ok1 || !ok2 || x.Esc != nil:
		return Constant{}, false
	case v.Null || p.Null:
		return nullOf(Boolean), true
	case v.Type.Kind != KindVarchar || len(v.Text) > 1000 || len(p.Text) > 1000:
		return Constant{}, false
	}
	return boolean(likeMatch(p.Text, v.Text) != x.Not), true
}

// likeMatch matches % and _ in time proportional to the product of the lengths.
func likeMatch(pattern, text string) bool {
	p, s := []rune(pattern), []rune(text)
	star, mark, i, j := -1, 0, 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '%':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '_' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '%' {
		i++
	}
	return i == len(p)
}

func (e *evaluator) call(x *Call) (Constant, bool) {
	f := e.a.functions[x]
	if f == nil || x.Over != nil || x.Method != nil || f.Kind != ScalarFunction {
		return Constant{}, false
	}
	args := make([]Expr, len(x.Args))
	for i, a := range x.Args {
		args[i] = a.X
	}
	if f.Name == "coalesce" {
		for _, a := range args {
			c, ok := e.eval(a)
			if !ok || !c.Null {
				return c, ok
			}
		}
		return nullOf(f.Result), true
	}
	return e.function(f, args)
}

// function computes a function that returns null for a null argument.
func (e *evaluator) function(f *Function, args []Expr) (Constant, bool) {
	vals := make([]Constant, len(args))
	for i, a := range args {
		c, ok := e.eval(a)
		if !ok {
			return Constant{}, false
		}
		vals[i] = c
	}
	switch f.Name {
	case "date", "year", "month", "day", "date_format", "date_add", "lower", "upper", "length", "concat", "substring":
	default:
		return Constant{}, false
	}
	for _, c := range vals {
		if c.Null {
			return nullOf(f.Result), true
		}
	}
	text := func(s string) (Constant, bool) { return Constant{Type: f.Result, Text: s}, true }
	switch f.Name {
	case "date":
		return castConstant(vals[0], Date)
	case "year", "month", "day":
		if vals[0].Type.Kind != KindDate && vals[0].Type.Kind != KindTimestamp {
			return Constant{}, false
		}
		t, ok := vals[0].time()
		n := map[string]int{"year": t.Year(), "month": int(t.Month()), "day": t.Day()}[f.Name]
		return Constant{Type: Bigint, Text: strconv.Itoa(n)}, ok
	case "date_format":
		ts, ok := castConstant(vals[0], TimestampOf(12))
		if !ok {
			return Constant{}, false
		}
		t, ok := ts.time()
		s, ok2 := mysqlFormat(t, vals[1].Text)
		return Constant{Type: Varchar, Text: s}, ok && ok2
	case "date_add":
		return dateAdd(vals)
	case "lower", "upper", "length":
		if vals[0].Type.Kind != KindVarchar {
			return Constant{}, false
		}
		switch f.Name {
		case "lower":
			return text(strings.ToLower(vals[0].Text))
		case "upper":
			return text(strings.ToUpper(vals[0].Text))
		}
		return text(strconv.Itoa(len([]rune(vals[0].Text))))
	case "concat":
		var b strings.Builder
		for _, c := range vals {
			if c.Type.Kind != KindVarchar {
				return Constant{}, false
			}
			b.WriteString(c.Text)
		}
		return text(b.String())
	}
	// substring
	if vals[0].Type.Kind != KindVarchar {
		return Constant{}, false
	}
	s := []rune(vals[0].Text)
	start, err := strconv.Atoi(vals[1].Text)
	n := len(s)
	if len(vals) == 3 && err == nil {
		n, err = strconv.Atoi(vals[2].Text)
	}
	if err != nil {
		return Constant{}, false
	}
	if start < 0 {
		start += len(s) + 1
	}
	if start < 1 || start > len(s) || n <= 0 {
		return text("")
	}
	return text(string(s[start-1 : min(len(s), start-1+min(n, len(s)))]))
}

func dateAdd(vals []Constant) (Constant, bool) {
	c := vals[2]
	n, err := strconv.Atoi(vals[1].Text)
	if err != nil || n > 1e6 || n < -1e6 || c.Type.Kind != KindDate && c.Type.Kind != KindTimestamp {
		return Constant{}, false
	}
	t, ok := c.time()
	switch strings.ToLower(vals[0].Text) {
	case "day":
		t = t.AddDate(0, 0, n)
	case "week":
		t = t.AddDate(0, 0, 7*n)
	case "month":
		t = addMonths(t, n)
	case "quarter":
		t = addMonths(t, 3*n)
	case "year":
		t = addMonths(t, 12*n)
	default:
		return Constant{}, false
	}
	return ofTime(t, c.Type), ok && t.Year() > 0 && t.Year() < 10000
}

// mysqlFormat formats by date_format's commonest specifiers.
func mysqlFormat(t time.Time, format string) (string, bool) {
	layouts := map[byte]string{'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'H': "15", 'i': "04", 's': "05", 'S': "05", 'T': "15:04:05"}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		if i++; i == len(format) {
			return "", false
		}
		if format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		layout := layouts[format[i]]
		if layout == "" {
			return "", false
		}
		b.WriteString(t.Format(layout))
	}
	return b.String(), true
}
