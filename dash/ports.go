package dash

import (
	"context"
	"time"

	"lethe"
)

// Statement is a SELECT in Athena's dialect that is asked for a picture.
type Statement struct {
	SQL string
	// Catalog and Database are where unqualified names are.
	Catalog, Database string
	// As is whose permission to read tables counts; the zero Principal is the one of the
	// context. Rules of tables narrow what both may see.
	As lethe.Principal
	// Limit bounds the rows that are returned. More are cut off, and Rows.More set.
	Limit int
}

// Rows are an answer in columns. Values are as [AnswerColumn] has them.
type Rows struct {
	Columns []AnswerColumn
	N       int
	More    bool
}

// Column is a column of a statement's result.
type Column struct {
	Name string `json:"name"`
	// Type is Athena's name: varchar(10), bigint, decimal(10,2), array(...).
	Type string `json:"type"`
}

// Described is what is known of a statement before it runs.
type Described struct {
	Columns []Column
	// Tables are what it reads, views opened.
	Tables []TableName
}

// TableName names a table.
type TableName struct{ Catalog, Database, Table string }

// Asker answers statements in the lake, at once and without keeping anything of them.
// Errors are those of executions: Invalid with a place for a statement that is wrong,
// Denied, NotFound, BadData, Exhausted, Canceled.
type Asker interface {
	Ask(ctx context.Context, s Statement) (Rows, error)
	// Describe checks a statement and does not run it.
	Describe(ctx context.Context, s Statement) (Described, error)
	// SameSight reports whether two principals see the same of tables: neither is
	// narrowed by rules.
	SameSight(ctx context.Context, a, b lethe.Principal, tables []TableName) (bool, error)
}

// Extracts keeps extracts, makes them again, and answers from them.
type Extracts interface {
	// Info returns what there is of a data set's extract, zero if there is nothing.
	Info(ctx context.Context, dataSet string) (ExtractInfo, error)
	// Ask answers a SELECT in Athena's dialect over the one table "extract", whose columns
	// are the data set's fields that aggregate nothing. NotFound if there is no extract yet.
	Ask(ctx context.Context, dataSet, sql string, limit int) (Rows, time.Time, error)
	// Open begins to open the extract, if there is one, for questions that will soon come,
	// and returns at once.
	Open(ctx context.Context, dataSet string) error
	// Refresh begins to make the extract again, and returns at once. A refresh that is
	// under way is returned instead of a second one.
	Refresh(ctx context.Context, dataSet string, o RefreshOptions) (Refresh, error)
	Stop(ctx context.Context, dataSet string) error
	History(ctx context.Context, dataSet string, limit int) ([]Refresh, error)
	// Drop removes everything of a data set that was deleted.
	Drop(ctx context.Context, dataSet string) error
}

// RefreshOptions say how an extract is made again.
type RefreshOptions struct {
	Increment bool
	By        string // ARN, "schedule" or "erasure"
	Slot      time.Time
}

// Prepared is what an extract is made from. The service tells it to Extracts, which ask
// again at every refresh.
type Prepared struct {
	// Statement has a column for each field, named as the field; Increment narrows it to the
	// rows of the window.
	Statement Statement
	Increment *Narrowed
	Schedules []Schedule
	// Revision of the data set. An increment of another revision is made whole.
	Revision int64
}

// Narrowed is an increment: the rows of Statement replace those rows of the extract
// for which Replaces, a condition over its columns, is true.
type Narrowed struct {
	Statement Statement
	Replaces  string
}

// Preparer says what the extract of a data set is made from, at this time. NotFound if the data set is
// gone or is not an extract's.
type Preparer interface {
	Prepared(ctx context.Context, dataSet string, now time.Time) (Prepared, error)
	// Extracted lists the data sets that have extracts.
	Extracted(ctx context.Context) ([]string, error)
}
