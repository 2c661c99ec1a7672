package trinosql

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrNoTable is what a [Resolver]'s error wraps when there is no such table.
var ErrNoTable = errors.New("table does not exist")

// Bounds that keep a hostile statement from exhausting memory or time: what is
// written stays small while what it means doubles at every level.
const (
	maxFields         = 1 << 20 // columns of all relations together
	maxColumns        = 20000   // columns of one relation
	maxViews          = 1000    // views expanded
	maxViewDepth      = 64
	maxLambdaAnalyses = 20000
	maxGroupingSets   = 2048
	maxGroupingKeys   = 1 << 20 // columns of all grouping sets of a select
)

// analyzer walks a statement and writes what it finds into an [Analysis].
type analyzer struct {
	ctx      context.Context
	resolver Resolver
	opt      Options
	a        *Analysis

	depth   int
	fields  int
	views   []*TableSchema          // being expanded, outermost first
	beneath map[*Table]*TableSchema // tables below their rules
	nviews  int
	lambdas int // analyses of a lambda's body
	inside  int // lambdas around the current expression

	// given are expressions analyzed before, not to be analyzed again: the
	// operand that the predicates of a CASE share.
	given map[Expr]bool
	// outer are all references to columns in the order found, with the scope
	// that they lead to.
	outer []outerRef
	// fromQuery are those made inside a query.
	fromQuery map[*Query][]outerRef
	hashes    map[Expr]uint64
	// conditions are what every row that matters satisfies, for pruning.
	conditions []conjunct
	side       sides              // of the condition that is turned into predicates
	windows    map[string]*Window // of the WINDOW clause, by lower-case name
}

type outerRef struct {
	x  Expr
	to *scope
}

func analyze(ctx context.Context, stmt Statement, r Resolver, opt Options) (*Analysis, error) {
	z := &analyzer{
		ctx: ctx, resolver: r, opt: opt,
		beneath: map[*Table]*TableSchema{}, given: map[Expr]bool{}, fromQuery: map[*Query][]outerRef{}, hashes: map[Expr]uint64{},
		a: &Analysis{
			Statement: stmt, params: opt.Parameters,
			types: map[Expr]*Type{}, coercions: map[Expr]*Type{}, refs: map[Expr]*Ref{}, rowFields: map[*Deref]int{},
			functions: map[Expr]*Function{}, tables: map[*Table]*TableRef{}, relations: map[Relation][]*Field{},
			queries: map[*Query][]*Field{}, bodies: map[Body][]*Field{}, selects: map[*Select]*SelectInfo{},
			sorts: map[*Query][]SortKey{}, typeExprs: map[*TypeExpr]*Type{}, windows: map[*Call]*Window{},
			merged: map[*Join][]MergedColumn{},
		},
	}
	if n := stmt.Params(); n != len(opt.Parameters) {
		return nil, errorf(stmt.Pos(), InvalidParameterUsage, "Incorrect number of parameters: expected %d but found %d", n, len(opt.Parameters))
	}
	zone := opt.Zone
	if zone == nil {
		zone = time.UTC
	}
	z.a.evaluator.a = z.a
	if !opt.Now.IsZero() {
		// The wall clock's reading, without its zone: dates are compared as texts.
		n := opt.Now.In(zone)
		z.a.evaluator.now = time.Date(n.Year(), n.Month(), n.Day(), n.Hour(), n.Minute(), n.Second(), n.Nanosecond(), time.UTC)
	}
	if err := (&parser{}).run(func() { z.statement(stmt); z.prune() }); err != nil {
		return nil, err
	}
	return z.a, nil
}

func (z *analyzer) fail(pos Pos, code Code, format string, args ...any) {
	panic(bailout{errorf(pos, code, format, args...)})
}

// enter goes one level deeper into the tree, which views make deeper than its text.
func (z *analyzer) enter(n Node) {
	z.depth++
	if z.depth > 2*MaxDepth+maxLinks {
		z.fail(n.Pos(), StatementTooLarge, "statement is too large: it nests too deeply")
	}
	if z.depth&63 == 0 {
		z.canceled(n)
	}
}

func (z *analyzer) leave() { z.depth-- }

// canceled ends the analysis when its caller no longer waits for it.
func (z *analyzer) canceled(n Node) {
	if err := z.ctx.Err(); err != nil {
		e := errorf(n.Pos(), NotSupported, "the analysis was stopped: %v", err)
		e.Err = err
		panic(bailout{e})
	}
}

