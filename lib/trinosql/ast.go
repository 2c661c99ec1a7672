package trinosql

// Node is any part of a parsed statement.
type Node interface {
	// Pos is the place that messages about the node name. As in Trino it is the
	// operator of a comparison or an arithmetic expression, and otherwise the
	// node's first character.
	Pos() Pos
	// Span is the node's text as byte offsets, start included, end excluded.
	Span() (start, end int)
}

// node carries the places of every AST type.
type node struct {
	pos        Pos
	start, end int
}

func (n *node) Pos() Pos               { return n.pos }
func (n *node) Span() (start, end int) { return n.start, n.end }
func (n *node) base() *node            { return n }

// Name is an identifier as written, without its quotes. Trino compares
// identifiers without regard to case, quoted or not.
type Name struct {
	Pos    Pos
	Text   string
	Quoted bool
}

// QName is a dotted name, outermost part first.
type QName []Name

// Pos is the place of the first part.
func (q QName) Pos() Pos {
	if len(q) == 0 {
		return Pos{}
	}
	return q[0].Pos
}

// Expr is an expression. Expressions are compared by identity: the analysis
// keys its findings by the pointer.
type Expr interface {
	Node
	expr()
}

type exprNode struct{ node }

func (*exprNode) expr() {}

// LiteralKind tells how a [Literal] was written.
type LiteralKind string

// Kinds of literals.
const (
	IntegerLiteral LiteralKind = "INTEGER" // 12, 0x1f, 1_000
	DecimalLiteral LiteralKind = "DECIMAL" // 1.5
	DoubleLiteral  LiteralKind = "DOUBLE"  // 1e5
	StringLiteral  LiteralKind = "VARCHAR" // 'text', U&'text'
	BinaryLiteral  LiteralKind = "VARBINARY"
	BooleanLiteral LiteralKind = "BOOLEAN"
	NullLiteral    LiteralKind = "NULL"
)

