package ingest

import (
	"context"

	"lethe/catalog"
)

// Engine runs SELECTs over files and writes Parquet.
type Engine interface {
	// Write runs a SELECT and leaves its rows in Parquet files (zstd) in
	// job.Dir. Ending ctx ends it. Errors are those of a query: Syntax, Invalid,
	// Unsupported, BadData, Exhausted.
	Write(ctx context.Context, job WriteJob) (WriteResult, error)
}

// WriteJob is a SELECT for an engine.
type WriteJob struct {
	ID string
	// SQL is in Athena's dialect. It may read the table "source" and no other.
	SQL string
	// Columns of "source", in Hive's types.
	Columns []catalog.Column
	// Files are local Parquet files that hold the rows of "source". They must
	// not be written. Names are what errors call them.
	Files, Names []string
	// PartitionBy names columns of the SELECT that are to be partition keys: a
	// file holds rows of one partition, and not these columns.
	PartitionBy []string
	RowGroup    int    // rows of a row group
	FileSize    int64  // about how many bytes a file has; 0 means one file, or one for each partition
	Dir         string // empty, on the same file system as Files
	// Progress is told the share of the work that is done, if the engine knows.
	Progress func(done float64)
}

// WriteResult is what an engine wrote.
type WriteResult struct {
	// Columns of the SELECT, in Hive's types, partition keys among them.
	Columns []catalog.Column
	Files   []WrittenFile
}

// WrittenFile is a Parquet file that an engine wrote.
type WrittenFile struct {
	Path string // local
	Rows int64
	// Values of the partition keys, in the order of PartitionBy; nil is null.
	Values []*string
}
