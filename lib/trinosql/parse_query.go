package trinosql

func (p *parser) query() *Query {
	p.enter()
	defer p.leave()
	p.queries++
	defer func() { p.queries-- }()
	q := &Query{}
	pos := p.pos()
	if p.accept("WITH") {
		q.Recursive = p.accept("RECURSIVE")
		for {
			c := &CTE{Name: p.name()}
			if p.isOp("(") {
				c.Cols = p.names()
			}
			p.need("AS")
			p.needOp("(")
			c.Q = p.query()
			p.needOp(")")
			q.CTEs = append(q.CTEs, c)
			if !p.acceptOp(",") {
				break
			}
		}
	}
	p.queryNoWith(q)
	return from(p, q, pos)
}

func (p *parser) queryNoWith(q *Query) {
	q.Body = p.setOps(0)
	if p.accept("ORDER", "BY") {
		q.OrderBy = p.sortItems()
	}
	if p.accept("OFFSET") {
		q.Offset = p.rowCount()
		if !p.accept("ROW") {
			p.accept("ROWS")
		}
	}
	if p.accept("LIMIT") {
		if !p.accept("ALL") {
			q.Limit = p.rowCount()
		}
	} else if p.is("FETCH") {
		pos := p.pos()
		p.i++
		p.word("FIRST", "NEXT")
		if p.isAny("ROW", "ROWS") {
			q.Limit = from(p, &Literal{Kind: IntegerLiteral, Val: "1"}, pos)
		} else {
			q.Limit = p.rowCount()
		}
		p.word("ROW", "ROWS")
		if !p.accept("ONLY") {
			p.need("WITH", "TIES")
			q.WithTies = true
		}
	}
}

func (p *parser) rowCount() Expr {
	if k := p.tok().Kind; k == IntNum || p.isOp("?") {
		return p.primary()
	}
	p.expected("<integer>")
	return nil
}

// setOps parses UNION and EXCEPT (level 0) or INTERSECT (level 1), which binds closer.
func (p *parser) setOps(level int) Body {
	operand := p.queryPrimary
	if level == 0 {
		operand = func() Body { return p.setOps(1) }
	}
	l := operand()
	for {
		if !(level == 0 && p.isAny("UNION", "EXCEPT") || level == 1 && p.is("INTERSECT")) {
			return l
		}
		p.link()
		pos := p.pos()
		s := &SetOp{Op: p.tok().Up, L: l}
		p.i++
		if p.accept("ALL") {
			s.All = true
		} else {
			p.accept("DISTINCT")
		}
		if p.accept("CORRESPONDING") {
			s.Corresponding = true
			if p.accept("BY") {
				s.By = p.names()
			}
		}
		s.R = operand()
		l = done(p, s, pos, startOf(l))
	}
}

func (p *parser) queryPrimary() Body {
	pos := p.pos()
	switch {
	case p.is("SELECT"):
		return p.selectBody()
	case p.accept("VALUES"):
		return from(p, &Values{Rows: p.exprs()}, pos)
	case p.accept("TABLE"):
		tp := p.pos()
		t := from(p, &Table{Name: p.qname()}, tp)
		return from(p, &TableBody{Table: t}, pos)
	case p.acceptOp("("):
		p.enter()
		defer p.leave()
		q := &Query{}
		inner := p.pos()
		if p.is("WITH") {
			q = p.query()
		} else {
			p.queryNoWith(q)
			from(p, q, inner)
		}
		p.needOp(")")
		return from(p, &Paren{Q: q}, pos)
	}
	p.expected("(", "SELECT", "TABLE", "VALUES")
	return nil
}

