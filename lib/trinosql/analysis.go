package trinosql

import (
	"context"
	"time"
)

// TableName is the full name of a table, each part as it is written in the
// statement or taken from [Options]. Names do not distinguish case.
type TableName struct {
	Catalog, Database, Table string
}

// Column is a column of a table.
type Column struct {
	Name      string
	Type      *Type
	Partition bool
	Hidden    bool // not in *, as "$path"
}

// TableSchema describes a table or view to the analyzer.
type TableSchema struct {
	TableName
	Columns []Column
	// View is set for a view. The analyzer parses and analyzes its text in place.
	View *View
	// Rules, when not nil, narrow what is seen of a table.
	Rules *Rules
	// Handle is the resolver's own; the analysis hands it back.
	Handle any
}

// View is a view's definition.
type View struct {
	SQL string
	// Catalog and Database complete the names inside the text.
	Catalog, Database string
	// Columns, when not nil, are the names and types the view was created with;
	// the query's columns are cast to them.
	Columns []Column
}

// Resolver finds tables by name.
type Resolver interface {
	// Table returns the schema of a table or view. Any error ends the analysis
	// and reaches its caller wrapped in an [Error] that has the place of the
	// name. For a table that does not exist a resolver returns an error that
	// [ErrNoTable] is in; the analysis then says so in Trino's words.
	Table(ctx context.Context, name TableName) (*TableSchema, error)
}

// Options give an analysis its surroundings.
type Options struct {
	// Catalog and Database complete table names that lack them.
	Catalog, Database string
	// Parameters are the values of the statement's ? in order; there must be
	// exactly as many.
	Parameters []Expr
	// Now is the instant that CURRENT_TIMESTAMP and its kin stand for where the
	// analysis evaluates constants.
	Now time.Time
	// Zone is the session's time zone; nil means UTC.
	Zone *time.Location
}

// Analyze checks a statement against the tables that r knows and returns what
// it means: the types, resolved names, functions and coercions of its parts.
//
// It accepts [QueryStmt], [Insert], [CreateTableAs], [CreateView], [Unload],
// [Delete], [Update], [Merge], and [Explain] of these. Errors are of type
// [*Error].
func Analyze(ctx context.Context, stmt Statement, r Resolver, opt Options) (*Analysis, error) {
	return analyze(ctx, stmt, r, opt)
}

// OutputColumn is a column of a statement's result.
type OutputColumn struct {
	Name string
	Type *Type
}

// Field is a column of a relation. Fields are compared by identity: every
// relation (a table reference, an aliased relation, a select list, ...) makes
// its own, and a column reference leads to one of them. An emitter therefore
// gives each Field a spelling where it writes the relation and looks the
// spelling up where it writes a reference.
type Field struct {
	// Name is the column's name as written, "" when it has none; an output
	// column without a name is called _colN.
	Name string
	Type *Type
	// Hidden fields, as a table's "$path", are not part of *.
	Hidden bool

	// Table and Column are set when the field is a table's own column.
	Table  *TableUse
	Column int
	// Expr is the expression of a select list that computes the field.
	Expr Expr
	// Origin is the field of the relation below that this field passes on, or
	// nil. Where its Type is another, as in a view that was made with other
	// types, the value is cast.
	Origin *Field
	// Merged holds the left and right field of a USING join's column:
	// the value is coalesce(left, right) after both are coerced to Type.
	Merged *[2]*Field

	read        bool        // the statement refers to it
	qualifier   []string    // parts of the name that may precede the column's
	named       *namedQuery // the WITH query that this is a column of
	nullable    bool        // on the side of an outer join that may be missing
	opaque      bool        // conditions on it say nothing about Origin's rows
	mergedInner bool        // Merged, by an inner or left join
	setOp       *SetOp      // that this is a column of
	sides       [2]*Field   // the columns of setOp's operands
}

// Read reports whether the statement reads the field.
func (f *Field) Read() bool { return f.read }

