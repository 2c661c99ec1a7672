package duckdb

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"lethe/query/duckdb/dialect"
)

// Messages between the engine and a worker are JSON, each after its length in
// four bytes, big-endian. The engine reads a worker's messages as a stranger's:
// what a worker may say is bounded here, and what it says is checked where it
// is used.

// maxReply bounds a message from a worker. The longest honest one lists the
// files that a write made.
const maxReply = 32 << 20

// settings is the first message to a worker: the bounds of its query.
type settings struct {
	Memory     int64 // bytes
	Threads    int
	Spill      int64 // bytes of temporary files
	Unconfined bool  // go on where the kernel has no Landlock
	// Connections is how many statements run at once; 0 means 1.
	Connections int `json:",omitempty"`
}

// task is the second message to a worker, and the last unless it is a session's.
type task struct {
	Relations []relation
	// Setup are statements to run before SQL.
	Setup []string
	// Made are tables to make before SQL is prepared.
	Made []dialect.Made `json:",omitempty"`
	// SQL is a SELECT; "" to run Setup only. Wide answers if SQL overflows.
	SQL, Wide string
	// CSV or Parquet says where its rows go.
	CSV     *csvOutput
	Parquet *parquetOutput
	// Session opens the session's file instead; a sessionAsk follows for each statement.
	Session bool `json:",omitempty"`
}

// csvOutput asks for the rows in Athena's CSV.
type csvOutput struct {
	// Header holds the names of the columns; nil means those of the SELECT.
	Header []string
}

// parquetOutput asks for the rows in Parquet files under work/out.
type parquetOutput struct {
	PartitionBy []string
	RowGroup    int64             // rows of a row group; 0 means DuckDB's choice
	FileSize    int64             // bytes after which to begin another file; 0 means one file
	Metadata    map[string]string // of the footers
}

// reply is a message from a worker; exactly one field is set.
type reply struct {
	Ready    *ready        `json:",omitempty"`
	Progress *float64      `json:",omitempty"`
	Done     *done         `json:",omitempty"`
	Failed   *failed       `json:",omitempty"`
	Answer   *sessionReply `json:",omitempty"`
}

// ready says that a worker is confined and waits for its task.
type ready struct {
	Landlock int // version of Landlock's ABI; 0 without
}

// done ends a task that succeeded.
type done struct {
	Rows  int64
	Files []outFile
}

// outFile is a Parquet file that a task wrote.
type outFile struct {
	Path      string // relative to the worker's directory
	Rows      int64
	Bytes     int64
	Partition []*string // in the order of PartitionBy; nil is null
}

// failed ends a task that did not.
type failed struct {
	Type    string // DuckDB's class: Conversion, Out of Memory, ...; "" for the worker's own errors
	Message string
	Rules   bool // it failed while the rules of tables were applied
}

func writeFrame(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > 1<<31 {
		return fmt.Errorf("message of %d bytes is too long", len(b))
	}
	f := make([]byte, 4, 4+len(b))
	binary.BigEndian.PutUint32(f, uint32(len(b)))
	_, err = w.Write(append(f, b...))
	return err
}

// readFrame reads a message of at most limit bytes; it returns io.EOF at the
// stream's end.
func readFrame(r io.Reader, limit int64, v any) error {
	var h [4]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(h[:]))
	if n > limit {
		return fmt.Errorf("message of %d bytes exceeds %d", n, limit)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("message ends early: %w", err)
	}
	return json.Unmarshal(b, v)
}
