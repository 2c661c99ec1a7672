package trinosql

func (p *parser) relation() Relation {
	p.enter()
	defer p.leave()
	return p.joins()
}

// joins reads a chain of joins. In a JOIN b JOIN c ON .. ON .. the right side
// of the first join is itself a chain.
func (p *parser) joins() Relation {
	l := p.sampled()
	for {
		pos := p.pos()
		j := &Join{L: l}
		switch {
		case p.accept("CROSS", "JOIN"):
			j.Kind = "CROSS"
			j.R = p.sampled()
		case p.accept("NATURAL"):
			j.Natural = true
			j.Kind = p.joinType()
			j.R = p.sampled()
		case p.isAny("JOIN", "INNER", "LEFT", "RIGHT", "FULL"):
			j.Kind = p.joinType()
			p.enter()
			j.R = p.joins()
			p.leave()
			if p.accept("ON") {
				j.On = p.expr()
			} else if p.accept("USING") {
				j.Using = p.names()
			} else {
				p.expected("ON", "USING")
			}
		default:
			return l
		}
		p.link()
		l = done(p, j, pos, startOf(l))
	}
}

func (p *parser) joinType() string {
	k := "INNER"
	if p.isAny("LEFT", "RIGHT", "FULL") {
		k = p.tok().Up
		p.i++
		p.accept("OUTER")
	} else {
		p.accept("INNER")
	}
	p.need("JOIN")
	return k
}

func (p *parser) sampled() Relation {
	pos := p.pos()
	r := p.relAlias(p.relPrimary())
	if p.is("MATCH_RECOGNIZE") && p.isOpAt(1, "(") {
		p.i++
		p.matchRecognize()
		r = p.relAlias(from(p, &MatchRecognize{R: r}, pos))
	}
	if p.is("TABLESAMPLE") && (p.isAt(1, "BERNOULLI") || p.isAt(1, "SYSTEM")) {
		s := &Sample{R: r, Kind: p.at(1).Up}
		p.i += 2
		p.needOp("(")
		s.Pct = p.expr()
		p.needOp(")")
		r = from(p, s, pos)
	}
	return r
}

func (p *parser) relAlias(r Relation) Relation {
	if !p.accept("AS") && (!p.isName() || p.clauseStart()) {
		return r
	}
	a := &Aliased{R: r, Alias: p.name()}
	if p.isOp("(") {
		a.Cols = p.names()
	}
	return from(p, a, r.Pos())
}

// clauseStart tells whether a word that could be an alias starts the next clause instead.
func (p *parser) clauseStart() bool {
	switch p.tok().Up {
	case "MATCH":
		return p.nearest > 0
	case "MATCH_RECOGNIZE":
		return p.isOpAt(1, "(")
	case "TABLESAMPLE":
		return p.isAt(1, "BERNOULLI") || p.isAt(1, "SYSTEM")
	case "WINDOW":
		return p.isAt(2, "AS")
	case "LIMIT":
		return p.at(1).Kind == IntNum || p.isOpAt(1, "?") || p.isAt(1, "ALL")
	case "OFFSET":
		return p.at(1).Kind == IntNum || p.isOpAt(1, "?")
	case "FETCH":
		return p.isAt(1, "FIRST") || p.isAt(1, "NEXT")
	}
	return false
}

func (p *parser) relPrimary() Relation {
	pos := p.pos()
	switch {
	case p.isOp("("):
		if p.opensQuery() {
			p.i++
			q := p.query()
			p.needOp(")")
			return from(p, &SubqueryRel{Q: q}, pos)
		}
		p.i++
		r := p.relation()
		p.needOp(")")
		return r
	case p.is("UNNEST") && p.isOpAt(1, "("):
		p.i += 2
		u := &Unnest{Args: p.exprs()}
		p.needOp(")")
		u.Ordinality = p.accept("WITH", "ORDINALITY")
		return from(p, u, pos)
	case p.is("LATERAL") && p.isOpAt(1, "("):
		p.i += 2
		q := p.query()
		p.needOp(")")
		return from(p, &SubqueryRel{Q: q, Lateral: true}, pos)
	case p.is("TABLE") && p.isOpAt(1, "("):
		p.i += 2
		f := p.tableFunc()
		p.needOp(")")
		return from(p, f, pos)
	case p.is("NEAREST") && p.isOpAt(1, "(") && p.isAt(2, "FROM"):
		p.i += 2
		p.need("FROM")
		p.nearest++
		n := &Nearest{R: p.relation(), Where: p.where()}
		p.nearest--
		p.need("MATCH")
		n.Match = p.expr()
		p.needOp(")")
		return from(p, n, pos)
	case p.is("JSON_TABLE") && p.isOpAt(1, "("):
		p.i += 2
		t := &JSONTable{Input: p.expr()}
		p.skipBalanced()
		p.needOp(")")
		return from(p, t, pos)
	}
	t := &Table{Name: p.qname()}
	if p.is("FOR") {
		switch p.at(1).Up {
		case "TIMESTAMP", "SYSTEM_TIME":
			t.Period = "TIMESTAMP"
		case "VERSION", "SYSTEM_VERSION":
			t.Period = "VERSION"
		}
	}
	if t.Period != "" {
		p.i += 2
		p.need("AS", "OF")
		t.AsOf = p.valueExpr()
	}
	return from(p, t, pos)
}