// field makes a new field.
func (z *analyzer) field(at Node, f Field) *Field {
	z.fields++
	if z.fields > maxFields {
		z.fail(at.Pos(), StatementTooLarge, "statement is too large: its relations have more than %d columns together", maxFields)
	}
	return &f
}

func (z *analyzer) limitColumns(at Node, n int) {
	if n > maxColumns {
		z.fail(at.Pos(), StatementTooLarge, "a relation cannot have more than %d columns", maxColumns)
	}
}

func (z *analyzer) statement(stmt Statement) {
	switch s := stmt.(type) {
	case *QueryStmt:
		z.output(s.Q)
	case *Explain:
		z.statement(s.Stmt)
	case *Unload:
		z.output(s.Q)
	case *CreateTableAs:
		fields := z.output(s.Q)
		z.newColumns(s, fields, s.Cols)
	case *CreateView:
		z.newColumns(s, z.output(s.Q), nil)
	case *Insert:
		z.insert(s)
	case *Delete:
		z.condition(s.Where, "WHERE clause", &scope{fields: z.targetFields(s, s.Table, nil), query: true, from: true})
		z.conjuncts(s.Where, nil)
	case *Update:
		z.update(s)
	case *Merge:
		z.merge(s)
	default:
		z.fail(stmt.Pos(), NotSupported, "this statement has no analysis: it is not a query and does not hold one")
	}
}

// output analyzes the query whose result is the statement's.
func (z *analyzer) output(q *Query) []*Field {
	fields := z.query(q, nil)
	z.a.Output = nil
	for i, f := range fields {
		z.a.Output = append(z.a.Output, OutputColumn{Name: columnName(f, i), Type: f.Type})
	}
	return fields
}

// columnName is the name of the output column at index i.
func columnName(f *Field, i int) string {
	if f.Name != "" {
		return f.Name
	}
	return "_col" + strconv.Itoa(i)
}

// newColumns checks the columns that CREATE ... AS makes, and gives them the
// names listed, if any.
func (z *analyzer) newColumns(s Statement, fields []*Field, names []Name) {
	if len(names) > 0 && len(names) != len(fields) {
		z.fail(names[0].Pos, MismatchedColumnAliases, "Column alias list has %d entries but relation has %d columns", len(names), len(fields))
	}
	seen := map[string]bool{}
	for i, f := range fields {
		pos, name := s.Pos(), f.Name
		if len(names) > 0 {
			pos, name = names[i].Pos, names[i].Text
			z.a.Output[i].Name = name
		}
		if name == "" {
			z.fail(pos, ColumnNameNotSpecified, "Column name not specified at position %d", i+1)
		}
		if k := strings.ToLower(name); seen[k] {
			z.fail(pos, DuplicateColumnName, "Column name '%s' specified more than once", name)
		} else {
			seen[k] = true
		}
		if f.Type.Kind == KindUnknown {
			z.fail(pos, ColumnTypeUnknown, "Column type is unknown: %s", name)
		}
	}
}

// target resolves the table that a statement writes to.
func (z *analyzer) target(s Statement, name QName) *TableUse {
	if z.a.Target != nil {
		return z.a.Target
	}
	schema := z.resolve(s, name)
	if schema.View != nil {
		z.fail(name.Pos(), NotSupported, "Writing to views is not supported: '%s'", schemaName(schema))
	}
	if schema.Rules != nil {
		z.fail(name.Pos(), NotSupported, "Writing to a table through its rules is not supported: '%s'", schemaName(schema))
	}
	use := &TableUse{Name: name, Schema: schema, Used: make([]bool, len(schema.Columns))}
	z.a.Target = use
	return use
}

// targetFields are the columns of the written table, for WHERE and SET.
func (z *analyzer) targetFields(s Statement, name QName, alias *Name) []*Field {
	use := z.target(s, name)
	qualifier := tableQualifier(use.Schema)
	if alias != nil {
		qualifier = []string{alias.Text}
	}
	return z.tableFields(s, use, qualifier)
}

