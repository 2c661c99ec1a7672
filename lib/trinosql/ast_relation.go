package trinosql

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
