package trinosql

import "strings"

// keyword reads an expression that begins with a word of its own syntax, or
// returns nil when the current word does not begin one.
func (p *parser) keyword() Expr {
	t := p.tok()
	pos := t.Pos
	switch t.Up {
	case "NULL":
		p.i++
		return from(p, &Literal{Kind: NullLiteral}, pos)
	case "TRUE", "FALSE":
		p.i++
		return from(p, &Literal{Kind: BooleanLiteral, Val: strings.ToLower(t.Up)}, pos)
	case "INTERVAL":
		if n := p.at(1); n.Kind == Str || n.Kind == UnicodeStr || n.Kind == Op && (n.Up == "+" || n.Up == "-") && p.at(2).Kind == Str {
			return p.interval()
		}
	case "DOUBLE":
		if p.isAt(1, "PRECISION") && p.at(2).Kind == Str {
			p.i += 2
			return from(p, &TypedLiteral{Type: "double", Val: p.str()}, pos)
		}
	case "CASE":
		return p.caseExpr()
	case "ARRAY":
		if p.isOpAt(1, "[") {
			p.i += 2
			return p.array(pos)
		}
	case "CURRENT_DATE", "CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH":
		p.i++
		return from(p, &Special{Name: t.Up}, pos)
	case "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP":
		p.i++
		s := &Special{Name: t.Up}
		if p.acceptOp("(") {
			s.Opt = p.tok().Text
			p.integer()
			p.needOp(")")
		}
		return from(p, s, pos)
	case "RUNNING", "FINAL":
		if p.isNameAt(1) && p.at(1).Kind == Ident && p.isOpAt(2, "(") {
			p.i++
			x := p.primary()
			if c, ok := x.(*Call); ok {
				c.Mode = t.Up
			}
			return x
		}
	}
	if p.isOpAt(1, "(") {
		return p.keywordCall()
	}
	return nil
}

// keywordCall reads a function with a syntax of its own.
func (p *parser) keywordCall() Expr {
	t := p.tok()
	pos := t.Pos
	switch t.Up {
	case "CAST", "TRY_CAST":
		p.i += 2
		c := &Cast{Try: t.Up != "CAST", X: p.expr()}
		p.need("AS")
		c.Type = p.typeExpr()
		p.needOp(")")
		return from(p, c, pos)
	case "EXISTS", "UNIQUE":
		if p.queryAt(p.i + 2) {
			p.i += 2
			q := p.query()
			p.needOp(")")
			return from(p, &Exists{Unique: t.Up == "UNIQUE", Q: q}, pos)
		}
	case "ROW":
		p.i += 2
		r := &Row{Names: []*Name{}}
		for !p.isOp(")") {
			r.Fields = append(r.Fields, p.expr())
			r.Names = append(r.Names, p.alias())
			if !p.acceptOp(",") {
				break
			}
		}
		if len(r.Fields) == 0 {
			p.expected("<expression>")
		}
		p.needOp(")")
		return from(p, r, pos)
	case "EXTRACT":
		p.i += 2
		s := &Special{Name: "EXTRACT", Opt: strings.ToUpper(p.name().Text)}
		p.need("FROM")
		s.Args = []Expr{p.valueExpr()}
		p.needOp(")")
		return from(p, s, pos)
	case "SUBSTRING", "POSITION", "OVERLAY":
		return p.infixCall()
	case "TRIM":
		return p.trim()
	case "NORMALIZE":
		p.i += 2
		s := &Special{Name: "NORMALIZE", Opt: "NFC", Args: []Expr{p.valueExpr()}}
		if p.acceptOp(",") {
			s.Opt = p.word("NFC", "NFD", "NFKC", "NFKD")
		}
		p.needOp(")")
		return from(p, s, pos)
	case "GROUPING":
		p.i += 2
		s := &Special{Name: "GROUPING"}
		for !p.isOp(")") {
			at := p.pos()
			var x Expr = from(p, &ColumnRef{Name: p.name()}, at)
			for p.acceptOp(".") {
				x = from(p, &Deref{Base: x, Field: p.name()}, at)
			}
			s.Args = append(s.Args, x)
			if !p.acceptOp(",") {
				break
			}
		}
		p.needOp(")")
		return from(p, s, pos)
	case "LISTAGG":
		return p.listagg()
	case "JSON_EXISTS", "JSON_VALUE", "JSON_QUERY":
		return p.jsonFunc()
	case "JSON_OBJECT":
		return p.jsonObject()
	case "JSON_ARRAY":
		return p.jsonArray()
	}
	return nil
}

// infixCall reads SUBSTRING(x FROM a FOR b), POSITION(x IN y) and OVERLAY(x
// PLACING y FROM a FOR b), or a call of these names with plain arguments.
func (p *parser) infixCall() Expr {
	t := p.tok()
	pos := t.Pos
	plain := &Call{}
	if p.isOpAt(2, ")") || p.isOpAt(2, "*") || p.isNameAt(2) && p.isOpAt(3, "=>") {
		plain.Name = p.qname()
		p.callArgs(plain)
		return from(p, plain, pos)
	}
	plain.Name = QName{p.anyName()}
	p.needOp("(")
	s := &Special{Name: t.Up, Args: []Expr{p.valueExpr()}}
	sep := map[string]string{"SUBSTRING": "FROM", "POSITION": "IN", "OVERLAY": "PLACING"}[t.Up]
	if !p.accept(sep) {
		plain.Args = []Arg{{X: s.Args[0]}}
		for p.acceptOp(",") {
			plain.Args = append(plain.Args, Arg{X: p.expr()})
		}
		p.needOp(")")
		return from(p, plain, pos)
	}
	s.Args = append(s.Args, p.valueExpr())
	if t.Up == "OVERLAY" {
		p.need("FROM")
		s.Args = append(s.Args, p.valueExpr())
	}
	if t.Up != "POSITION" && p.accept("FOR") {
		s.Args = append(s.Args, p.valueExpr())
	}
	p.needOp(")")
	return from(p, s, pos)
}

