package trinosql

// Statement is a parsed statement.
type Statement interface {
	Node
	// Params is the number of parameters, written ?, in the statement.
	Params() int
	statement() *stmtNode
}

type stmtNode struct {
	node
	params int
}

func (s *stmtNode) Params() int          { return s.params }
func (s *stmtNode) statement() *stmtNode { return s }

type (
	// QueryStmt is a query on its own.
	QueryStmt struct {
		stmtNode
		Q *Query
	}
	// Insert is INSERT INTO Table (Cols...) Q.
	Insert struct {
		stmtNode
		Table  QName
		Branch *Name // @ branch
		Cols   []Name
		Q      *Query
	}
	// Delete is DELETE FROM Table WHERE.
	Delete struct {
		stmtNode
		Table  QName
		Branch *Name // @ branch
		Where  Expr
	}
	// Update is UPDATE Table SET ... WHERE.
	Update struct {
		stmtNode
		Table  QName
		Branch *Name // @ branch
		Set    []Assign
		Where  Expr
	}
	// Assign is Col = X.
	Assign struct {
		Col Name
		X   Expr
	}
	// Merge is MERGE INTO Table USING Source ON On WHEN ...
	Merge struct {
		stmtNode
		Table   QName
		Branch  *Name // @ branch
		Alias   *Name
		Source  Relation
		On      Expr
		Clauses []MergeClause
	}
	// MergeClause is WHEN [NOT] MATCHED [AND And] THEN Action, where Action is
	// UPDATE, DELETE or INSERT.
	MergeClause struct {
		Pos     Pos
		Matched bool
		And     Expr
		Action  string
		Set     []Assign
		Cols    []Name
		Vals    []Expr
	}
	// CreateTableAs is CREATE TABLE ... AS Q.
	CreateTableAs struct {
		stmtNode
		Table       QName
		Replace     bool
		IfNotExists bool
		Cols        []Name
		Comment     *string
		Props       []Prop
		Q           *Query
		NoData      bool // WITH NO DATA
	}
	// CreateTable is CREATE TABLE with columns, in Trino's form (Props) or Hive's.
	CreateTable struct {
		stmtNode
		Hive          bool // written in Hive's dialect
		Table         QName
		External      bool
		Replace       bool
		IfNotExists   bool
		Cols          []ColumnDef
		Like          []LikeClause
		Comment       *string
		Props         []Prop      // Trino's WITH (...)
		Partitioned   []ColumnDef // Hive's partition columns
		Transforms    []Expr      // Iceberg's partition transforms
		Clustered     []Name
		Sorted        []SortItem
		Buckets       int
		RowFormat     *RowFormat
		SerDe         string
		SerDeProps    []Prop
		StoredAs      string // upper case; "" when absent
		InputFormat   string
		OutputFormat  string
		Location      string
		TblProperties []Prop
	}
	// LikeClause is LIKE Table [INCLUDING PROPERTIES] in a column list.
	LikeClause struct {
		Table     QName
		Including bool
	}
	// RowFormat is Hive's ROW FORMAT DELIMITED; a nil member was not given.
	RowFormat struct {
		Fields, Escaped, Items, MapKeys, Lines, Null *string
	}
	// ColumnDef is a column of a table definition.
	ColumnDef struct {
		Name    Name
		Path    []Name // further parts of a nested name (ALTER TABLE ADD COLUMN a.b)
		Type    *TypeExpr
		NotNull bool
		Default Expr
		Comment *string
		Props   []Prop
	}
	// Prop is name = value; X is nil for DEFAULT or where no value belongs.
	Prop struct {
		Pos  Pos
		Name string
		Op   string // of a partition filter: "=", "<", ...; "=" elsewhere
		X    Expr
	}
	// CreateView is CREATE [MATERIALIZED] VIEW. Text is the query as written.
	CreateView struct {
		stmtNode
		Name         QName
		Replace      bool
		Materialized bool
		IfNotExists  bool
		Comment      *string
		Security     string // "", DEFINER or INVOKER
		Props        []Prop
		Q            *Query
		Text         string
	}
	// CreateSchema is CREATE SCHEMA or CREATE DATABASE.
	CreateSchema struct {
		stmtNode
		Name        QName
		IfNotExists bool
		Comment     *string
		Location    string
		Props       []Prop
	}
	// Drop is DROP TABLE, VIEW, MATERIALIZED VIEW or SCHEMA (also for DATABASE).
	Drop struct {
		stmtNode
		Kind     string
		Name     QName
		IfExists bool
		Cascade  bool
	}
	// AlterTable is ALTER TABLE. Action is one of the Alter constants and tells
	// which members are set.
	AlterTable struct {
		stmtNode
		Table       QName
		IfExists    bool // the table
		Action      AlterAction
		IfNotExists bool // the thing added
		IfMember    bool // IF EXISTS of the thing dropped or renamed
		Partitions  []Partition
		Cols        []ColumnDef
		Names       []QName
		First       bool  // column position FIRST
		After       *Name // column position AFTER
		Props       []Prop
		Location    string
	}
	// Partition names one partition, or in DROP PARTITION filters them.
	Partition struct {
		Pos      Pos
		Spec     []Prop
		Location string
	}
	// Show is SHOW What ...: TABLES, SCHEMAS (also for DATABASES), CATALOGS,
	// VIEWS, FUNCTIONS, COLUMNS, PARTITIONS, TBLPROPERTIES, STATS, CREATE TABLE,
	// CREATE VIEW, CREATE MATERIALIZED VIEW, CREATE SCHEMA, CREATE FUNCTION.
	Show struct {
		stmtNode
		Hive   bool // written in Hive's dialect: Like is a Hive pattern ('a*|b*')
		What   string
		Name   QName
		In     QName
		Like   *string
		Escape *string
		Key    string // of TBLPROPERTIES
		Spec   []Prop // of PARTITIONS
		Q      *Query // of STATS FOR (query)
	}
	// Describe is DESCRIBE: Kind is "", INPUT, OUTPUT, EXTENDED, FORMATTED or DATABASE.
	Describe struct {
		stmtNode
		Kind     string
		Extended bool // DATABASE EXTENDED
		Name     QName
		Q        *Query // of OUTPUT (query)
		Part     []Prop
		Col      []Name
	}
	// Explain is EXPLAIN [ANALYZE] [VERBOSE] (options) Stmt. Options are upper case.
	Explain struct {
		stmtNode
		Analyze bool
		Verbose bool
		Options map[string]string
		Stmt    Statement
	}
	// Prepare is PREPARE Name FROM Stmt; Text is the inner statement as written.
	Prepare struct {
		stmtNode
		Name Name
		Stmt Statement
		Text string
	}
	// Execute is EXECUTE Name USING ..., or with Immediate set EXECUTE IMMEDIATE Text.
	Execute struct {
		stmtNode
		Name      Name
		Immediate bool
		Text      string
		Using     []Expr
	}
	// Deallocate is DEALLOCATE PREPARE Name.
	Deallocate struct {
		stmtNode
		Name Name
	}
	// Msck is MSCK REPAIR TABLE; Mode is "", ADD, DROP or SYNC.
	Msck struct {
		stmtNode
		Table QName
		Mode  string
	}
	// Unload is UNLOAD (Q) TO 'To' WITH (Props).
	Unload struct {
		stmtNode
		Q     *Query
		To    string
		Props []Prop
	}
	// Vacuum is VACUUM Table.
	Vacuum struct {
		stmtNode
		Table QName
	}
	// Optimize is OPTIMIZE Table REWRITE DATA USING BIN_PACK WHERE.
	Optimize struct {
		stmtNode
		Table QName
		Where Expr
	}
	// Truncate is TRUNCATE TABLE.
	Truncate struct {
		stmtNode
		Table QName
	}
	// AnalyzeTable is ANALYZE Table WITH (Props).
	AnalyzeTable struct {
		stmtNode
		Table QName
		Props []Prop
	}
	// Use is USE [catalog.]schema.
	Use struct {
		stmtNode
		Name QName
	}
	// Other is an administrative statement (GRANT, SET SESSION, CALL, ...) whose
	// parts are not kept: a caller passes its text on, or refuses it. Verb is its
	// first words, as "SET SESSION".
	Other struct {
		stmtNode
		Verb string
		Text string
	}
)

