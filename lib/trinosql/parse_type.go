package trinosql

import "strings"

func (p *parser) typeExpr() *TypeExpr {
	p.enter()
	defer p.leave()
	pos := p.pos()
	t := from(p, p.simpleType(), pos)
	for p.accept("ARRAY") { // the suffix form: integer ARRAY[5]
		p.link()
		if p.acceptOp("[") {
			p.integer()
			p.needOp("]")
		}
		t = from(p, &TypeExpr{Name: "array", Params: []TypeParam{{T: t}}}, pos)
	}
	return t
}

func (p *parser) simpleType() *TypeExpr {
	t := &TypeExpr{}
	tok := p.tok()
	if tok.Kind == Ident {
		switch tok.Up {
		case "ROW", "STRUCT":
			if p.isOpAt(1, "(") {
				return p.rowType(")")
			}
			if p.isOpAt(1, "<") {
				return p.rowType(">")
			}
		case "DOUBLE":
			if p.accept("DOUBLE", "PRECISION") {
				t.Name = "double"
				return t
			}
		case "TIME", "TIMESTAMP":
			p.i++
			t.Name = strings.ToLower(tok.Up)
			if p.acceptOp("(") {
				p.typeParams(t, ")")
			}
			if p.accept("WITH", "TIME", "ZONE") {
				t.Zone = true
			} else {
				p.accept("WITHOUT", "TIME", "ZONE")
			}
			return t
		case "INTERVAL":
			p.i++
			f, to := p.intervalFields()
			t.Name = "interval " + strings.ToLower(f)
			if to != "" {
				t.Name += " to " + strings.ToLower(to)
			}
			return t
		}
	}
	t.Name = strings.ToLower(p.name().Text)
	switch {
	case p.acceptOp("("):
		p.typeParams(t, ")")
	case (t.Name == "array" || t.Name == "map" || t.Name == "uniontype") && p.acceptOp("<"):
		p.typeParams(t, ">")
	}
	return t
}

func (p *parser) typeParams(t *TypeExpr, end string) {
	for {
		if tok := p.tok(); tok.Kind == IntNum {
			p.i++
			t.Params = append(t.Params, TypeParam{N: tok.Text})
		} else {
			t.Params = append(t.Params, TypeParam{T: p.typeExpr()})
		}
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(end)
}

// rowType reads row(name type, ...), where a name may be missing, or Hive's
// struct<name:type, ...>.
func (p *parser) rowType(end string) *TypeExpr {
	t := &TypeExpr{Name: "row"}
	p.i += 2
	for {
		var f FieldExpr
		if p.namesField() {
			n := p.anyName()
			f.Name = &n
			p.acceptOp(":")
		}
		f.Type = p.typeExpr()
		if end == ">" && p.accept("COMMENT") {
			p.str()
		}
		t.Fields = append(t.Fields, f)
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(end)
	return t
}

// namesField tells whether a row field begins with its name: then a type or a
// colon follows it directly. DOUBLE PRECISION, INTERVAL YEAR, TIME WITH and an
// ARRAY suffix are types of two words.
func (p *parser) namesField() bool {
	switch next := p.at(1); next.Kind {
	case QuotedIdent, BackIdent:
		return true
	case Op:
		return next.Up == ":"
	case Ident:
		if k := p.at(0).Kind; k != Ident || p.isOpAt(2, ":") {
			return k == Ident || k == QuotedIdent || k == BackIdent
		}
		switch p.tok().Up + " " + next.Up {
		case "DOUBLE PRECISION":
			return false
		case "INTERVAL YEAR", "INTERVAL DAY", "INTERVAL MONTH", "INTERVAL HOUR", "INTERVAL MINUTE", "INTERVAL SECOND":
			return false
		case "TIME WITH", "TIMESTAMP WITH", "TIME WITHOUT", "TIMESTAMP WITHOUT":
			return false
		}
		// "x ARRAY" is either a field x of type array(...) or the type x ARRAY.
		if next.Up == "ARRAY" {
			return p.isOpAt(2, "(") || p.isOpAt(2, "<")
		}
		return true
	}
	return false
}