type (
	// ColumnRef is a bare identifier: a column, or a lambda's parameter.
	ColumnRef struct {
		exprNode
		Name Name
	}
	// Deref is base.field: a qualified column or a field of a row.
	Deref struct {
		exprNode
		Base  Expr
		Field Name
	}
	// Literal is a constant without a type name. Val is the digits without
	// underscores (in any base, with a leading minus when one was written), the
	// text without quotes and escapes, the hex digits of a binary, "true" or
	// "false".
	Literal struct {
		exprNode
		Kind LiteralKind
		Val  string
	}
	// TypedLiteral is TYPE 'text', as DATE '2024-01-31'. Type is lower case.
	TypedLiteral struct {
		exprNode
		Type string
		Val  string
	}
	// IntervalLit is INTERVAL [-] 'text' From [TO To]. From and To are YEAR,
	// MONTH, DAY, HOUR, MINUTE or SECOND; To is "" when absent.
	IntervalLit struct {
		exprNode
		Neg      bool
		Val      string
		From, To string
	}
	// Unary is NOT, - or + before X.
	Unary struct {
		exprNode
		Op string
		X  Expr
	}
	// Logical is Terms joined by Op, AND or OR: at least two. A chain of the same
	// operator is one node however long it is.
	Logical struct {
		exprNode
		Op    string
		Terms []Expr
	}
	// Binary is L Op R, where Op is one of + - * / % || = <> < <= > >=.
	Binary struct {
		exprNode
		Op   string
		L, R Expr
	}
	// Quantified is L op ALL|SOME|ANY (query). Op "MATCH" is the MATCH predicate.
	Quantified struct {
		exprNode
		Op, Quant string
		L         Expr
		Q         *Query
	}
	// Between is X [NOT] BETWEEN [SYMMETRIC] Low AND High.
	Between struct {
		exprNode
		Not, Sym     bool
		X, Low, High Expr
	}
	// In is X [NOT] IN (List...) or X [NOT] IN (Q).
	In struct {
		exprNode
		Not  bool
		X    Expr
		List []Expr
		Q    *Query
	}
	// Like is X [NOT] LIKE Pattern [ESCAPE Esc].
	Like struct {
		exprNode
		Not             bool
		X, Pattern, Esc Expr
	}
	// Is is X IS [NOT] What, where What is NULL, TRUE, FALSE, UNKNOWN or JSON.
	Is struct {
		exprNode
		Not  bool
		X    Expr
		What string
	}
	// IsDistinct is L IS [NOT] DISTINCT FROM R.
	IsDistinct struct {
		exprNode
		Not  bool
		L, R Expr
	}
	// AtTimeZone is X AT TIME ZONE Zone; a nil Zone is AT LOCAL.
	AtTimeZone struct {
		exprNode
		X, Zone Expr
	}
	// Cast is CAST or TRY_CAST(X AS Type).
	Cast struct {
		exprNode
		Try  bool
		X    Expr
		Type *TypeExpr
	}
	// Row is ROW(...) or a parenthesised list. Names is nil for the latter and
	// otherwise holds one entry a field, nil where there is no alias.
	Row struct {
		exprNode
		Fields []Expr
		Names  []*Name
	}
	// Array is ARRAY[...].
	Array struct {
		exprNode
		Elems []Expr
	}
	// Subscript is X[Index].
	Subscript struct {
		exprNode
		X, Index Expr
	}
	// Lambda is (Params...) -> Body.
	Lambda struct {
		exprNode
		Params []Name
		Body   Expr
	}
	// Subquery is a query used as a value.
	Subquery struct {
		exprNode
		Q *Query
	}
	// Exists is EXISTS (Q), or UNIQUE (Q).
	Exists struct {
		exprNode
		Unique bool
		Q      *Query
	}
	// Case is CASE [Operand] WHEN ... END.
	Case struct {
		exprNode
		Operand Expr
		Whens   []When
		Else    Expr
	}
	// When is one branch of a Case. Predicate is set in the extended simple form
	// (CASE x WHEN > 5 THEN ...): Cond is then a whole predicate whose left side
	// is the case's own Operand.
	When struct {
		Cond, Result Expr
		Predicate    bool
	}
	// Call is a function call. LISTAGG, and every function without a syntax of
	// its own, is one.
	Call struct {
		exprNode
		Name        QName
		Star        bool // count(*)
		Distinct    bool
		Args        []Arg
		OrderBy     []SortItem // inside the parentheses
		Within      []SortItem // WITHIN GROUP (ORDER BY ...)
		Overflow    *Overflow  // LISTAGG's ON OVERFLOW
		Filter      Expr
		IgnoreNulls bool
		Over        *Window
		Method      Expr   // receiver of a method call x.f(...); a static call T::f(...) has none
		Static      bool   // T::f(...)
		Mode        string // RUNNING or FINAL, in row patterns
	}
	// Arg is one argument of a call; Name is set for name => value.
	Arg struct {
		Name *Name
		X    Expr
	}
	// Overflow is LISTAGG's ON OVERFLOW TRUNCATE.
	Overflow struct {
		Filler Expr // nil: '...'
		Count  bool
	}
	// Special is a function with a syntax of its own: EXTRACT (Opt is the
	// field), SUBSTRING, TRIM (Opt is LEADING, TRAILING, BOTH or ""; Args are the
	// text and the characters), POSITION (Args as written: needle, haystack),
	// OVERLAY, NORMALIZE (Opt is the form), GROUPING, CURRENT_DATE and its kin
	// (Opt is the precision as written).
	Special struct {
		exprNode
		Name string
		Opt  string
		Args []Expr
	}
	// JSONFunc is JSON_EXISTS, JSON_VALUE or JSON_QUERY.
	JSONFunc struct {
		exprNode
		Name        string
		Input       Expr
		InputFormat bool // FORMAT JSON given
		Path        string
		PathPos     Pos
		Passing     []JSONPassing
		Returning   *TypeExpr
		Wrapper     string // "", WITHOUT, CONDITIONAL, UNCONDITIONAL
		Quotes      string // "", KEEP, OMIT
		OnEmpty     *JSONBehavior
		OnError     *JSONBehavior
	}
	// JSONPassing is one parameter of a JSON path.
	JSONPassing struct {
		X      Expr
		Format bool // FORMAT JSON given
		Name   Name
	}
	// JSONBehavior is what a JSON function does when empty or in error: Kind is
	// ERROR, NULL, DEFAULT, TRUE, FALSE, UNKNOWN, EMPTY ARRAY or EMPTY OBJECT.
	JSONBehavior struct {
		Kind    string
		Default Expr
	}
	// JSONObject is JSON_OBJECT(...).
	JSONObject struct {
		exprNode
		Members    []JSONMember
		AbsentNull bool // ABSENT ON NULL
		UniqueKeys bool
		Returning  *TypeExpr
	}
	// JSONMember is a member of JSON_OBJECT, or with a nil Key an element of JSON_ARRAY.
	JSONMember struct {
		Key, Value Expr
		Format     bool // FORMAT JSON given
	}
	// JSONArray is JSON_ARRAY(...). Without NULL ON NULL, nulls are left out.
	JSONArray struct {
		exprNode
		Elems     []JSONMember
		KeepNull  bool // NULL ON NULL
		Returning *TypeExpr
	}
	// Param is a ? ; N counts from 1.
	Param struct {
		exprNode
		N int
	}
)

// TypeExpr is a type as written.
type TypeExpr struct {
	node
	// Name is lower case: "array", "row", "interval day to second", "timestamp".
	Name   string
	Params []TypeParam
	Fields []FieldExpr // of a row
	Zone   bool        // WITH TIME ZONE
}

// TypeParam is a number or a type.
type TypeParam struct {
	N string
	T *TypeExpr
}

// FieldExpr is a field of a row type; Name is nil when it is anonymous.
type FieldExpr struct {
	Name *Name
	Type *TypeExpr
}

// Query is a query expression: WITH, body, ORDER BY, OFFSET and LIMIT.
type Query struct {
	node
	Recursive bool
	CTEs      []*CTE
	Body      Body
	OrderBy   []SortItem
	Offset    Expr
	Limit     Expr // nil: no limit (also LIMIT ALL)
	WithTies  bool
}

