package trinosql

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
