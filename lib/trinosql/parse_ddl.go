package trinosql

import "strings"

// props reads (name = value, ...). Names may be strings, as Hive writes them,
// or dotted.
func (p *parser) props() (l []Prop) {
	p.needOp("(")
	for {
		pr := Prop{Pos: p.pos(), Op: "="}
		if p.isStr() {
			pr.Name = p.str()
		} else {
			pr.Name = p.name().Text
			for p.acceptOp(".") {
				pr.Name += "." + p.name().Text
			}
		}
		p.needOp("=")
		if !p.accept("DEFAULT") {
			pr.X = p.expr()
		}
		l = append(l, pr)
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(")")
	return l
}

// partSpec reads (column = value, ...); the value may be missing.
func (p *parser) partSpec() (l []Prop) {
	p.needOp("(")
	for {
		pr := Prop{Pos: p.pos(), Name: p.name().Text, Op: "="}
		if p.acceptOp("=") {
			pr.X = p.expr()
		}
		l = append(l, pr)
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(")")
	return l
}

// partFilter reads (column op value, ...), as DROP PARTITION takes it.
func (p *parser) partFilter() (l []Prop) {
	p.needOp("(")
	for {
		pr := Prop{Pos: p.pos(), Name: p.name().Text, Op: p.tok().Up}
		if !isComparison(p.tok()) {
			p.expected("=")
		}
		p.i++
		pr.X = p.valueExpr()
		l = append(l, pr)
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(")")
	return l
}

func (p *parser) ifNotExists() bool { return p.accept("IF", "NOT", "EXISTS") }
func (p *parser) ifExists() bool    { return p.accept("IF", "EXISTS") }

func (p *parser) create() Statement {
	start, pos := p.i, p.pos()
	p.i++
	replace := p.accept("OR", "REPLACE")
	external := p.accept("EXTERNAL")
	switch {
	case p.accept("TABLE"):
		c := &CreateTable{Hive: p.hive, Replace: replace, External: external, IfNotExists: p.ifNotExists()}
		return p.createTable(c, pos)
	case external:
		p.expected("TABLE")
	case p.isAny("VIEW", "MATERIALIZED", "PROTECTED"):
		return p.createView(&CreateView{Replace: replace}, pos)
	case p.isAny("SCHEMA", "DATABASE"):
		return p.createSchema(pos)
	case p.isAny("ROLE", "CATALOG", "FUNCTION", "BRANCH"):
		p.i = start
		return p.other()
	}
	p.expected("EXTERNAL", "MATERIALIZED", "OR", "SCHEMA", "TABLE", "VIEW")
	return nil
}

func (p *parser) createView(s *CreateView, pos Pos) Statement {
	s.Materialized = p.accept("MATERIALIZED")
	p.need("VIEW")
	s.IfNotExists = p.ifNotExists()
	s.Name = p.qname()
	for !p.is("AS") {
		switch {
		case p.accept("COMMENT"):
			s.Comment = p.strRef()
		case p.accept("SECURITY"):
			s.Security = p.word("DEFINER", "INVOKER")
		case p.accept("GRACE", "PERIOD"):
			p.interval()
		case p.accept("WHEN", "STALE"):
			p.word("INLINE", "FAIL")
		case p.accept("WITH"):
			s.Props = p.props()
		default:
			p.expected("AS", "COMMENT", "SECURITY", "WITH")
		}
	}
	p.need("AS")
	start := p.pos().Off
	s.Q = p.query()
	s.Text = p.src[start:p.toks[p.i-1].End]
	return from(p, s, pos)
}

func (p *parser) createSchema(pos Pos) Statement {
	p.i++
	s := &CreateSchema{IfNotExists: p.ifNotExists()}
	s.Name = p.qname()
	for p.tok().Kind != EOF && !p.isOp(";") {
		switch {
		case p.accept("COMMENT"):
			s.Comment = p.strRef()
		case p.accept("LOCATION"):
			s.Location = p.str()
		case p.accept("AUTHORIZATION"):
			if p.isAny("USER", "ROLE") && p.isNameAt(1) {
				p.i++
			}
			p.name()
		case p.accept("WITH"):
			p.accept("DBPROPERTIES")
			s.Props = p.props()
		default:
			p.expected("AUTHORIZATION", "COMMENT", "LOCATION", "WITH")
		}
	}
	return from(p, s, pos)
}

// createTable reads from the table's name on. What comes decides whether it is
// CREATE TABLE or CREATE TABLE AS.
func (p *parser) createTable(c *CreateTable, pos Pos) Statement {
	c.Table = p.qname()
	var aliases []Name
	if p.isOp("(") {
		// (a, b) are names for the columns of a query, (a int) columns.
		if p.isNameAt(1) && (p.isOpAt(2, ",") || p.isOpAt(2, ")")) {
			aliases = p.names()
			if !p.isAny("AS", "COMMENT", "WITH") {
				p.expected("AS")
			}
		} else {
			c.Cols, c.Like = p.columns()
		}
	}
	for {
		switch {
		case p.accept("COMMENT"):
			c.Comment = p.strRef()
		case p.accept("WITH", "SERDEPROPERTIES"):
			c.SerDeProps = p.props()
		case p.accept("WITH"):
			c.Props = p.props()
		case p.accept("PARTITIONED", "BY"):
			p.partitionedBy(c)
		case p.accept("CLUSTERED", "BY"):
			c.Clustered = p.names()
			if p.accept("SORTED", "BY") {
				p.needOp("(")
				c.Sorted = p.sortItems()
				p.needOp(")")
			}
			p.need("INTO")
			c.Buckets = p.integer()
			p.need("BUCKETS")
		case p.accept("ROW", "FORMAT"):
			p.rowFormat(c)
		case p.accept("STORED", "AS"):
			if p.accept("INPUTFORMAT") {
				c.InputFormat = p.str()
				p.need("OUTPUTFORMAT")
				c.OutputFormat = p.str()
			} else {
				c.StoredAs = strings.ToUpper(p.name().Text)
			}
		case p.accept("LOCATION"):
			c.Location = p.str()
		case p.accept("TBLPROPERTIES"):
			c.TblProperties = p.props()
		case p.is("AS") && len(c.Cols) == 0 && len(c.Like) == 0:
			p.i++
			x := &CreateTableAs{Table: c.Table, Replace: c.Replace, IfNotExists: c.IfNotExists, Cols: aliases, Comment: c.Comment, Props: c.Props}
			x.Q = p.query() // a query in parentheses is a query too
			if x.NoData = p.accept("WITH", "NO", "DATA"); !x.NoData {
				p.accept("WITH", "DATA")
			}
			return from(p, x, pos)
		case p.tok().Kind == EOF, p.isOp(";"):
			if len(c.Cols) == 0 && len(c.Like) == 0 {
				p.expected("(", "AS")
			}
			return from(p, c, pos)
		default:
			p.expected("AS", "COMMENT", "LOCATION", "PARTITIONED", "ROW", "STORED", "TBLPROPERTIES", "WITH")
		}
	}
}

func (p *parser) columns() (cols []ColumnDef, like []LikeClause) {
	p.needOp("(")
	for {
		if p.accept("LIKE") {
			l := LikeClause{Table: p.qname()}
			if l.Including = p.accept("INCLUDING", "PROPERTIES"); !l.Including {
				p.accept("EXCLUDING", "PROPERTIES")
			}
			like = append(like, l)
		} else {
			cols = append(cols, p.column())
		}
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(")")
	return cols, like
}

func (p *parser) column() ColumnDef {
	c := ColumnDef{Name: p.name()}
	for p.acceptOp(".") {
		c.Path = append(c.Path, p.name())
	}
	c.Type = p.typeExpr()
	for {
		switch {
		case p.accept("DEFAULT"):
			c.Default = p.expr()
		case p.accept("NOT", "NULL"):
			c.NotNull = true
		case p.accept("COMMENT"):
			c.Comment = p.strRef()
		case p.is("WITH") && p.isOpAt(1, "("):
			p.i++
			c.Props = p.props()
		default:
			return c
		}
	}
}

func (p *parser) partitionedBy(c *CreateTable) {
	p.needOp("(")
	for {
		switch {
		case p.isOpAt(1, "("): // an Iceberg transform
			c.Transforms = append(c.Transforms, p.expr())
		case p.isOpAt(1, ","), p.isOpAt(1, ")"):
			pos := p.pos()
			c.Transforms = append(c.Transforms, from(p, &ColumnRef{Name: p.name()}, pos))
		default:
			c.Partitioned = append(c.Partitioned, p.column())
		}
		if !p.acceptOp(",") {
			break
		}
	}
	p.needOp(")")
}

func (p *parser) rowFormat(c *CreateTable) {
	if p.accept("SERDE") {
		c.SerDe = p.str()
		return
	}
	p.need("DELIMITED")
	f := &RowFormat{}
	c.RowFormat = f
	for {
		switch {
		case p.accept("FIELDS", "TERMINATED", "BY"):
			f.Fields = p.strRef()
		case p.accept("ESCAPED", "BY"):
			f.Escaped = p.strRef()
		case p.accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
			f.Items = p.strRef()
		case p.accept("MAP", "KEYS", "TERMINATED", "BY"):
			f.MapKeys = p.strRef()
		case p.accept("LINES", "TERMINATED", "BY"):
			f.Lines = p.strRef()
		case p.accept("NULL", "DEFINED", "AS"):
			f.Null = p.strRef()
		default:
			return
		}
	}
}

func (p *parser) drop() Statement {
	start, pos := p.i, p.pos()
	p.i++
	s := &Drop{}
	switch {
	case p.accept("MATERIALIZED", "VIEW"):
		s.Kind = "MATERIALIZED VIEW"
	case p.isAny("ROLE", "CATALOG", "FUNCTION", "BRANCH"):
		p.i = start
		return p.other()
	default:
		s.Kind = p.word("SCHEMA", "TABLE", "VIEW", "DATABASE")
		s.Kind = strings.Replace(s.Kind, "DATABASE", "SCHEMA", 1)
	}
	s.IfExists = p.ifExists()
	s.Name = p.qname()
	if s.Cascade = p.accept("CASCADE"); !s.Cascade {
		p.accept("RESTRICT")
	}
	return from(p, s, pos)
}

func (p *parser) alter() Statement {
	start, pos := p.i, p.pos()
	p.i++
	if !p.accept("TABLE") {
		if p.isAny("VIEW", "SCHEMA", "DATABASE", "MATERIALIZED", "ROLE", "BRANCH", "CATALOG") || p.setsOwner() {
			p.i = start
			return p.other()
		}
		p.expected("SCHEMA", "TABLE", "VIEW")
	}
	s := &AlterTable{IfExists: p.ifExists()}
	s.Table = p.qname()
	switch {
	case p.accept("ADD"):
		p.alterAdd(s)
	case p.accept("DROP"):
		p.alterDrop(s)
	case p.accept("REPLACE", "COLUMNS"):
		s.Action = ReplaceColumns
		s.Cols, _ = p.columns()
	case p.accept("CHANGE"):
		p.changeColumn(s)
	case p.accept("RENAME", "TO"):
		s.Action = RenameTable
		s.Names = []QName{p.qname()}
	case p.accept("RENAME"):
		p.need("COLUMN")
		s.Action = RenameColumn
		s.IfMember = p.ifExists()
		s.Names = []QName{p.qname()}
		p.need("TO")
		s.Names = append(s.Names, QName{p.name()})
	case p.accept("SET", "TBLPROPERTIES"):
		s.Action = SetTblProperties
		s.Props = p.props()
	case p.accept("UNSET", "TBLPROPERTIES"):
		s.Action = UnsetTblProperties
		s.IfMember = p.ifExists()
		p.needOp("(")
		for {
			s.Props = append(s.Props, Prop{Pos: p.pos(), Name: p.str(), Op: "="})
			if !p.acceptOp(",") {
				break
			}
		}
		p.needOp(")")
	case p.accept("SET", "LOCATION"):
		s.Action = SetLocation
		s.Location = p.str()
	case p.accept("SET", "PROPERTIES"):
		s.Action = SetProperties
		for {
			pr := Prop{Pos: p.pos(), Name: p.name().Text, Op: "="}
			p.needOp("=")
			if !p.accept("DEFAULT") {
				pr.X = p.expr()
			}
			s.Props = append(s.Props, pr)
			if !p.acceptOp(",") {
				break
			}
		}
	case p.is("PARTITION"):
		p.alterPartition(s)
	case p.isAny("SET", "EXECUTE", "ALTER"):
		p.i = start
		return p.other()
	default:
		p.expected("ADD", "ALTER", "CHANGE", "DROP", "EXECUTE", "PARTITION", "RENAME", "REPLACE", "SET", "UNSET")
	}
	return from(p, s, pos)
}

// setsOwner tells whether the statement is ALTER thing name SET AUTHORIZATION,
// whose kinds of things are not fixed.
func (p *parser) setsOwner() bool {
	k := 1
	for p.isNameAt(k) && p.isOpAt(k+1, ".") {
		k += 2
	}
	return p.isAt(k+1, "SET") && p.isAt(k+2, "AUTHORIZATION")
}

func (p *parser) alterAdd(s *AlterTable) {
	switch {
	case p.is("PARTITION"), p.is("IF") && p.isAt(3, "PARTITION"):
		s.Action = AddPartition
		s.IfNotExists = p.ifNotExists()
		for p.is("PARTITION") {
			pt := Partition{Pos: p.pos()}
			p.i++
			pt.Spec = p.partSpec()
			if p.accept("LOCATION") {
				pt.Location = p.str()
			}
			s.Partitions = append(s.Partitions, pt)
			p.acceptOp(",")
		}
	case p.accept("COLUMNS"):
		s.Action = AddColumns
		s.Cols, _ = p.columns()
	default:
		p.need("COLUMN")
		s.Action = AddColumn
		s.IfNotExists = p.ifNotExists()
		s.Cols = []ColumnDef{p.column()}
		p.columnPlace(s)
	}
}

func (p *parser) alterDrop(s *AlterTable) {
	if p.is("PARTITION") || p.is("IF") && p.isAt(2, "PARTITION") {
		s.Action = DropPartition
		s.IfMember = p.ifExists()
		for {
			pt := Partition{Pos: p.pos()}
			p.need("PARTITION")
			pt.Spec = p.partFilter()
			s.Partitions = append(s.Partitions, pt)
			if !p.acceptOp(",") {
				break
			}
		}
		p.accept("PURGE")
		return
	}
	p.need("COLUMN")
	s.Action = DropColumn
	s.IfMember = p.ifExists()
	s.Names = []QName{p.qname()}
}

func (p *parser) alterPartition(s *AlterTable) {
	spec := func() Partition {
		pt := Partition{Pos: p.pos()}
		p.need("PARTITION")
		pt.Spec = p.partSpec()
		return pt
	}
	s.Partitions = []Partition{spec()}
	switch {
	case p.accept("SET", "LOCATION"):
		s.Action = SetPartitionLocation
		s.Location = p.str()
	case p.accept("RENAME", "TO"):
		s.Action = RenamePartition
		s.Partitions = append(s.Partitions, spec())
	case p.accept("CHANGE"):
		p.changeColumn(s)
	default:
		p.expected("CHANGE", "RENAME", "SET")
	}
}

// changeColumn reads behind CHANGE: [COLUMN] old new type [COMMENT ...] [FIRST | AFTER c].
func (p *parser) changeColumn(s *AlterTable) {
	p.accept("COLUMN")
	s.Action = ChangeColumn
	s.Names = []QName{{p.name()}}
	s.Cols = []ColumnDef{p.column()}
	p.columnPlace(s)
}

func (p *parser) columnPlace(s *AlterTable) {
	switch {
	case p.accept("FIRST"):
		s.First = true
	case p.accept("AFTER"):
		s.After = p.nameRef()
	default:
		p.accept("LAST")
	}
}
