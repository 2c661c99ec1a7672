// Package catalog says what a catalog is: databases, tables, columns and
// partitions with the Hive metastore's data model, which Athena, Spark and
// Trino share. Package catalog/store keeps one in Hive's own SQL schema.
//
// Names of databases, tables, columns and partition keys are lower case and
// compare so; partition values keep their case. Errors are of the kinds of
// package lethe: NotFound, Exists, Invalid, Conflict.
package catalog

import (
	"context"
	"time"
)

// Database is a namespace of tables.
type Database struct {
	Name        string
	Description string
	Location    string
	Owner       string
	OwnerType   string // USER, ROLE or GROUP; "" is USER
	Parameters  map[string]string
	Created     time.Time
}

// TableType says what a table's data is to the catalog.
type TableType string

// The table types of the Hive metastore.
const (
	ExternalTable TableType = "EXTERNAL_TABLE"
	ManagedTable  TableType = "MANAGED_TABLE"
	VirtualView   TableType = "VIRTUAL_VIEW"
)

// Column is a column of a table or a partition key. Type is in Hive's
// spelling: string, bigint, decimal(10,2), array<struct<a:int>>.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Comment string `json:"comment,omitempty"`
}

// Table describes where data lies and how to read it.
type Table struct {
	Database   string
	Name       string
	Type       TableType
	Owner      string
	OwnerType  string // USER, ROLE or GROUP; "" is USER
	Created    time.Time
	Partitions []Column // partition keys; Storage.Columns holds the others
	Storage    Storage
	Parameters map[string]string
	// ViewOriginalText and ViewExpandedText hold a view's definition.
	ViewOriginalText string
	ViewExpandedText string
}

// Columns returns the table's columns in the order of SELECT *: those in the
// files, then the partition keys.
func (t *Table) Columns() []Column {
	c := make([]Column, 0, len(t.Storage.Columns)+len(t.Partitions))
	return append(append(c, t.Storage.Columns...), t.Partitions...)
}

// Storage is Hive's storage descriptor.
type Storage struct {
	Columns       []Column
	Location      string
	InputFormat   string
	OutputFormat  string
	Compressed    bool
	SerDe         SerDe
	BucketColumns []string
	BucketCount   int // -1 without buckets
	SortColumns   []SortColumn
	Parameters    map[string]string
}

// SerDe names the class that reads and writes rows, with its settings.
type SerDe struct {
	Name       string
	Library    string
	Parameters map[string]string
}

// SortColumn is a column by which a bucket's rows are sorted.
type SortColumn struct {
	Column    string
	Ascending bool
}

// Partition holds the rows of a table with certain values of its partition keys.
type Partition struct {
	Values     []string // one per partition key; DefaultValue stands for null
	Created    time.Time
	Storage    Storage // Columns nil: the table's
	Parameters map[string]string
}

// DefaultValue is Hive's spelling of a null partition value.
const DefaultValue = "__HIVE_DEFAULT_PARTITION__"

// Expression selects partitions: Values returns, for each partition key in the
// table's order, the values it may have; nil means any. A catalog may use it to
// read less; callers check again.
type Expression struct {
	Values [][]string
}

// PartitionPage asks for partitions in the order of their names.
type PartitionPage struct {
	After string // a partition name; begin after it
	Limit int    // 0 means all
	Where *Expression
}

// Catalog keeps databases, tables and partitions. It is safe for concurrent
// use, and every change is atomic and durable when it returns.
type Catalog interface {
	Databases(ctx context.Context) ([]Database, error)
	Database(ctx context.Context, name string) (Database, error)
	CreateDatabase(ctx context.Context, d Database) error
	AlterDatabase(ctx context.Context, name string, d Database) error
	// DropDatabase answers Conflict if tables are left and cascade is false.
	// Data is never deleted.
	DropDatabase(ctx context.Context, name string, cascade bool) error

	// Tables lists a database's tables by name.
	Tables(ctx context.Context, database string) ([]Table, error)
	// TableNames lists only their names.
	TableNames(ctx context.Context, database string) ([]string, error)
	Table(ctx context.Context, database, name string) (Table, error)
	CreateTable(ctx context.Context, t Table) error
	// AlterTable replaces the definition; t may have another name or database.
	AlterTable(ctx context.Context, database, name string, t Table) error
	DropTable(ctx context.Context, database, name string) error

	// Partitions returns a table's partitions in the order of their names.
	Partitions(ctx context.Context, database, table string, page PartitionPage) ([]Partition, error)
	// PartitionNames returns them as Hive writes them: a=1/b=x%3Ay.
	PartitionNames(ctx context.Context, database, table string, page PartitionPage) ([]string, error)
	// AddPartitions adds all or none; those that exist are left as they are if
	// ifNotExists, and are the error Exists otherwise.
	AddPartitions(ctx context.Context, database, table string, ps []Partition, ifNotExists bool) error
	// DropPartitions drops all or none; missing ones are NotFound unless ifExists.
	DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error
	AlterPartition(ctx context.Context, database, table string, values []string, p Partition) error
}