func (p *parser) tableFunc() *TableFunc {
	f := &TableFunc{Name: p.qname()}
	p.needOp("(")
	for !p.isOp(")") && !p.is("COPARTITION") {
		var a Arg
		if p.isName() && p.isOpAt(1, "=>") {
			a.Name = p.nameRef()
			p.i++
		}
		switch {
		case p.is("TABLE") && p.isOpAt(1, "("):
			p.i += 2
			pos := p.pos()
			var r Relation
			if p.startsQuery() {
				r = from(p, &SubqueryRel{Q: p.query()}, pos)
			} else {
				r = from(p, &Table{Name: p.qname()}, pos)
			}
			p.needOp(")")
			f.Tables = append(f.Tables, p.tableArg(r))
		case p.is("DESCRIPTOR") && p.isOpAt(1, "("), p.is("CAST") && p.isOpAt(1, "(") && p.isAt(2, "NULL") && p.isAt(4, "DESCRIPTOR"):
			p.i += 2
			p.skipBalanced()
			p.needOp(")")
		default:
			a.X = p.expr()
		}
		f.Args = append(f.Args, a)
		if !p.acceptOp(",") {
			break
		}
	}
	if p.accept("COPARTITION") {
		for {
			p.needOp("(")
			p.skipBalanced()
			p.needOp(")")
			if !p.acceptOp(",") {
				break
			}
		}
	}
	p.needOp(")")
	return f
}

// tableArg reads what may follow TABLE(...) as an argument of a table function.
func (p *parser) tableArg(r Relation) Relation {
	if p.accept("AS") || p.isName() && !p.isAny("PARTITION", "PRUNE", "KEEP", "COPARTITION") {
		a := &Aliased{R: r, Alias: p.name()}
		if p.isOp("(") {
			a.Cols = p.names()
		}
		r = from(p, a, r.Pos())
	}
	if p.accept("PARTITION", "BY") {
		if p.acceptOp("(") {
			p.skipBalanced()
			p.needOp(")")
		} else {
			p.expr()
		}
	}
	if p.accept("PRUNE") || p.accept("KEEP") {
		p.need("WHEN", "EMPTY")
	}
	if p.accept("ORDER", "BY") {
		if p.acceptOp("(") {
			p.sortItems()
			p.needOp(")")
		} else {
			p.sortItem()
		}
	}
	return r
}

func (p *parser) matchRecognize() {
	p.needOp("(")
	if p.accept("PARTITION", "BY") {
		p.exprs()
	}
	if p.accept("ORDER", "BY") {
		p.sortItems()
	}
	if p.is("MEASURES") {
		var m []SelectItem
		p.measures(&m)
	}
	switch {
	case p.accept("ONE", "ROW", "PER", "MATCH"):
	case p.accept("ALL", "ROWS", "PER", "MATCH"):
		if !p.accept("SHOW", "EMPTY", "MATCHES") && !p.accept("OMIT", "EMPTY", "MATCHES") {
			p.accept("WITH", "UNMATCHED", "ROWS")
		}
	}
	p.patternEnd()
	p.needOp(")")
}

func (p *parser) measures(to *[]SelectItem) {
	p.need("MEASURES")
	for {
		it := SelectItem{Pos: p.pos(), X: p.expr()}
		p.need("AS")
		it.Alias = p.nameRef()
		*to = append(*to, it)
		if !p.acceptOp(",") {
			return
		}
	}
}

// patternEnd reads AFTER MATCH .. DEFINE of a row pattern.
func (p *parser) patternEnd() {
	if p.accept("AFTER", "MATCH") {
		p.need("SKIP")
		if !p.accept("PAST", "LAST", "ROW") {
			p.need("TO")
			if !p.accept("NEXT", "ROW") {
				if p.isAny("FIRST", "LAST") && p.at(1).Kind != Op {
					p.i++
				}
				p.name()
			}
		}
	}
	if !p.accept("INITIAL") {
		p.accept("SEEK")
	}
	if p.accept("PATTERN") {
		p.needOp("(")
		if p.isOp(")") {
			p.expected("<pattern>")
		}
		p.skipBalanced()
		p.needOp(")")
	}
	if p.accept("SUBSET") {
		for {
			p.name()
			p.needOp("=")
			p.names()
			if !p.acceptOp(",") {
				break
			}
		}
	}
	if p.accept("DEFINE") {
		for {
			p.name()
			p.need("AS")
			p.expr()
			if !p.acceptOp(",") {
				break
			}
		}
	}
}