// Ref is what an identifier or a dotted name refers to: exactly one of Field
// and Lambda is set.
type Ref struct {
	Field *Field
	// Depth counts the queries between the reference and the relation: 0 in the
	// query itself, 1 and more for a correlated reference.
	Depth int
	// Output is true when ORDER BY names a column of the select list.
	Output bool

	Lambda *Lambda
	Param  int // index into Lambda.Params
}

// FunctionKind is what a function computes over.
type FunctionKind uint8

// Kinds of functions.
const (
	ScalarFunction FunctionKind = iota
	AggregateFunction
	WindowFunction // rank and its kin; an aggregate with OVER stays AggregateFunction
)

func (k FunctionKind) String() string {
	return [...]string{"scalar", "aggregate", "window"}[k]
}

// Function is the function that a call resolved to.
type Function struct {
	// Name is the canonical, lower-case name.
	Name string
	Kind FunctionKind
	// Args are the bound parameter types, one for each argument of the call
	// (variadic ones repeated). A lambda's is of [KindFunction].
	Args   []*Type
	Result *Type
	// Signature is the declaration it matched, as "transform(array(T), function(T,U)) array(U)".
	Signature string
	// Deterministic is false for random(), uuid() and shuffle().
	Deterministic bool
}

// TableKind tells what a table reference turned out to be.
type TableKind uint8

// Kinds of table references.
const (
	BaseTable TableKind = iota
	CommonTable
	ViewTable
)

// TableRef is the meaning of one [Table] node.
type TableRef struct {
	Kind TableKind
	Use  *TableUse // BaseTable
	CTE  *CTE      // CommonTable
	// Recursive is true for a recursive query's reference to itself.
	Recursive bool
	View      *Query       // ViewTable: the parsed definition, analyzed in its own scope
	Schema    *TableSchema // BaseTable and ViewTable
}

// TableUse is one reference to a base table.
type TableUse struct {
	Node   *Table // nil for the target of DELETE, UPDATE, MERGE
	Name   QName
	Schema *TableSchema
	// Used tells for each column of the schema whether the statement reads it.
	Used []bool
	// Predicates hold for every row of the table that can have an effect on the
	// result. They are found where that is easy; there may be none.
	Predicates []Predicate
	// Ruled is set for a table below its rules: what the statement sees is another
	// relation.
	Ruled bool
	// ViaView is the view through which the statement reaches the table, or nil.
	ViaView *TableSchema
	// Period and AsOf are the reference's time travel, if any.
	Period string
	AsOf   Expr

	conditions []condition // what MayMatch evaluates
}

// SortKey is an ORDER BY item resolved: either the output column with index
// Output, or with Output < 0 the expression X.
type SortKey struct {
	Output int
	X      Expr
	Item   *SortItem
}

// SelectInfo is the meaning of a SELECT.
type SelectInfo struct {
	// Fields are the output columns with stars expanded. A field that came from
	// a star has an Origin and no Expr; one from row.* has the row's Expr and a
	// RowField.
	Fields []*Field
	// RowField has for each output column the field index for columns that come
	// from row.*, and otherwise -1.
	RowField []int
	// Input are the fields of FROM.
	Input []*Field
	// Grouped is true when the select has GROUP BY or aggregates.
	Grouped bool
	// Keys are the distinct grouping expressions, ordinals resolved. For an
	// ordinal that counts a column of * the analysis makes a ColumnRef.
	Keys []Expr
	// Sets are the grouping sets, as indexes into Keys, with ROLLUP, CUBE and
	// combinations expanded. A plain GROUP BY has one; aggregates without GROUP
	// BY have one without keys; a select that is not Grouped has none.
	Sets [][]int
	// Aggregates and Windows are the calls of these kinds, in source order, in
	// the select list, HAVING and ORDER BY.
	Aggregates []*Call
	Windows    []*Call
}

