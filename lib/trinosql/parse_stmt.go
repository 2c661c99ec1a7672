package trinosql

import "strings"

func (p *parser) statement() Statement {
	p.enter()
	defer p.leave()
	before := p.params
	s := p.bareStatement()
	s.statement().params = p.params - before
	return s
}

func (p *parser) bareStatement() Statement {
	pos := p.pos()
	if p.is("WITH") && (p.isAt(1, "SESSION") || p.isAt(1, "FUNCTION")) && p.isNameAt(2) {
		return p.other()
	}
	if p.startsQuery() || p.isOp("(") || p.is("TABLE") {
		return from(p, &QueryStmt{Q: p.query()}, pos)
	}
	t := p.tok()
	if t.Kind != Ident {
		p.expected("<statement>")
	}
	switch t.Up {
	case "CREATE":
		return p.create()
	case "DROP":
		return p.drop()
	case "ALTER":
		return p.alter()
	case "SHOW":
		return p.show()
	case "DESCRIBE", "DESC":
		return p.describe()
	}
	p.i++
	switch t.Up {
	case "INSERT":
		p.need("INTO")
		s := &Insert{Table: p.qname(), Branch: p.branch()}
		if p.isOp("(") && !p.startsQuery() {
			s.Cols = p.names()
		}
		s.Q = p.query()
		return from(p, s, pos)
	case "DELETE":
		p.need("FROM")
		return from(p, &Delete{Table: p.qname(), Branch: p.branch(), Where: p.where()}, pos)
	case "UPDATE":
		s := &Update{Table: p.qname(), Branch: p.branch()}
		p.need("SET")
		s.Set = p.assigns()
		s.Where = p.where()
		return from(p, s, pos)
	case "MERGE":
		return from(p, p.merge(), pos)
	case "EXPLAIN":
		return p.explain(pos)
	case "PREPARE":
		s := &Prepare{Name: p.name()}
		p.need("FROM")
		start := p.pos().Off
		s.Stmt = p.statement()
		s.Text = p.src[start:p.toks[p.i-1].End]
		return from(p, s, pos)
	case "EXECUTE":
		s := &Execute{}
		if p.is("IMMEDIATE") && p.at(1).Kind == Str {
			p.i++
			s.Immediate = true
			s.Text = p.str()
		} else {
			s.Name = p.name()
		}
		if p.accept("USING") {
			s.Using = p.exprs()
		}
		return from(p, s, pos)
	case "DEALLOCATE":
		p.need("PREPARE")
		return from(p, &Deallocate{Name: p.name()}, pos)
	case "MSCK":
		p.need("REPAIR")
		p.accept("TABLE")
		s := &Msck{Table: p.qname()}
		if p.isAny("ADD", "DROP", "SYNC") {
			s.Mode = p.tok().Up
			p.i++
			p.need("PARTITIONS")
		}
		return from(p, s, pos)
	case "UNLOAD":
		p.needOp("(")
		s := &Unload{Q: p.query()}
		p.needOp(")")
		p.need("TO")
		s.To = p.str()
		if p.accept("WITH") {
			s.Props = p.props()
		}
		return from(p, s, pos)
	case "VACUUM":
		return from(p, &Vacuum{Table: p.qname()}, pos)
	case "OPTIMIZE":
		s := &Optimize{Table: p.qname()}
		p.need("REWRITE", "DATA", "USING", "BIN_PACK")
		s.Where = p.where()
		return from(p, s, pos)
	case "TRUNCATE":
		p.need("TABLE")
		return from(p, &Truncate{Table: p.qname()}, pos)
	case "ANALYZE":
		s := &AnalyzeTable{Table: p.qname()}
		if p.accept("WITH") {
			s.Props = p.props()
		}
		return from(p, s, pos)
	case "USE":
		return from(p, &Use{Name: p.qname()}, pos)
	case "GRANT", "REVOKE", "DENY", "COMMENT", "CALL", "SET", "RESET", "START", "COMMIT", "ROLLBACK", "REFRESH":
		p.i--
		return p.other()
	}
	p.i--
	p.expected("ALTER", "ANALYZE", "CALL", "COMMENT", "COMMIT", "CREATE", "DEALLOCATE", "DELETE", "DENY", "DESC",
		"DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "GRANT", "INSERT", "MERGE", "MSCK", "OPTIMIZE", "PREPARE", "REFRESH",
		"RESET", "REVOKE", "ROLLBACK", "SET", "SHOW", "START", "TRUNCATE", "UNLOAD", "UPDATE", "USE", "VACUUM", "<query>")
	return nil
}

// other takes a statement up to its end, word by word.
func (p *parser) other() Statement {
	pos := p.pos()
	o := &Other{}
	for o.Verb = p.tok().Up; p.at(1).Kind == Ident && strings.Count(o.Verb, " ") < 1; p.i++ {
		o.Verb += " " + p.at(1).Up
	}
	for p.tok().Kind != EOF && !p.isOp(";") {
		p.i++
	}
	o.Text = p.src[pos.Off:p.toks[p.i-1].End]
	return from(p, o, pos)
}

// branch reads the optional @ name behind a table that is written to.
func (p *parser) branch() *Name {
	if p.acceptOp("@") {
		return p.nameRef()
	}
	return nil
}

func (p *parser) where() Expr {
	if p.accept("WHERE") {
		return p.expr()
	}
	return nil
}

