package trinosql

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