// AlterAction is what ALTER TABLE does.
type AlterAction string

// The actions of ALTER TABLE and the members of [AlterTable] they set.
const (
	AddPartition         AlterAction = "ADD PARTITION"  // Partitions, IfNotExists
	DropPartition        AlterAction = "DROP PARTITION" // Partitions, IfMember
	RenamePartition      AlterAction = "RENAME PARTITION"
	SetPartitionLocation AlterAction = "SET PARTITION LOCATION"
	AddColumns           AlterAction = "ADD COLUMNS"     // Cols
	AddColumn            AlterAction = "ADD COLUMN"      // Cols[0], IfNotExists, First, After
	DropColumn           AlterAction = "DROP COLUMN"     // Names[0], IfMember
	ReplaceColumns       AlterAction = "REPLACE COLUMNS" // Cols
	ChangeColumn         AlterAction = "CHANGE COLUMN"   // Names[0], Cols[0], First, After, Partitions
	RenameTable          AlterAction = "RENAME TABLE"    // Names[0]
	RenameColumn         AlterAction = "RENAME COLUMN"   // Names[0] to Names[1], IfMember
	SetTblProperties     AlterAction = "SET TBLPROPERTIES"
	UnsetTblProperties   AlterAction = "UNSET TBLPROPERTIES"
	SetProperties        AlterAction = "SET PROPERTIES"
	SetLocation          AlterAction = "SET LOCATION"
)
