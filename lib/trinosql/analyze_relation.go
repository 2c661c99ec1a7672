package trinosql

import (
	"errors"
	"strings"
)

// fromClause analyzes the relations of FROM; each can be lateral to those
// before it.
func (z *analyzer) fromClause(s *Select, outer *scope) []*Field {
	var fields []*Field
	for _, r := range s.From {
		sc := outer
		if isLateral(r) && len(fields) > 0 {
			sc = &scope{parent: outer, fields: fields[:len(fields):len(fields)], from: true}
		}
		fields = append(fields, z.relation(r, sc)...)
		z.limitColumns(s, len(fields))
	}
	return fields
}

func isLateral(r Relation) bool {
	switch r := r.(type) {
	case *Aliased:
		return isLateral(r.R)
	case *Unnest:
		return true
	case *SubqueryRel:
		return r.Lateral
	}
	return false
}

// relation analyzes an item of FROM. sc is what its expressions can refer to.
func (z *analyzer) relation(r Relation, sc *scope) (fields []*Field) {
	z.enter(r)
	defer z.leave()
	switch r := r.(type) {
	case *Table:
		fields = z.table(r, sc)
	case *SubqueryRel:
		for _, f := range z.query(r.Q, sc) {
			fields = append(fields, z.field(r, Field{Name: f.Name, Type: f.Type, Origin: f}))
		}
	case *Unnest:
		fields = z.unnest(r, sc)
	case *Join:
		fields = z.join(r, sc)
	case *Aliased:
		fields = z.rename(r, z.relation(r.R, sc), []string{r.Alias.Text}, r.Cols, r.Alias.Text)
	case *Sample:
		fields = z.relation(r.R, sc)
		if t := z.expr(r.Pct, &scope{query: true}); !t.IsNumeric() {
			z.fail(r.Pct.Pos(), TypeMismatch, "Sample percentage should be a numeric expression, found %s", t)
		}
	case *TableFunc:
		z.fail(r.Name.Pos(), FunctionNotFound, "Table function '%s' not registered", r.Name)
	case *MatchRecognize:
		z.fail(r.Pos(), NotSupported, "MATCH_RECOGNIZE is not supported")
	case *JSONTable:
		z.fail(r.Pos(), NotSupported, "JSON_TABLE is not supported")
	case *Nearest:
		z.fail(r.Pos(), NotSupported, "NEAREST is not supported")
	}
	z.limitColumns(r, len(fields))
	z.a.relations[r] = fields
	return fields
}

// rename makes new fields for a relation that gets a name, and maybe names for
// its columns.
func (z *analyzer) rename(at Node, fields []*Field, qualifier []string, cols []Name, relation string) []*Field {
	visible := 0
	for _, f := range fields {
		if !f.Hidden {
			visible++
		}
	}
	if len(cols) > 0 && len(cols) != visible {
		z.fail(cols[0].Pos, MismatchedColumnAliases, "Column alias list has %d entries but '%s' has %d columns available", len(cols), relation, visible)
	}
	out := make([]*Field, 0, len(fields))
	for _, f := range fields {
		g := Field{Name: f.Name, Type: f.Type, Hidden: f.Hidden, Origin: f, qualifier: qualifier}
		if len(cols) > 0 {
			if f.Hidden {
				continue // column names hide what has none
			}
			g.Name = cols[len(out)].Text
		}
		out = append(out, z.field(at, g))
	}
	return out
}

// table analyzes a table's name: of a named query, a view or a table.
func (z *analyzer) table(t *Table, sc *scope) []*Field {
	if t.AsOf != nil {
		z.expr(t.AsOf, &scope{query: true})
	}
	if len(t.Name) == 1 {
		if n := sc.named(t.Name[0].Text); n != nil {
			if t.Period != "" {
				z.fail(t.Pos(), NotSupported, "FOR %s AS OF is not supported for a named query", t.Period)
			}
			n.refs++
			z.a.tables[t] = &TableRef{Kind: CommonTable, CTE: n.cte, Recursive: n.recursive}
			fields := z.rename(t, n.fields, []string{t.Name[0].Text}, nil, t.Name[0].Text)
			for _, f := range fields {
				f.named = n
			}
			return fields
		}
	}
	schema := z.beneath[t]
	if schema == nil {
		schema = z.resolve(t, t.Name)
	}
	if schema.View != nil {
		return z.view(t, schema)
	}
	if schema.Rules != nil {
		return z.ruled(t, schema)
	}
	use := &TableUse{Node: t, Name: t.Name, Schema: schema, Used: make([]bool, len(schema.Columns)), Period: t.Period, AsOf: t.AsOf, Ruled: z.beneath[t] != nil}
	if len(z.views) > 0 {
		use.ViaView = z.views[0]
	}
	z.a.Tables = append(z.a.Tables, use)
	z.a.tables[t] = &TableRef{Kind: BaseTable, Use: use, Schema: schema}
	return z.tableFields(t, use, tableQualifier(schema))
}

