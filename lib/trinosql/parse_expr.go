package trinosql

import "strings"

func (p *parser) exprs() []Expr {
	l := []Expr{p.expr()}
	for p.acceptOp(",") {
		l = append(l, p.expr())
	}
	return l
}

// expr reads any expression. OR binds loosest, then AND, NOT, predicates, ||,
// + and -, * / and %, signs, AT TIME ZONE, and closest subscripts and fields.
func (p *parser) expr() Expr {
	p.enter()
	defer p.leave()
	return p.logical("OR", func() Expr { return p.logical("AND", p.notExpr) })
}

func (p *parser) logical(op string, term func() Expr) Expr {
	pos := p.pos()
	x := term()
	if !p.is(op) {
		return x
	}
	l := &Logical{Op: op, Terms: []Expr{x}}
	for p.accept(op) {
		l.Terms = append(l.Terms, term())
	}
	return from(p, l, pos)
}

func (p *parser) notExpr() Expr {
	pos := p.pos()
	if p.accept("NOT") {
		p.enter()
		defer p.leave()
		return from(p, &Unary{Op: "NOT", X: p.notExpr()}, pos)
	}
	x := p.valueExpr()
	if y := p.predicate(x, pos.Off); y != nil {
		return y
	}
	return x
}

func isComparison(t *Token) bool {
	if t.Kind != Op {
		return false
	}
	switch t.Up {
	case "=", "<>", "<", ">", "<=", ">=":
		return true
	}
	return false
}

// predicate reads what may follow the value x, which began at byte start; nil
// when nothing does.
func (p *parser) predicate(x Expr, start int) Expr {
	t := p.tok()
	pos := t.Pos
	if isComparison(t) {
		p.i++
		if p.isAny("ALL", "SOME", "ANY") && p.isOpAt(1, "(") && p.queryAt(p.i+2) {
			quant := p.tok().Up
			p.i += 2
			q := p.query()
			p.needOp(")")
			return done(p, &Quantified{Op: t.Up, Quant: quant, L: x, Q: q}, pos, start)
		}
		return done(p, &Binary{Op: t.Up, L: x, R: p.valueExpr()}, pos, start)
	}
	if t.Kind != Ident {
		return nil
	}
	not := false
	if t.Up == "NOT" {
		switch p.at(1).Up {
		case "BETWEEN", "IN", "LIKE":
			not = true
			p.i++
		default:
			return nil
		}
	}
	switch p.tok().Up {
	case "BETWEEN":
		p.i++
		b := &Between{Not: not, X: x}
		if p.accept("SYMMETRIC") {
			b.Sym = true
		} else {
			p.accept("ASYMMETRIC")
		}
		b.Low = p.valueExpr()
		p.need("AND")
		b.High = p.valueExpr()
		return done(p, b, pos, start)
	case "IN":
		p.i++
		in := &In{Not: not, X: x}
		if p.opensQuery() {
			p.i++
			in.Q = p.query()
		} else {
			p.needOp("(")
			in.List = p.exprs()
		}
		p.needOp(")")
		return done(p, in, pos, start)
	case "LIKE":
		p.i++
		l := &Like{Not: not, X: x, Pattern: p.valueExpr()}
		if p.accept("ESCAPE") {
			l.Esc = p.valueExpr()
		}
		return done(p, l, pos, start)
	case "IS":
		p.i++
		not := p.accept("NOT")
		if p.accept("DISTINCT", "FROM") {
			return done(p, &IsDistinct{Not: not, L: x, R: p.valueExpr()}, pos, start)
		}
		if !p.isAny("NULL", "TRUE", "FALSE", "UNKNOWN") {
			p.expected("DISTINCT", "FALSE", "NULL", "TRUE", "UNKNOWN")
		}
		p.i++
		return done(p, &Is{Not: not, X: x, What: p.toks[p.i-1].Up}, pos, start)
	case "MATCH":
		k := 1
		if p.isAt(k, "UNIQUE") {
			k++
		}
		if p.isAt(k, "SIMPLE") || p.isAt(k, "PARTIAL") || p.isAt(k, "FULL") {
			k++
		}
		if p.isOpAt(k, "(") {
			p.i += k + 1
			q := p.query()
			p.needOp(")")
			return done(p, &Quantified{Op: "MATCH", L: x, Q: q}, pos, start)
		}
	}
	return nil
}

// valueExpr reads an expression without predicates.
func (p *parser) valueExpr() Expr {
	return p.chain(p.addExpr, "||")
}