func (p *parser) trim() Expr {
	pos := p.pos()
	p.i += 2
	s := &Special{Name: "TRIM"}
	if p.isAny("LEADING", "TRAILING", "BOTH") && !p.isOpAt(1, ")") && !p.isOpAt(1, ",") {
		s.Opt = p.tok().Up
		p.i++
	}
	if s.Opt != "" && p.accept("FROM") {
		s.Args = []Expr{p.valueExpr()}
	} else {
		x := p.valueExpr()
		switch {
		case p.accept("FROM"):
			s.Args = []Expr{p.valueExpr(), x}
		case p.acceptOp(","):
			s.Args = []Expr{x, p.valueExpr()}
		default:
			s.Args = []Expr{x}
		}
	}
	p.needOp(")")
	return from(p, s, pos)
}

func (p *parser) caseExpr() Expr {
	pos := p.pos()
	p.need("CASE")
	p.enter()
	defer p.leave()
	c := &Case{}
	if !p.is("WHEN") {
		c.Operand = p.expr()
	}
	for p.accept("WHEN") {
		var w When
		if c.Operand != nil {
			if y := p.predicate(c.Operand, p.pos().Off); y != nil {
				w.Cond, w.Predicate = y, true
			}
		}
		if w.Cond == nil {
			w.Cond = p.expr()
		}
		p.need("THEN")
		w.Result = p.expr()
		c.Whens = append(c.Whens, w)
	}
	if len(c.Whens) == 0 {
		p.expected("WHEN")
	}
	if p.accept("ELSE") {
		c.Else = p.expr()
	}
	p.need("END")
	return from(p, c, pos)
}

func (p *parser) callArgs(c *Call) {
	p.needOp("(")
	switch {
	case p.acceptOp("*"):
		c.Star = true
	case p.isName() && p.isOpAt(1, ".") && p.isOpAt(2, "*") && p.isOpAt(3, ")"): // of a row pattern variable
		p.i += 3
		c.Star = true
	case !p.isOp(")"):
		if p.accept("DISTINCT") {
			c.Distinct = true
		} else if p.is("ALL") && !p.isOpAt(1, ")") && !p.isOpAt(1, ",") && !p.isOpAt(1, ".") {
			p.i++
		}
		if !p.is("ORDER") {
			for {
				var a Arg
				if p.isName() && p.isOpAt(1, "=>") {
					a.Name = p.nameRef()
					p.i++
				}
				a.X = p.expr()
				c.Args = append(c.Args, a)
				if !p.acceptOp(",") {
					break
				}
			}
		}
		if p.accept("ORDER", "BY") {
			c.OrderBy = p.sortItems()
		}
	}
	p.needOp(")")
	if c.Method == nil {
		p.callTail(c)
	}
}

// callTail reads what may follow a call: FILTER, IGNORE NULLS, OVER.
func (p *parser) callTail(c *Call) {
	if p.is("FILTER") && p.isOpAt(1, "(") {
		p.i += 2
		p.need("WHERE")
		c.Filter = p.expr()
		p.needOp(")")
	}
	ignore := p.accept("IGNORE", "NULLS")
	if c.IgnoreNulls = ignore; ignore || p.accept("RESPECT", "NULLS") {
		if !p.is("OVER") {
			p.expected("OVER")
		}
	}
	if p.is("OVER") && (p.isOpAt(1, "(") || p.isNameAt(1)) {
		p.i++
		if p.isOp("(") {
			c.Over = p.window()
		} else {
			c.Over = &Window{Pos: p.pos(), Name: p.nameRef()}
		}
	}
}

func (p *parser) listagg() Expr {
	pos := p.pos()
	c := &Call{Name: QName{p.anyName()}}
	p.needOp("(")
	if p.accept("DISTINCT") {
		c.Distinct = true
	} else {
		p.accept("ALL")
	}
	c.Args = []Arg{{X: p.expr()}}
	if p.acceptOp(",") {
		sp := p.pos()
		c.Args = append(c.Args, Arg{X: from(p, &Literal{Kind: StringLiteral, Val: p.str()}, sp)})
	}
	if p.accept("ON", "OVERFLOW") && !p.accept("ERROR") {
		p.need("TRUNCATE")
		c.Overflow = &Overflow{}
		if p.isStr() {
			sp := p.pos()
			c.Overflow.Filler = from(p, &Literal{Kind: StringLiteral, Val: p.str()}, sp)
		}
		c.Overflow.Count = p.word("WITH", "WITHOUT") == "WITH"
		p.need("COUNT")
	}
	p.needOp(")")
	p.need("WITHIN", "GROUP")
	p.needOp("(")
	p.need("ORDER", "BY")
	c.Within = p.sortItems()
	p.needOp(")")
	p.callTail(c)
	return from(p, c, pos)
}