// Analysis is the meaning of a statement.
type Analysis struct {
	// Statement is the analyzed statement.
	Statement Statement
	// Output are the columns of the result; nil for a statement without one.
	Output []OutputColumn
	// Tables are the references to base tables, in source order.
	Tables []*TableUse
	// Target is the table that INSERT, DELETE, UPDATE or MERGE changes.
	Target *TableUse
	// Columns are the target's column indexes that INSERT fills, in the order of
	// the query's output.
	Columns []int

	types     map[Expr]*Type
	coercions map[Expr]*Type
	refs      map[Expr]*Ref
	rowFields map[*Deref]int
	functions map[Expr]*Function
	tables    map[*Table]*TableRef
	relations map[Relation][]*Field
	queries   map[*Query][]*Field
	bodies    map[Body][]*Field
	selects   map[*Select]*SelectInfo
	sorts     map[*Query][]SortKey
	typeExprs map[*TypeExpr]*Type
	windows   map[*Call]*Window
	merged    map[*Join][]MergedColumn
	params    []Expr
	evaluator evaluator
}

// MergedColumn is one column that a USING join merges.
type MergedColumn struct {
	Name        string
	Left, Right *Field
	// Type is the common super type both sides are coerced to.
	Type *Type
}

// Type returns the type of an expression, before any coercion of it.
func (a *Analysis) Type(x Expr) *Type { return a.types[x] }

// Coercion returns the type that x must be cast to where it stands, or nil when
// it is used as it is.
func (a *Analysis) Coercion(x Expr) *Type { return a.coercions[x] }

// UsedType returns the type of x after coercion.
func (a *Analysis) UsedType(x Expr) *Type {
	if t := a.coercions[x]; t != nil {
		return t
	}
	return a.types[x]
}

// Ref returns what a [ColumnRef] or a [Deref] refers to. It is nil for a Deref
// that takes a field out of a row: see RowField.
func (a *Analysis) Ref(x Expr) *Ref { return a.refs[x] }

// RowField returns the index of the row field that x takes, and whether x is
// such an access rather than a column's qualified name.
func (a *Analysis) RowField(x *Deref) (int, bool) {
	i, ok := a.rowFields[x]
	return i, ok
}

// Function returns the function of a [Call], or of a [Special] that is one
// (SUBSTRING, TRIM, EXTRACT, ...); nil for others.
func (a *Analysis) Function(x Expr) *Function { return a.functions[x] }

// Table returns what a table reference turned out to be.
func (a *Analysis) Table(t *Table) *TableRef { return a.tables[t] }

// Fields returns the columns a relation of FROM produces, hidden ones included.
func (a *Analysis) Fields(r Relation) []*Field { return a.relations[r] }

// QueryFields returns the output columns of a query.
func (a *Analysis) QueryFields(q *Query) []*Field { return a.queries[q] }

// BodyFields returns the output columns of a query's body. The fields of a set
// operation have the common super types of both sides.
func (a *Analysis) BodyFields(b Body) []*Field { return a.bodies[b] }

// Select returns the meaning of a SELECT.
func (a *Analysis) Select(s *Select) *SelectInfo { return a.selects[s] }

// OrderBy returns the resolved ORDER BY of a query.
func (a *Analysis) OrderBy(q *Query) []SortKey { return a.sorts[q] }

// TypeOf returns the type that a written type stands for.
func (a *Analysis) TypeOf(t *TypeExpr) *Type { return a.typeExprs[t] }

// Window returns the full window of a call with OVER: names of the WINDOW
// clause and extended windows resolved.
func (a *Analysis) Window(c *Call) *Window { return a.windows[c] }

// Merged returns the merged columns of a USING join, in output order.
func (a *Analysis) Merged(j *Join) []MergedColumn { return a.merged[j] }

// Param returns the expression that a ? stands for.
func (a *Analysis) Param(p *Param) Expr { return a.params[p.N-1] }