func (p *parser) addExpr() Expr { return p.chain(p.mulExpr, "+", "-") }

func (p *parser) mulExpr() Expr { return p.chain(p.unaryExpr, "*", "/", "%") }

// chain reads operands joined by any of ops, from left to right.
func (p *parser) chain(operand func() Expr, ops ...string) Expr {
	start := p.pos().Off
	l := operand()
	for n := 0; ; n++ {
		t := p.tok()
		if t.Kind != Op {
			return l
		}
		found := false
		for _, op := range ops {
			found = found || t.Up == op
		}
		if !found {
			return l
		}
		if n > 0 {
			p.link()
		}
		p.i++
		l = done(p, &Binary{Op: t.Up, L: l, R: operand()}, t.Pos, start)
	}
}

func (p *parser) unaryExpr() Expr {
	pos := p.pos()
	if k := p.at(1).Kind; p.isOp("-") && (k == IntNum || k == DecNum || k == DblNum) {
		// The sign belongs to the literal, so that -2147483648 is an integer.
		p.i++
		x := p.primary().(*Literal)
		x.Val = "-" + x.Val
		return p.zoned(p.postfix(from(p, x, pos), pos), pos)
	}
	if p.isOp("-") || p.isOp("+") {
		op := p.tok().Up
		p.i++
		p.enter()
		defer p.leave()
		return from(p, &Unary{Op: op, X: p.unaryExpr()}, pos)
	}
	return p.zoned(p.postfix(p.primary(), pos), pos)
}

// zoned reads the AT TIME ZONE that may follow x, which began at pos.
func (p *parser) zoned(x Expr, pos Pos) Expr {
	for p.is("AT") {
		at := p.pos()
		z := &AtTimeZone{X: x}
		if p.isAt(1, "LOCAL") {
			p.i += 2
		} else {
			if !p.isAt(1, "TIME") {
				break
			}
			p.i++
			p.need("TIME", "ZONE")
			switch zp := p.pos(); {
			case p.is("INTERVAL"):
				z.Zone = p.interval()
			case p.isStr():
				z.Zone = from(p, &Literal{Kind: StringLiteral, Val: p.str()}, zp)
			default:
				z.Zone = p.postfix(p.primary(), zp)
			}
		}
		p.link()
		x = done(p, z, at, pos.Off)
	}
	return x
}

// postfix reads the subscripts, fields and method calls that follow x, which began at pos.
func (p *parser) postfix(x Expr, pos Pos) Expr {
	for n := 0; ; n++ {
		if n > 2 {
			p.link()
		}
		switch {
		case p.acceptOp("["):
			i := p.valueExpr()
			p.needOp("]")
			x = from(p, &Subscript{X: x, Index: i}, pos)
		case p.isOp(".") && !p.isOpAt(1, "*"):
			p.i++
			if p.tok().Kind == Ident && p.isOpAt(1, "(") {
				at := p.pos()
				c := &Call{Name: QName{p.anyName()}, Method: x}
				p.callArgs(c)
				x = done(p, c, at, pos.Off)
				continue
			}
			x = from(p, &Deref{Base: x, Field: p.name()}, pos)
		default:
			return x
		}
	}
}

func (p *parser) interval() Expr {
	pos := p.pos()
	iv := &IntervalLit{}
	p.need("INTERVAL")
	if p.acceptOp("-") {
		iv.Neg = true
	} else {
		p.acceptOp("+")
	}
	iv.Val = p.str()
	iv.From, iv.To = p.intervalFields()
	return from(p, iv, pos)
}

