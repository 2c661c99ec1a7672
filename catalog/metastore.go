package catalog

import (
	"context"
	"time"
)

// Metastore is a Catalog with the rest of what clients of a Hive metastore ask
// for.
type Metastore interface {
	Catalog

	// PartitionsNamed returns those of the named partitions that exist, in the
	// order of their names.
	PartitionsNamed(ctx context.Context, database, table string, names []string) ([]Partition, error)
	// AlterPartitions replaces the definitions of partitions, which are found by
	// their values: all or none. NotFound if one does not exist.
	AlterPartitions(ctx context.Context, database, table string, ps []Partition) error
	// AlterTableIf is AlterTable if a parameter of the table has an expected value
	// ("" where it is absent), and Conflict if it has another. It compares and
	// alters at once.
	AlterTableIf(ctx context.Context, database, name string, t Table, parameter, expected string) error
	// View runs fn with a context whose reads of the catalog all see the state of one
	// moment. fn reads by one goroutine, changes nothing in the catalog, and does not
	// change what it reads, as reading it again answers the same.
	View(ctx context.Context, fn func(ctx context.Context) error) error

	Statistics
	Functions
	Locks
	Notifications
}

// ColumnStatistics says what is known of the values of a column. Fields that do
// not apply to the column's type, or are not known, are nil.
type ColumnStatistics struct {
	Column string
	Type   string
	Nulls  int64
	// Distinct counts values that differ; Sketch is Hive's estimator of it.
	Distinct *int64
	Sketch   []byte
	// The least and the greatest value: of whole numbers, dates (days since 1970)
	// and timestamps (seconds); of floating numbers; of decimals, as text.
	Low, High               *int64
	DoubleLow, DoubleHigh   *float64
	DecimalLow, DecimalHigh *string
	// Of strings and binaries, in bytes.
	AverageLength *float64
	MaxLength     *int64
	// Of booleans.
	Trues, Falses *int64
	Analyzed      time.Time
}

// Statistics keeps column statistics of tables and partitions. They are dropped
// and renamed with what they describe.
type Statistics interface {
	// TableStatistics returns what is known of the columns, of all if columns is nil.
	TableStatistics(ctx context.Context, database, table string, columns []string) ([]ColumnStatistics, error)
	// SetTableStatistics replaces what is known of the columns given.
	SetTableStatistics(ctx context.Context, database, table string, s []ColumnStatistics) error
	// DeleteTableStatistics forgets a column, or all if column is "".
	DeleteTableStatistics(ctx context.Context, database, table, column string) error

	// PartitionStatistics returns the same by the partitions' names; partitions
	// without any are left out.
	PartitionStatistics(ctx context.Context, database, table string, partitions, columns []string) (map[string][]ColumnStatistics, error)
	// SetPartitionStatistics is for all of the partitions or none.
	SetPartitionStatistics(ctx context.Context, database, table string, s map[string][]ColumnStatistics) error
	DeletePartitionStatistics(ctx context.Context, database, table, partition, column string) error

	// ForgetStatistics forgets all that any engine has stored of the values in a
	// partition, or with "" in the table itself: statistics of columns, also those that
	// Spark keeps as parameters, and counts of rows, files and bytes. It returns how many
	// of them there were.
	ForgetStatistics(ctx context.Context, database, table, partition string) (int64, error)
}

// Function is a user-defined function that engines load from files.
type Function struct {
	Database  string
	Name      string
	Class     string
	Owner     string
	OwnerType string // "" is USER
	Created   time.Time
	Resources []FunctionResource
}

// FunctionResource is a file that a function needs.
type FunctionResource struct {
	Type int // 1 a jar, 2 a file, 3 an archive, as in Hive
	URI  string
}

// Functions keeps user-defined functions. lethe does not run them.
type Functions interface {
	// Functions lists a database's functions by name.
	Functions(ctx context.Context, database string) ([]Function, error)
	Function(ctx context.Context, database, name string) (Function, error)
	CreateFunction(ctx context.Context, f Function) error
	AlterFunction(ctx context.Context, database, name string, f Function) error
	DropFunction(ctx context.Context, database, name string) error
}

// LockType orders locks by what they exclude.
type LockType byte

// The types of locks, in the letters of Hive's schema.
const (
	SharedRead     LockType = 'r' // excludes Exclusive
	SharedWrite    LockType = 'w' // excludes SharedWrite, ExclusiveWrite and Exclusive
	ExclusiveWrite LockType = 'x' // excludes the same
	Exclusive      LockType = 'e' // excludes all
)

// LockTarget is what a lock is on: a database, a table or a partition.
type LockTarget struct {
	Database, Table, Partition string
	Type                       LockType
}

// Lock is a set of targets that are locked together.
type Lock struct {
	ID        int64
	Targets   []LockTarget
	Held      bool // otherwise it waits for those before it
	User      string
	Host      string
	Agent     string
	Heartbeat time.Time
	Acquired  time.Time // zero while it waits
}

// Locks keeps advisory locks, which clients agree upon; nothing else looks at
// them. A lock whose holder has not been heard of for LockTimeout is gone.
type Locks interface {
	// Lock asks for a lock. It answers at once, held or waiting.
	Lock(ctx context.Context, l Lock) (Lock, error)
	// CheckLock looks whether a waiting lock is held by now, and is a heartbeat.
	CheckLock(ctx context.Context, id int64) (Lock, error)
	// Heartbeat keeps a lock; NotFound if there is none.
	Heartbeat(ctx context.Context, id int64) error
	Unlock(ctx context.Context, id int64) error
	// Locks lists the locks in their order.
	Locks(ctx context.Context) ([]Lock, error)
}

// LockTimeout is how long a lock stays without a heartbeat: the default of
// Hive's hive.txn.timeout.
const LockTimeout = 300 * time.Second