func (p *parser) selectBody() *Select {
	s := &Select{}
	pos := p.pos()
	p.need("SELECT")
	if p.accept("DISTINCT") {
		s.Distinct = true
	} else if p.is("ALL") && !p.isOpAt(1, ",") && !p.isAt(1, "FROM") && !p.isOpAt(1, ".") && p.at(1).Kind != EOF {
		p.i++
	}
	for {
		s.Items = append(s.Items, p.selectItem())
		if !p.acceptOp(",") {
			break
		}
	}
	if p.accept("FROM") {
		for {
			s.From = append(s.From, p.relation())
			if !p.acceptOp(",") {
				break
			}
			p.link()
		}
	}
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	if p.is("GROUP") && p.isAt(1, "BY") {
		s.GroupBy = p.groupBy()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	if p.accept("WINDOW") {
		for {
			w := NamedWindow{Name: p.name()}
			p.need("AS")
			w.W = p.window()
			s.Windows = append(s.Windows, w)
			if !p.acceptOp(",") {
				break
			}
		}
	}
	return from(p, s, pos)
}

func (p *parser) selectItem() SelectItem {
	it := SelectItem{Pos: p.pos()}
	if p.acceptOp("*") {
		it.Star = true
		return it
	}
	it.X = p.expr()
	if p.isOp(".") && p.isOpAt(1, "*") {
		p.i += 2
		it.Star = true
		if p.accept("AS") {
			it.Cols = p.names()
		}
		return it
	}
	it.Alias = p.alias()
	return it
}

// alias reads an optional [AS] name.
func (p *parser) alias() *Name {
	if p.accept("AS") {
		return p.nameRef()
	}
	if p.isName() && !p.clauseStart() {
		return p.nameRef()
	}
	return nil
}

func (p *parser) groupBy() *GroupBy {
	g := &GroupBy{Pos: p.pos()}
	p.need("GROUP", "BY")
	if p.accept("DISTINCT") {
		g.Distinct = true
	} else if p.is("ALL") && !p.isOpAt(1, ",") {
		p.i++
	}
	for {
		switch {
		case p.is("AUTO") && p.groupByAuto():
			p.i++
			g.Auto = true
		case p.isAny("ROLLUP", "CUBE"):
			kind := p.tok().Up
			p.i++
			g.Items = append(g.Items, GroupItem{Kind: kind, Sets: p.groupSets()})
		case p.accept("GROUPING", "SETS"):
			g.Items = append(g.Items, GroupItem{Kind: "SETS", Sets: p.groupSets()})
		default:
			g.Items = append(g.Items, GroupItem{Sets: [][]Expr{p.groupSet()}})
		}
		if !p.acceptOp(",") {
			return g
		}
	}
}

// groupByAuto tells GROUP BY AUTO from a column called auto.
func (p *parser) groupByAuto() bool {
	if p.isOpAt(1, ",") {
		return p.isAt(2, "ROLLUP") || p.isAt(2, "CUBE") || p.isAt(2, "GROUPING") && p.isAt(3, "SETS")
	}
	next := p.at(1)
	return next.Kind == EOF || p.isOpAt(1, ")") || p.isOpAt(1, ";") || next.Kind == Ident && reserved[next.Up]
}

func (p *parser) groupSets() (l [][]Expr) {
	p.needOp("(")
	if p.acceptOp(")") {
		return nil
	}
	for {
		l = append(l, p.groupSet())
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(")")
	return l
}

func (p *parser) groupSet() []Expr {
	if p.isOp("(") && p.isOpAt(1, ")") {
		p.i += 2
		return []Expr{}
	}
	x := p.expr()
	if r, ok := x.(*Row); ok && r.Names == nil {
		return r.Fields
	}
	return []Expr{x}
}

func (p *parser) sortItems() []SortItem {
	l := []SortItem{p.sortItem()}
	for p.acceptOp(",") {
		l = append(l, p.sortItem())
	}
	return l
}

func (p *parser) sortItem() SortItem {
	s := SortItem{X: p.expr()}
	if p.accept("DESC") {
		s.Desc = true
	} else {
		p.accept("ASC")
	}
	if p.accept("NULLS") {
		first := p.word("FIRST", "LAST") == "FIRST"
		s.NullsFirst = &first
	}
	return s
}

// window reads ( specification ).
func (p *parser) window() *Window {
	w := &Window{Pos: p.pos()}
	p.needOp("(")
	if p.isName() && !p.windowClause() {
		w.Base = p.nameRef()
	}
	if p.accept("PARTITION", "BY") {
		w.Partition = p.exprs()
	}
	if p.accept("ORDER", "BY") {
		w.OrderBy = p.sortItems()
	}
	if p.is("MEASURES") {
		w.Pattern = true
		p.measures(&w.Measures)
	}
	if p.isAny("RANGE", "ROWS", "GROUPS") {
		f := &Frame{Pos: p.pos(), Unit: p.tok().Up}
		p.i++
		if p.accept("BETWEEN") {
			f.Start = p.bound()
			p.need("AND")
			f.End = p.bound()
		} else {
			f.Start = p.bound()
		}
		w.Frame = f
	}
	before := p.i
	p.patternEnd()
	w.Pattern = w.Pattern || p.i > before
	p.needOp(")")
	return w
}

// windowClause tells a clause of a window specification from a window's name.
func (p *parser) windowClause() bool {
	switch {
	case p.is("PARTITION"):
		return p.isAt(1, "BY")
	case p.is("MEASURES"):
		return true
	case p.isAny("RANGE", "ROWS", "GROUPS"):
		return p.isAt(1, "BETWEEN") || p.isAt(1, "UNBOUNDED") || p.isAt(1, "CURRENT") ||
			p.at(1).Kind != Ident && !p.isOpAt(1, ")")
	}
	return false
}

func (p *parser) bound() *Bound {
	switch {
	case p.accept("UNBOUNDED", "PRECEDING"):
		return &Bound{Kind: "UNBOUNDED PRECEDING"}
	case p.accept("UNBOUNDED", "FOLLOWING"):
		return &Bound{Kind: "UNBOUNDED FOLLOWING"}
	case p.accept("CURRENT", "ROW"):
		return &Bound{Kind: "CURRENT ROW"}
	}
	x := p.expr()
	return &Bound{X: x, Kind: p.word("PRECEDING", "FOLLOWING")}
}