func (z *analyzer) tableFields(at Node, use *TableUse, qualifier []string) []*Field {
	fields := make([]*Field, len(use.Schema.Columns))
	for i, c := range use.Schema.Columns {
		fields[i] = z.field(at, Field{Name: c.Name, Type: c.Type, Hidden: c.Hidden, Table: use, Column: i, qualifier: qualifier})
	}
	return fields
}

func tableQualifier(s *TableSchema) []string { return []string{s.Catalog, s.Database, s.Table} }

func schemaName(s *TableSchema) string { return strings.Join(tableQualifier(s), ".") }

// resolve asks the resolver for a table, its name completed.
func (z *analyzer) resolve(at Node, name QName) *TableSchema {
	n := TableName{Catalog: z.opt.Catalog, Database: z.opt.Database}
	switch parts := len(name); {
	case parts > 3:
		z.fail(name.Pos(), SyntaxError, "Too many dots in table name: %s", name)
	case parts == 3:
		n.Catalog = name[0].Text
		fallthrough
	case parts == 2:
		n.Database = name[parts-2].Text
	}
	n.Table = name[len(name)-1].Text
	if n.Database == "" {
		z.fail(name.Pos(), MissingSchemaName, "Schema must be specified when session schema is not set")
	}
	if z.resolver == nil {
		z.fail(name.Pos(), TableNotFound, "Table '%s.%s.%s' does not exist", n.Catalog, n.Database, n.Table)
	}
	schema, err := z.resolver.Table(z.ctx, n)
	if err == nil && schema == nil {
		err = ErrNoTable
	}
	if err != nil {
		e := errorf(name.Pos(), TableNotFound, "%v", err)
		if errors.Is(err, ErrNoTable) {
			e.Msg = "Table '" + strings.ToLower(n.Catalog+"."+n.Database+"."+n.Table) + "' does not exist"
		}
		e.Err = err
		panic(bailout{e})
	}
	return schema
}

func (q QName) String() string {
	parts := make([]string, len(q))
	for i, n := range q {
		parts[i] = n.Text
	}
	return strings.Join(parts, ".")
}

// view analyzes a view's query in place of its name.
func (z *analyzer) view(t *Table, schema *TableSchema) []*Field {
	name := schemaName(schema)
	if t.Period != "" {
		z.fail(t.Pos(), NotSupported, "FOR %s AS OF is not supported for views", t.Period)
	}
	for _, v := range z.views {
		if v.TableName == schema.TableName {
			z.fail(t.Pos(), ViewIsRecursive, "View '%s' is recursive", name)
		}
	}
	z.nviews++
	if z.nviews > maxViews || len(z.views) >= maxViewDepth {
		z.fail(t.Pos(), StatementTooLarge, "statement is too large: it expands to more than %d views, or views %d deep", maxViews, maxViewDepth)
	}
	invalid := func(what string, err error) {
		e := errorf(t.Pos(), InvalidView, "Failed %s stored view '%s': %v", what, name, err)
		e.Err = err
		panic(bailout{e})
	}
	stmt, err := Parse(schema.View.SQL)
	if err != nil {
		invalid("parsing", err)
	}
	q, ok := stmt.(*QueryStmt)
	if !ok || stmt.Params() > 0 {
		invalid("parsing", errors.New("it is not a query, or has parameters"))
	}
	opt := z.opt
	z.opt.Catalog, z.opt.Database = schema.View.Catalog, schema.View.Database
	z.views = append(z.views, schema)
	inside := z.inside
	z.inside = 0
	var fields []*Field
	err = (&parser{}).run(func() { fields = z.query(q.Q, nil) })
	if err != nil {
		var e *Error
		if errors.As(err, &e) && (e.Code == StatementTooLarge || e.Err != nil && z.ctx.Err() != nil) {
			panic(bailout{e})
		}
		invalid("analyzing", err)
	}
	z.inside = inside
	z.views = z.views[:len(z.views)-1]
	z.opt = opt
	z.a.tables[t] = &TableRef{Kind: ViewTable, View: q.Q, Schema: schema}
	out := z.rename(t, fields, tableQualifier(schema), nil, name)
	if want := schema.View.Columns; want != nil {
		if len(want) != len(out) {
			invalid("analyzing", errors.New("its query has another number of columns than the view"))
		}
		for i, c := range want {
			if CommonSuperType(out[i].Type, c.Type) == nil {
				invalid("analyzing", errors.New("column "+c.Name+" is "+out[i].Type.String()+" and was "+c.Type.String()))
			}
			out[i].Name, out[i].Type = c.Name, c.Type
		}
	}
	return out
}