// CTE is one named query of a WITH.
type CTE struct {
	Name Name
	Cols []Name
	Q    *Query
}

// Body is what a query selects from: [Select], [SetOp], [Values], [TableBody] or [Paren].
type Body interface {
	Node
	body()
}

type bodyNode struct{ node }

func (*bodyNode) body() {}

type (
	// Select is SELECT ... FROM ... WHERE ... GROUP BY ... HAVING ... WINDOW.
	Select struct {
		bodyNode
		Distinct bool
		Items    []SelectItem
		From     []Relation
		Where    Expr
		GroupBy  *GroupBy
		Having   Expr
		Windows  []NamedWindow
	}
	// SetOp is L UNION|EXCEPT|INTERSECT R.
	SetOp struct {
		bodyNode
		Op            string
		All           bool
		L, R          Body
		Corresponding bool
		By            []Name
	}
	// Values is VALUES row, ...; a row of several columns is a [Row].
	Values struct {
		bodyNode
		Rows []Expr
	}
	// TableBody is TABLE name.
	TableBody struct {
		bodyNode
		Table *Table
	}
	// Paren is a query in parentheses.
	Paren struct {
		bodyNode
		Q *Query
	}
)

// SelectItem is one item of a select list: an expression with an optional
// alias, or with Star set * (X nil) or X.* (Cols are its column aliases).
type SelectItem struct {
	Pos   Pos
	X     Expr
	Alias *Name
	Star  bool
	Cols  []Name
}

// GroupBy is a GROUP BY clause. Auto is GROUP BY AUTO.
type GroupBy struct {
	Pos            Pos
	Distinct, Auto bool
	Items          []GroupItem
}

// GroupItem is an element of GROUP BY: Kind is "" (Sets[0] are plain
// expressions), ROLLUP, CUBE or SETS.
type GroupItem struct {
	Kind string
	Sets [][]Expr
}

// SortItem is an ORDER BY item. A nil NullsFirst means Trino's default: last.
type SortItem struct {
	X          Expr
	Desc       bool
	NullsFirst *bool
}

// Window is a window specification. OVER name is a Window with only Name set.
type Window struct {
	Pos       Pos
	Name      *Name // of OVER name
	Base      *Name // the existing window that this one extends
	Partition []Expr
	OrderBy   []SortItem
	Frame     *Frame
	Measures  []SelectItem
	Pattern   bool // has PATTERN, DEFINE or another row pattern clause
}

// NamedWindow is name AS (window) of a WINDOW clause.
type NamedWindow struct {
	Name Name
	W    *Window
}

// Frame is a window frame: Unit is ROWS, RANGE or GROUPS; End may be nil (CURRENT ROW).
type Frame struct {
	Pos        Pos
	Unit       string
	Start, End *Bound
}

// Bound is one end of a frame: Kind is UNBOUNDED PRECEDING, PRECEDING, CURRENT
// ROW, FOLLOWING or UNBOUNDED FOLLOWING; X is set for PRECEDING and FOLLOWING.
type Bound struct {
	Kind string
	X    Expr
}

// Relation is an item of FROM.
type Relation interface {
	Node
	relation()
}

type relNode struct{ node }

func (*relNode) relation() {}

type (
	// Table is a table, view or named query. Period is "", TIMESTAMP or VERSION
	// for FOR ... AS OF (SYSTEM_TIME and SYSTEM_VERSION, Athena's older spelling,
	// are given as these).
	Table struct {
		relNode
		Name   QName
		Period string
		AsOf   Expr
	}
	// SubqueryRel is a query in FROM.
	SubqueryRel struct {
		relNode
		Q       *Query
		Lateral bool
	}
	// Unnest is UNNEST(...) [WITH ORDINALITY].
	Unnest struct {
		relNode
		Args       []Expr
		Ordinality bool
	}
	// Join is L JOIN R. Kind is CROSS, INNER, LEFT, RIGHT or FULL. An item list
	// separated by commas stays a list in Select.From.
	Join struct {
		relNode
		Kind    string
		Natural bool
		L, R    Relation
		On      Expr
		Using   []Name
	}
	// Aliased is R AS Alias (Cols...).
	Aliased struct {
		relNode
		R     Relation
		Alias Name
		Cols  []Name
	}
	// Sample is R TABLESAMPLE Kind (Pct); Kind is BERNOULLI or SYSTEM.
	Sample struct {
		relNode
		R    Relation
		Kind string
		Pct  Expr
	}
	// TableFunc is TABLE(Name(Args...)).
	TableFunc struct {
		relNode
		Name   QName
		Args   []Arg
		Tables []Relation
	}
	// MatchRecognize is R MATCH_RECOGNIZE (...). Its parts are checked but not kept.
	MatchRecognize struct {
		relNode
		R Relation
	}
	// Nearest is NEAREST (FROM R [WHERE Where] MATCH Match), a lateral as-of join.
	Nearest struct {
		relNode
		R            Relation
		Where, Match Expr
	}
	// JSONTable is JSON_TABLE(...). Its columns are checked but not kept.
	JSONTable struct {
		relNode
		Input Expr
	}
)