func (p *parser) intervalFields() (from, to string) {
	field := func() string {
		f := p.word("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
		if p.isOp("(") && p.at(1).Kind == IntNum {
			p.i++
			p.integer()
			if p.acceptOp(",") {
				p.integer()
			}
			p.needOp(")")
		}
		return f
	}
	from = field()
	if p.accept("TO") {
		to = field()
	}
	return from, to
}

// isLambda tells whether the current "(" begins a lambda's parameters.
func (p *parser) isLambda() bool {
	k := 1
	for !p.isOpAt(k, ")") {
		if !p.isNameAt(k) || !p.isOpAt(k+1, ",") && !p.isOpAt(k+1, ")") {
			return false
		}
		k++
		if p.isOpAt(k, ",") {
			k++
		}
	}
	return p.isOpAt(k+1, "->")
}

func (p *parser) primary() Expr {
	t := p.tok()
	pos := t.Pos
	literal := func(k LiteralKind, val string) Expr {
		return from(p, &Literal{Kind: k, Val: val}, pos)
	}
	switch t.Kind {
	case IntNum:
		p.i++
		return literal(IntegerLiteral, strings.ReplaceAll(t.Text, "_", ""))
	case DecNum:
		p.i++
		return literal(DecimalLiteral, strings.ReplaceAll(t.Text, "_", ""))
	case DblNum:
		p.i++
		return literal(DoubleLiteral, strings.ReplaceAll(t.Text, "_", ""))
	case Str, UnicodeStr:
		return literal(StringLiteral, p.str())
	case BinaryStr:
		p.i++
		return literal(BinaryLiteral, p.hexDigits(t))
	case Op:
		switch t.Up {
		case "?":
			p.i++
			p.params++
			return from(p, &Param{N: p.params}, pos)
		case "[":
			p.i++
			return p.array(pos)
		case "(":
			return p.parenthesized()
		}
	case Ident:
		if x := p.keyword(); x != nil {
			return x
		}
	}
	if !p.isName() {
		p.expected("<expression>")
	}
	if p.isOpAt(1, "->") {
		l := &Lambda{Params: []Name{p.name()}}
		p.i++
		l.Body = p.expr()
		return from(p, l, pos)
	}
	// TYPE 'text'
	if k := p.at(1).Kind; (k == Str || k == UnicodeStr) && (t.Kind == Ident || t.Kind == QuotedIdent) {
		n := p.name()
		return from(p, &TypedLiteral{Type: strings.ToLower(n.Text), Val: p.str()}, pos)
	}
	// A name, or a call of a dotted name.
	k := 1
	for p.isOpAt(k, ".") && p.isNameAt(k+1) {
		k += 2
	}
	if p.isOpAt(k, "::") {
		c := &Call{Name: p.qname(), Static: true}
		p.i++
		c.Name = append(c.Name, p.anyName())
		p.callArgs(c)
		return from(p, c, pos)
	}
	// x.f(...) on a plain name is a call of a dotted name here; the analysis
	// tells it from a method call.
	if p.isOpAt(k, "(") {
		c := &Call{Name: p.qname()}
		p.callArgs(c)
		return from(p, c, pos)
	}
	n := p.name()
	if p.is("OVER") && (p.isOpAt(1, "(") || p.isNameAt(1) && k == 1 && p.isMeasureOver()) {
		c := &Call{Name: QName{n}}
		p.callTail(c)
		return from(p, c, pos)
	}
	return from(p, &ColumnRef{Name: n}, pos)
}

// isMeasureOver tells "measure OVER w" of a row pattern window from a column
// called over.
func (p *parser) isMeasureOver() bool {
	t := p.at(2)
	return t.Kind == EOF || t.Kind == Op && (t.Up == "," || t.Up == ")") || t.Kind == Ident && t.Up == "FROM"
}

// hexDigits checks X'..' and returns its digits without blanks.
func (p *parser) hexDigits(t *Token) string {
	s := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, unquote(t.Text[1:]))
	if strings.Trim(s, "0123456789abcdefABCDEF") != "" {
		p.fail(t.Pos, SyntaxError, "Binary literal can only contain hexadecimal digits")
	}
	if len(s)%2 != 0 {
		p.fail(t.Pos, SyntaxError, "Binary literal must contain an even number of digits")
	}
	return s
}

func (p *parser) array(pos Pos) Expr {
	a := &Array{}
	if !p.isOp("]") {
		a.Elems = p.exprs()
	}
	p.needOp("]")
	return from(p, a, pos)
}

// parenthesized reads a lambda, a subquery, a row or an expression in parentheses.
func (p *parser) parenthesized() Expr {
	pos := p.pos()
	if p.isLambda() {
		l := &Lambda{}
		p.needOp("(")
		for !p.isOp(")") {
			l.Params = append(l.Params, p.name())
			p.acceptOp(",")
		}
		p.needOp(")")
		p.needOp("->")
		l.Body = p.expr()
		return from(p, l, pos)
	}
	if p.opensQuery() {
		p.i++
		q := p.query()
		p.needOp(")")
		return from(p, &Subquery{Q: q}, pos)
	}
	p.needOp("(")
	x := p.expr()
	if p.acceptOp(",") {
		r := &Row{Fields: append([]Expr{x}, p.exprs()...)}
		p.needOp(")")
		return from(p, r, pos)
	}
	p.needOp(")")
	return x
}
