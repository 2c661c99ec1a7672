// Package query runs SQL statements: it keeps executions, workgroups and data
// catalogs, resolves every table through catalog and policy before an engine
// sees a statement, answers metadata statements from the catalog itself, and
// stores results as CSV in the object store, as Athena does.
//
// An execution is QUEUED, RUNNING, then SUCCEEDED, FAILED or CANCELLED. Its row
// in the state database is durable before Start answers; executions that a
// crash interrupted are FAILED at the next start. Results live in the object
// store and stay readable after their client, or the server, has gone.
package query

import (
	"context"
	"time"

	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
)

// State of an execution, in Athena's words.
type State string

// The states of an execution. The last three are final.
const (
	Queued    State = "QUEUED"
	Running   State = "RUNNING"
	Succeeded State = "SUCCEEDED"
	Failed    State = "FAILED"
	Cancelled State = "CANCELLED"
)

// Final reports whether the execution will not change any more.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Request asks for the execution of a statement.
type Request struct {
	Statement  string
	Catalog    string   // where unqualified databases are; "" means lethe.DefaultCatalog
	Database   string   // where unqualified tables are; "" means default
	Workgroup  string   // "" means primary
	Output     string   // s3:// location for the result, unless the workgroup enforces its own
	Parameters []string // for the statement's ?, as SQL literals, in order
	Token      string   // requests with the same token start one execution
}

// Execution is a statement's run.
type Execution struct {
	ID         string
	Request    Request // with defaults filled in
	Type       string  // DDL, DML or UTILITY
	Subtype    string  // SELECT, CREATE_TABLE, SHOW_DATABASES, ...
	Principal  string  // ARN of who asked
	State      State
	Error      *Failure // set when Failed
	Reason     string   // why it is in a final state other than Succeeded
	Output     string   // s3:// location of the result file
	Columns    []Column // of the result; set when Succeeded
	Rows       int64    // of the result
	Statistics Statistics
	Submitted  time.Time
	Completed  time.Time // zero until final
	Erased     time.Time `json:",omitzero"` // when its result was, as of a person; zero if it was not
	Progress   float64   // 0 to 1 while Running, where the engine knows it; -1 where not
}

// Failure says why an execution failed, in Athena's classes.
type Failure struct {
	// Category is 1 for lethe's fault, 2 for the user's, 3 for others.
	Category int
	// Type is Athena's error type number; 1000 to 1999 are the user's.
	Type      int
	Retryable bool
	Message   string
}

// Statistics of an execution. Times are zero until known.
type Statistics struct {
	ScannedBytes int64 // bytes of the objects the engine was given
	ResultBytes  int64
	Queue        time.Duration // from submission to start
	Planning     time.Duration // parsing, resolving, listing
	Engine       time.Duration // in the engine
	Service      time.Duration // storing the result
	Total        time.Duration
}

// Column describes a column of a result.
type Column struct {
	Name      string
	Type      string // Athena's name: varchar, bigint, decimal, array, ...
	Precision int
	Scale     int
}

// Page is a part of a result.
type Page struct {
	Columns []Column
	// Rows hold values as Athena writes them; nil is null. The first page of a
	// SELECT begins with the column names, as Athena's does.
	Rows [][]*string
	Next string // continues the result; "" at its end
}

// Workgroup groups executions and their settings.
type Workgroup struct {
	Name        string
	Description string
	Disabled    bool
	Output      string // s3:// location of results
	Enforce     bool   // the workgroup's settings override the request's
	ScanLimit   int64  // bytes a query may scan; 0 means no limit
	Created     time.Time
}

// DataCatalog is a catalog that statements may name.
type DataCatalog struct {
	Name        string
	Type        string // GLUE, HIVE or LAMBDA
	Description string
	Parameters  map[string]string
	Created     time.Time
}

// Engine answers analyzed queries.
type Engine interface {
	// Run answers a query and leaves its result in a local file. It returns
	// when the result is complete; ending ctx ends the query. Errors a user
	// caused are lethe.Errors (Invalid for a failing expression such as
	// division by zero, BadData with the object's name for an unreadable file,
	// Exhausted for memory or time).
	Run(ctx context.Context, job Job) (Result, error)
}

// Job is a query for an engine: a checked statement and what its tables are.
type Job struct {
	ID       string
	Analysis *trinosql.Analysis
	// Scans holds, in the order of Analysis.Tables, what each table reference reads.
	Scans []Scan
	// Progress is told the share of the work that is done, if the engine knows it.
	Progress func(done float64)
}

// Scan is what one table reference reads: exact objects, so an engine needs
// neither a catalog nor a listing.
type Scan struct {
	Table catalog.Table
	Parts []Part
}

// Part is a table's or one partition's objects.
type Part struct {
	Values  []string        // of the partition keys; nil for a table without
	Storage catalog.Storage // with the columns of this part
	Objects []object.Object
	// Files are local files that are read as objects are, of a table of lethe's own.
	Files []string
}

// Result is a query's result in a local file.
type Result struct {
	// Path of a CSV file in Athena's form: the header line, then rows, every
	// value quoted, null as nothing between commas.
	Path    string
	Columns []Column
	Rows    int64
	// Close removes the file.
	Close func() error
}