func (z *analyzer) unnest(u *Unnest, sc *scope) (fields []*Field) {
	add := func(name string, t *Type) { fields = append(fields, z.field(u, Field{Name: name, Type: t})) }
	for _, x := range u.Args {
		t := z.expr(x, &scope{parent: sc})
		z.noAggregates(x, "UNNEST")
		switch {
		case t.Kind == KindArray && t.Elem().Kind == KindRow:
			for i, e := range t.Elem().Elems {
				add(t.Elem().FieldName(i), e)
			}
		case t.Kind == KindArray:
			add("", t.Elem())
		case t.Kind == KindMap:
			add("", t.Key())
			add("", t.Elem())
		default:
			z.fail(x.Pos(), InvalidFunctionArgument, "Cannot unnest type: %s", t)
		}
	}
	if u.Ordinality {
		add("", Bigint)
	}
	return fields
}

func (z *analyzer) join(j *Join, sc *scope) []*Field {
	if j.Natural {
		z.fail(j.Pos(), NotSupported, "Natural join not supported")
	}
	l := z.relation(j.L, sc)
	right := sc
	if isLateral(j.R) {
		right = &scope{parent: sc, fields: l, from: true}
	}
	mark := len(z.outer)
	r := z.relation(j.R, right)
	if right != sc {
		z.checkLateralJoin(j, z.outer[mark:], right)
	}
	if j.Using != nil {
		fields := z.joinUsing(j, l, r)
		z.onConjuncts(j, l, r)
		return fields
	}
	fields := append(append(make([]*Field, 0, len(l)+len(r)), l...), r...)
	z.condition(j.On, "JOIN ON clause", &scope{parent: sc, fields: fields, from: true})
	z.onConjuncts(j, l, r)
	return fields
}

// checkLateralJoin checks the kind and condition of a join whose right side can
// refer to its left.
func (z *analyzer) checkLateralJoin(j *Join, refs []outerRef, left *scope) {
	if j.Kind == "RIGHT" || j.Kind == "FULL" {
		for _, r := range refs {
			if r.to == left {
				z.fail(r.x.Pos(), InvalidColumnReference, "LATERAL reference not allowed in %s JOIN", j.Kind)
			}
		}
	}
	r := j.R
	if a, ok := r.(*Aliased); ok {
		r = a.R
	}
	onTrue := j.Kind == "CROSS"
	if l, ok := j.On.(*Literal); ok {
		onTrue = l.Kind == BooleanLiteral && l.Val == "true"
	}
	if _, ok := r.(*Unnest); ok && !onTrue {
		z.fail(j.Pos(), NotSupported, "%s JOIN involving UNNEST is only supported with condition ON TRUE", j.Kind)
	}
}

func (z *analyzer) joinUsing(j *Join, l, r []*Field) []*Field {
	var out []*Field
	merged := map[*Field]bool{}
	seen := map[string]bool{}
	ls, rs := &scope{fields: l}, &scope{fields: r}
	for _, n := range j.Using {
		if k := strings.ToLower(n.Text); seen[k] {
			z.fail(n.Pos, DuplicateColumnName, "Column '%s' appears multiple times in USING clause", n.Text)
		} else {
			seen[k] = true
		}
		pick := func(s *scope, side string) *Field {
			switch found := s.lookup([]string{n.Text}); len(found) {
			case 0:
				z.fail(n.Pos, ColumnNotFound, "Column '%s' is missing from %s side of join", n.Text, side)
			case 1:
				markUsed(found[0])
				return found[0]
			}
			z.fail(n.Pos, AmbiguousName, "Column '%s' is ambiguous", n.Text)
			return nil
		}
		lf, rf := pick(ls, "left"), pick(rs, "right")
		t := CommonSuperType(lf.Type, rf.Type)
		if t == nil || !t.Comparable() {
			z.fail(n.Pos, TypeMismatch, "Column types of left and right side are not comparable for join column '%s': %s, %s", n.Text, lf.Type, rf.Type)
		}
		merged[lf], merged[rf] = true, true
		z.a.merged[j] = append(z.a.merged[j], MergedColumn{Name: n.Text, Left: lf, Right: rf, Type: t})
		out = append(out, z.field(j, Field{Name: n.Text, Type: t, Merged: &[2]*Field{lf, rf}, mergedInner: j.Kind == "INNER" || j.Kind == "LEFT"}))
	}
	for _, f := range append(append([]*Field(nil), l...), r...) {
		if !merged[f] {
			out = append(out, f)
		}
	}
	return out
}

// markUsed notes that the statement reads the table columns behind a field.
func markUsed(f *Field) {
	for f != nil {
		f.read = true
		if f.Table != nil {
			f.Table.Used[f.Column] = true
			return
		}
		if f.Merged != nil {
			markUsed(f.Merged[0])
			markUsed(f.Merged[1])
			return
		}
		f = f.Origin
	}
}