func (z *analyzer) insert(s *Insert) {
	use := z.target(s, s.Table)
	columns := use.Schema.Columns
	if len(s.Cols) == 0 {
		for i, c := range columns {
			if !c.Hidden {
				z.a.Columns = append(z.a.Columns, i)
			}
		}
	}
	seen := map[int]bool{}
	for _, n := range s.Cols {
		i := z.targetColumn(n, "Insert column name does not exist in target table: %s")
		if seen[i] {
			z.fail(n.Pos, DuplicateColumnName, "Insert column name is specified more than once: %s", n.Text)
		}
		seen[i] = true
		z.a.Columns = append(z.a.Columns, i)
	}
	fields := z.query(s.Q, nil)
	fits := len(fields) == len(z.a.Columns)
	var want, got []string
	for i, f := range fields {
		got = append(got, f.Type.String())
		if fits && i < len(z.a.Columns) {
			fits = CommonSuperType(f.Type, columns[z.a.Columns[i]].Type) != nil
		}
	}
	if !fits {
		for _, c := range z.a.Columns {
			want = append(want, columns[c].Type.String())
		}
		z.fail(s.Pos(), TypeMismatch, "Insert query has mismatched column types: Table: [%s], Query: [%s]", strings.Join(want, ", "), strings.Join(got, ", "))
	}
}

// targetColumn finds a visible column of the written table.
func (z *analyzer) targetColumn(n Name, message string) int {
	for i, c := range z.a.Target.Schema.Columns {
		if !c.Hidden && strings.EqualFold(c.Name, n.Text) {
			return i
		}
	}
	z.fail(n.Pos, ColumnNotFound, message, n.Text)
	return 0
}

func (z *analyzer) update(s *Update) {
	sc := &scope{fields: z.targetFields(s, s.Table, nil), query: true, from: true}
	z.assigns(s.Set, sc, "UPDATE")
	z.condition(s.Where, "WHERE clause", sc)
	z.conjuncts(s.Where, nil)
}

func (z *analyzer) assigns(set []Assign, sc *scope, statement string) {
	seen := map[int]bool{}
	for _, as := range set {
		i := z.targetColumn(as.Col, "The "+statement+" SET target column %s doesn't exist")
		if seen[i] {
			z.fail(as.Col.Pos, DuplicateColumnName, "%s SET target column is specified more than once: %s", statement, as.Col.Text)
		}
		seen[i] = true
		z.assign(as.X, z.a.Target.Schema.Columns[i].Type, sc, statement)
	}
}

// assign analyzes a value that is stored in a column of type t.
func (z *analyzer) assign(x Expr, t *Type, sc *scope, statement string) {
	got := z.expr(x, sc)
	z.noAggregates(x, statement+" SET")
	if CommonSuperType(got, t) == nil {
		z.fail(x.Pos(), TypeMismatch, "%s table column types don't match: Table: %s, Query: %s", statement, t, got)
	}
	z.coerceTo(x, got, t)
}

func (z *analyzer) merge(s *Merge) {
	target := z.targetFields(s, s.Table, s.Alias)
	source := z.relation(s.Source, &scope{query: true})
	sourceScope := &scope{fields: source, query: true, from: true}
	both := &scope{fields: append(append([]*Field(nil), target...), source...), query: true, from: true}
	z.condition(s.On, "MERGE ON clause", both)
	for _, c := range s.Clauses {
		sc := both
		if !c.Matched {
			sc = sourceScope
		}
		z.condition(c.And, "MERGE condition", sc)
		z.assigns(c.Set, sc, "MERGE")
		if c.Action != "INSERT" {
			continue
		}
		var columns []int
		for _, n := range c.Cols {
			columns = append(columns, z.targetColumn(n, "The MERGE INSERT target column %s doesn't exist"))
		}
		if len(c.Cols) == 0 {
			for i, col := range z.a.Target.Schema.Columns {
				if !col.Hidden {
					columns = append(columns, i)
				}
			}
		}
		if len(columns) != len(c.Vals) {
			z.fail(c.Pos, TypeMismatch, "MERGE INSERT has %d columns but %d values", len(columns), len(c.Vals))
		}
		for i, v := range c.Vals {
			z.assign(v, z.a.Target.Schema.Columns[columns[i]].Type, sc, "MERGE")
		}
	}
}

// condition analyzes a predicate: a boolean without aggregates. x may be nil.
func (z *analyzer) condition(x Expr, clause string, sc *scope) {
	if x == nil {
		return
	}
	t := z.expr(x, sc)
	z.noAggregates(x, clause)
	switch t.Kind {
	case KindBoolean:
	case KindUnknown:
		z.a.coercions[x] = Boolean
	default:
		z.fail(x.Pos(), TypeMismatch, "%s must evaluate to a boolean: actual type %s", clause, t)
	}
}