func (p *parser) assigns() (l []Assign) {
	for {
		a := Assign{Col: p.name()}
		p.needOp("=")
		a.X = p.expr()
		l = append(l, a)
		if !p.acceptOp(",") {
			return l
		}
	}
}

func (p *parser) merge() *Merge {
	p.need("INTO")
	s := &Merge{Table: p.qname(), Branch: p.branch(), Alias: p.alias()}
	p.need("USING")
	s.Source = p.relation()
	p.need("ON")
	s.On = p.expr()
	for p.is("WHEN") {
		c := MergeClause{Pos: p.pos()}
		p.need("WHEN")
		c.Matched = !p.accept("NOT")
		p.need("MATCHED")
		if p.accept("AND") {
			c.And = p.expr()
		}
		p.need("THEN")
		if c.Matched {
			c.Action = p.word("UPDATE", "DELETE")
		} else {
			c.Action = p.word("INSERT")
		}
		switch c.Action {
		case "UPDATE":
			p.need("SET")
			c.Set = p.assigns()
		case "INSERT":
			if p.isOp("(") {
				c.Cols = p.names()
			}
			p.need("VALUES")
			p.needOp("(")
			c.Vals = p.exprs()
			p.needOp(")")
		}
		s.Clauses = append(s.Clauses, c)
	}
	if len(s.Clauses) == 0 {
		p.expected("WHEN")
	}
	return s
}

func (p *parser) explain(pos Pos) Statement {
	s := &Explain{Options: map[string]string{}}
	// EXPLAIN ANALYZE t explains the statement ANALYZE t.
	if !p.is("ANALYZE") || !p.isNameAt(1) || p.at(2).Kind != EOF {
		s.Analyze = p.accept("ANALYZE")
	}
	s.Verbose = p.accept("VERBOSE")
	if p.isOp("(") && (p.isAt(1, "TYPE") || p.isAt(1, "FORMAT")) {
		p.i++
		for {
			k := p.word("TYPE", "FORMAT")
			s.Options[k] = strings.ToUpper(p.name().Text)
			if !p.acceptOp(",") {
				break
			}
		}
		p.needOp(")")
	}
	s.Stmt = p.statement()
	return from(p, s, pos)
}

func (p *parser) describe() Statement {
	pos := p.pos()
	p.i++
	s := &Describe{}
	if p.isAny("INPUT", "OUTPUT", "EXTENDED", "FORMATTED", "DATABASE", "SCHEMA") && p.isNameAt(1) {
		s.Kind = p.tok().Up
		p.i++
		if s.Kind == "SCHEMA" {
			s.Kind = "DATABASE"
		}
		if s.Kind == "DATABASE" && p.isNameAt(1) {
			s.Extended = p.accept("EXTENDED")
		}
	}
	if p.is("OUTPUT") && p.isOpAt(1, "(") {
		p.i++
		s.Kind = "OUTPUT"
		p.needOp("(")
		s.Q = p.query()
		p.needOp(")")
		return from(p, s, pos)
	}
	s.Name = p.qname()
	if p.accept("PARTITION") {
		s.Part = p.partSpec()
	}
	if p.isName() {
		s.Col = p.qname()
	}
	return from(p, s, pos)
}

func (p *parser) show() Statement {
	pos := p.pos()
	p.i++
	s := &Show{What: p.tok().Up, Hive: p.hive}
	in := func() {
		if p.accept("FROM") || p.accept("IN") {
			s.In = p.qname()
		}
	}
	like := func() {
		if p.accept("LIKE") {
			s.Like = p.strRef()
			if p.accept("ESCAPE") {
				s.Escape = p.strRef()
			}
		} else if p.isStr() {
			s.Like, s.Hive = p.strRef(), true
		}
	}
	switch s.What {
	case "TABLES", "SCHEMAS", "DATABASES", "CATALOGS", "VIEWS", "FUNCTIONS":
		p.i++
		if s.What == "DATABASES" {
			s.What = "SCHEMAS"
		}
		in()
		like()
	case "COLUMNS":
		p.i++
		p.word("FROM", "IN")
		s.Name = p.qname()
		in()
		like()
	case "PARTITIONS":
		p.i++
		p.accept("FROM")
		s.Name = p.qname()
		if p.accept("PARTITION") {
			s.Spec = p.partSpec()
		}
	case "TBLPROPERTIES":
		p.i++
		s.Name = p.qname()
		if p.acceptOp("(") {
			s.Key = p.str()
			p.needOp(")")
		}
	case "CREATE":
		p.i++
		if p.accept("MATERIALIZED") {
			p.need("VIEW")
			s.What = "CREATE MATERIALIZED VIEW"
		} else {
			s.What = "CREATE " + p.word("FUNCTION", "SCHEMA", "TABLE", "VIEW", "DATABASE")
			s.What = strings.Replace(s.What, "DATABASE", "SCHEMA", 1)
		}
		s.Name = p.qname()
	case "STATS":
		p.i++
		p.need("FOR")
		if p.acceptOp("(") {
			s.Q = p.query()
			p.needOp(")")
		} else {
			s.Name = p.qname()
		}
	case "SESSION", "GRANTS", "ROLES", "CURRENT", "ROLE", "BRANCHES":
		p.i--
		return p.other()
	default:
		p.expected("CATALOGS", "COLUMNS", "CREATE", "DATABASES", "FUNCTIONS", "PARTITIONS", "SCHEMAS", "SESSION", "STATS", "TABLES", "TBLPROPERTIES", "VIEWS")
	}
	return from(p, s, pos)
}
