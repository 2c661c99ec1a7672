package trinosql

// jsonFormat reads FORMAT JSON [ENCODING ...] and tells whether it was there.
func (p *parser) jsonFormat() bool {
	if !p.accept("FORMAT") {
		return false
	}
	p.need("JSON")
	if p.accept("ENCODING") {
		p.word("UTF8", "UTF16", "UTF32")
	}
	return true
}

func (p *parser) jsonFunc() Expr {
	pos := p.pos()
	f := &JSONFunc{Name: p.tok().Up}
	p.i += 2
	f.Input = p.expr()
	f.InputFormat = p.jsonFormat()
	p.needOp(",")
	f.PathPos = p.pos()
	f.Path = p.str()
	if p.accept("AS") {
		p.name()
	}
	if p.accept("PASSING") {
		for {
			a := JSONPassing{X: p.expr()}
			a.Format = p.jsonFormat()
			p.need("AS")
			a.Name = p.name()
			f.Passing = append(f.Passing, a)
			if !p.acceptOp(",") {
				break
			}
		}
	}
	if p.accept("RETURNING") {
		f.Returning = p.typeExpr()
		p.jsonFormat()
	}
	if p.accept("WITHOUT") {
		f.Wrapper = "WITHOUT"
	} else if p.accept("WITH") {
		f.Wrapper = "UNCONDITIONAL"
		if p.accept("CONDITIONAL") {
			f.Wrapper = "CONDITIONAL"
		} else {
			p.accept("UNCONDITIONAL")
		}
	}
	if f.Wrapper != "" {
		p.accept("ARRAY")
		p.need("WRAPPER")
	}
	if p.isAny("KEEP", "OMIT") {
		f.Quotes = p.tok().Up
		p.i++
		p.need("QUOTES")
		if p.accept("ON", "SCALAR") {
			p.word("TEXT_STRING", "STRING")
		}
	}
	for !p.isOp(")") {
		b, on := p.jsonBehavior(f.Name)
		if on == "EMPTY" {
			f.OnEmpty = b
		} else {
			f.OnError = b
		}
	}
	p.needOp(")")
	return from(p, f, pos)
}

func (p *parser) jsonBehavior(fn string) (b *JSONBehavior, on string) {
	b = &JSONBehavior{}
	switch {
	case p.accept("EMPTY"):
		b.Kind = "EMPTY " + p.word("ARRAY", "OBJECT")
	case fn == "JSON_VALUE" && p.accept("DEFAULT"):
		b.Kind, b.Default = "DEFAULT", p.expr()
	case fn == "JSON_EXISTS":
		b.Kind = p.word("ERROR", "FALSE", "TRUE", "UNKNOWN")
	default:
		b.Kind = p.word("ERROR", "NULL")
	}
	p.need("ON")
	return b, p.word("EMPTY", "ERROR")
}

func (p *parser) jsonObject() Expr {
	pos := p.pos()
	o := &JSONObject{}
	p.i += 2
	for !p.jsonTail() {
		var m JSONMember
		if p.is("KEY") && !p.isOpAt(1, ":") && !p.isAt(1, "VALUE") {
			p.i++
		}
		m.Key = p.expr()
		if !p.accept("VALUE") {
			p.needOp(":")
		}
		m.Value = p.expr()
		m.Format = p.jsonFormat()
		o.Members = append(o.Members, m)
		if !p.acceptOp(",") {
			break
		}
	}
	if !p.accept("NULL", "ON", "NULL") {
		o.AbsentNull = p.accept("ABSENT", "ON", "NULL")
	}
	if p.isAny("WITH", "WITHOUT") {
		o.UniqueKeys = p.is("WITH")
		p.i++
		p.need("UNIQUE")
		p.accept("KEYS")
	}
	o.Returning = p.jsonReturning()
	p.needOp(")")
	return from(p, o, pos)
}

func (p *parser) jsonArray() Expr {
	pos := p.pos()
	a := &JSONArray{}
	p.i += 2
	for !p.jsonTail() {
		m := JSONMember{Value: p.expr()}
		m.Format = p.jsonFormat()
		a.Elems = append(a.Elems, m)
		if !p.acceptOp(",") {
			break
		}
	}
	if a.KeepNull = p.accept("NULL", "ON", "NULL"); !a.KeepNull {
		p.accept("ABSENT", "ON", "NULL")
	}
	a.Returning = p.jsonReturning()
	p.needOp(")")
	return from(p, a, pos)
}

func (p *parser) jsonReturning() *TypeExpr {
	if !p.accept("RETURNING") {
		return nil
	}
	t := p.typeExpr()
	p.jsonFormat()
	return t
}

// jsonTail tells whether the members of a JSON constructor have ended.
func (p *parser) jsonTail() bool {
	return p.isOp(")") || p.is("RETURNING") || p.isAny("NULL", "ABSENT") && p.isAt(1, "ON")
}
