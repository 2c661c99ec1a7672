package duckdb

import (
	"context"
	"path/filepath"
	"strings"

	"lethe"
	"lethe/lib/trinosql"
	"lethe/query"
	"lethe/query/duckdb/dialect"
)

// Write is a query whose rows become Parquet files.
type Write struct {
	// Analysis is of a SELECT, or of a statement with one (CREATE TABLE AS,
	// INSERT, UNLOAD).
	Analysis *trinosql.Analysis
	// Inputs hold, in the order of Analysis.Tables, what each table reference
	// reads.
	Inputs []Input
	// PartitionBy names columns of the SELECT; each combination of their values
	// gets files of its own, without these columns.
	PartitionBy []string
	// RowGroup is the number of rows of a row group. Default: 65536.
	RowGroup int64
	// FileSize is the size in bytes from which on rows go to another file. Zero
	// means one file, or one for each partition.
	FileSize int64
	// Metadata is kept in the files' footers.
	Metadata map[string]string
	// Stored gives each column the storage type of its Trino type, which a file can hold
	// although a statement has another, as for char(n) and times with a zone, whose zone
	// is lost. Who reads the file must know the columns' types.
	Stored bool
	// Progress is told the share of the work that is done, if DuckDB knows it.
	Progress func(done float64)
}

// Input is what one table reference of a Write reads: the objects of a scan, or
// local files.
type Input struct {
	Scan query.Scan
	// Files are read instead of objects if there are any. They are of the
	// format and columns of Scan.Table.Storage.
	Files []File
}

// File is a local file that a Write reads.
type File struct {
	Path string
	// Name is what errors call the file, as the place where its bytes came from.
	Name string
}

// Written is the outcome of a Write.
type Written struct {
	Columns []dialect.Column // of the SELECT, partition columns included
	Rows    int64
	Files   []WrittenFile
	// Close removes the files.
	Close func() error
}

// WrittenFile is a local Parquet file.
type WrittenFile struct {
	Path  string
	Rows  int64
	Bytes int64
	// Partition holds the values of PartitionBy as text; nil is null.
	Partition []*string
}

// WriteParquet runs a query and leaves its rows in local Parquet files, zstd
// compressed. Rows keep their order within a file. A SELECT without rows makes
// a file without rows, or no file if it is partitioned. Errors are Run's.
func (e *Engine) WriteParquet(ctx context.Context, w Write) (Written, error) {
	s := &stage{store: e.c.Store}
	scans := make([]query.Scan, len(w.Inputs))
	for i, in := range w.Inputs {
		scans[i] = in.Scan
		if len(in.Files) > 0 {
			scans[i] = s.local(in)
		}
	}
	var opts []dialect.Option
	if w.Stored {
		opts = append(opts, dialect.Stored())
	}
	t, st, err := s.task(w.Analysis, s.owned(scans), opts...)
	if err != nil {
		return Written{}, err
	}
	if err := storable(st.Columns, w.PartitionBy, w.Stored); err != nil {
		return Written{}, err
	}
	t.SQL, t.Wide = rename(t.SQL, st.Columns), rename(t.Wide, st.Columns)
	t.Parquet = &parquetOutput{PartitionBy: w.PartitionBy, RowGroup: w.RowGroup, FileSize: w.FileSize, Metadata: w.Metadata}
	if t.Parquet.RowGroup <= 0 {
		t.Parquet.RowGroup = 1 << 16
	}
	o, err := e.run(ctx, work{t, s, w.Progress})
	if err != nil {
		return Written{}, err
	}
	r := Written{Columns: st.Columns, Rows: o.Rows, Close: o.release}
	for _, f := range o.Files {
		path := filepath.Join(o.dir, f.Path)
		if !filepath.IsLocal(f.Path) || !strings.HasPrefix(filepath.Clean(f.Path), outDir+"/") || len(f.Partition) != len(w.PartitionBy) {
			return Written{}, closing(o.release, lethe.Errorf(lethe.Internal, "a query's worker left no proper result"))
		}
		if err := regular(path); err != nil {
			return Written{}, closing(o.release, err)
		}
		r.Files = append(r.Files, WrittenFile{Path: path, Rows: f.Rows, Bytes: f.Bytes, Partition: f.Partition})
	}
	return r, nil
}

// rename gives the rows of a query the names of its columns; the dialect's are
// c1, c2, ....
func rename(sql string, columns []dialect.Column) string {
	if sql == "" {
		return ""
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = ident(c.Name)
	}
	return "SELECT * FROM (" + sql + "\n) AS rows(" + strings.Join(names, ", ") + ")"
}

// local describes local files as a scan: their objects are numbers into
// stage.files.
func (s *stage) local(in Input) query.Scan {
	scan := in.Scan
	part := query.Part{Storage: scan.Table.Storage}
	for _, f := range in.Files {
		part.Objects = append(part.Objects, s.localObject(f))
	}
	scan.Parts = []query.Part{part}
	return scan
}

// storable refuses columns that a table's file cannot hold.
func storable(columns []dialect.Column, partitionBy []string, converted bool) error {
	seen := map[string]bool{}
	for _, c := range columns {
		name := strings.ToLower(c.Name)
		switch {
		case name == "":
			return lethe.Errorf(lethe.Invalid, "MISSING_COLUMN_NAME: a column of the query has no name").WithHint("name it with AS")
		case seen[name]:
			return lethe.Errorf(lethe.Invalid, "DUPLICATE_COLUMN_NAME: Column name '%s' specified more than once", c.Name)
		}
		seen[name] = true
		inner, err := dialect.Type(c.Type)
		if err != nil {
			return err
		}
		stored, err := dialect.StorageType(c.Type)
		if err != nil {
			return err
		}
		if inner != stored && !converted || c.Type.Kind == trinosql.KindUnknown {
			return lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: column %s has type %s, which cannot be written to Parquet", c.Name, c.Type).
				WithHint("cast it to another type")
		}
	}
	for _, p := range partitionBy {
		if !seen[strings.ToLower(p)] {
			return lethe.Errorf(lethe.Invalid, "COLUMN_NOT_FOUND: partition column %s is not among the columns of the query", p)
		}
	}
	if len(partitionBy) >= len(columns) {
		return lethe.Errorf(lethe.Invalid, "a table needs a column that is not a partition key")
	}
	return nil
}
