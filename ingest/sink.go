package ingest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/catalog"
)

// Bounds of what a run writes.
const (
	fileBytes      = 256 << 20 // after about so many bytes another file begins
	partitionBytes = 256 << 20 // rows of all partitions held in memory
	maxPartitions  = 20000     // of one run
)

// output is a file that a run wrote.
type output struct {
	path      string   // local
	values    []string // of the partition keys, as catalogs have them
	partition string   // the partition's name; "" without
	rows      int64
	size      int64
}

// sink writes rows into Parquet files, one row of files for each partition.
//
// Without partitions, rows become row groups of one file after another. With
// partitions, rows are held in memory by partition; when they are too many, the
// partition with the most becomes a file. Few partitions, or rows that come in
// the partitions' order, make few files; any order makes correct ones.
type sink struct {
	dir     string
	columns []column // of the rows
	keys    []int    // indexes of the partition columns
	rest    []int    // of the others
	schema  []column // the others
	// keyColumns are the partition keys as a catalog has them.
	keyColumns []catalog.Column

	parts  map[string]*part
	held   int64
	into   []*part // of the rows of one add
	row    []parquet.Value
	files  []output
	rows   int64
	serial int
}

// part is a partition's rows that are not in a file yet, and the file that is
// being written.
type part struct {
	name   string
	values []string
	block  *block
	file   *parquetFile
	size   int64 // of blocks written to file, as they were in memory
}

// newSink makes a sink of rows of columns, partitioned by some of them.
func newSink(dir string, columns []column, by []string) (*sink, error) {
	s := &sink{dir: dir, columns: columns, parts: map[string]*part{}}
	for _, name := range by {
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, lethe.Errorf(lethe.Invalid, "there is no column %s to partition by", name).WithHint("columns are %s", names(columns))
		}
		if !columns[i].canPartition() {
			return nil, lethe.Errorf(lethe.Unsupported, "column %s of type %s cannot be a partition key", name, columns[i].catalog().Type)
		}
		s.keys = append(s.keys, i)
		s.keyColumns = append(s.keyColumns, columns[i].catalog())
	}
	for i, c := range columns {
		if !slices.Contains(s.keys, i) {
			s.rest = append(s.rest, i)
			s.schema = append(s.schema, c)
		}
	}
	if len(s.schema) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "the table would have no columns but partition keys")
	}
	s.row = make([]parquet.Value, len(s.rest))
	return s, nil
}

func names(columns []column) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}

// badValue is an error of add that is the row's, not the run's.
type badValue string

func (b badValue) Error() string { return string(b) }

// add writes rows, one after another in values, which may be changed
// afterwards. After a badValue it has written none.
func (s *sink) add(values []parquet.Value) error {
	s.into = s.into[:0]
	for row := range slices.Chunk(values, len(s.columns)) {
		p, err := s.partOf(row)
		if err != nil {
			return err
		}
		s.into = append(s.into, p)
	}
	for row := range slices.Chunk(values, len(s.columns)) {
		if err := s.addTo(s.into[0], row); err != nil {
			return err
		}
		s.into = s.into[1:]
	}
	return nil
}

func (s *sink) addTo(p *part, row []parquet.Value) error {
	for i, c := range s.rest {
		s.row[i] = row[c]
	}
	before := p.block.bytes
	p.block.add(s.row)
	s.held += p.block.bytes - before
	s.rows++
	if p.block.full() {
		return s.flush(p)
	}
	if s.held > partitionBytes {
		most := p
		for _, q := range s.parts {
			if q.block.bytes > most.block.bytes {
				most = q
			}
		}
		return s.flush(most)
	}
	return nil
}

// Hive's bounds, which the catalog holds.
const (
	maxPartitionValue = 256
	maxPartitionName  = 767
)

func (s *sink) partOf(row []parquet.Value) (*part, error) {
	if len(s.keys) == 0 {
		if s.parts[""] == nil {
			s.parts[""] = &part{block: newBlock(len(s.rest))}
		}
		return s.parts[""], nil
	}
	values := make([]string, len(s.keys))
	for i, k := range s.keys {
		text, ok := s.columns[k].partitionText(row[k])
		if !ok || text == "" {
			text = catalog.DefaultValue
		}
		if len(text) > maxPartitionValue || strings.IndexByte(text, 0) >= 0 {
			return nil, badValue(fmt.Sprintf("column %s: a partition's value cannot have a zero byte, nor more than %d bytes", s.columns[k].name, maxPartitionValue))
		}
		values[i] = text
	}
	name := catalog.PartitionName(s.keyColumns, values)
	if len(name) > maxPartitionName {
		return nil, badValue(fmt.Sprintf("the name of its partition has more than %d bytes", maxPartitionName))
	}
	p := s.parts[name]
	if p == nil {
		if len(s.parts) == maxPartitions {
			return nil, lethe.Errorf(lethe.Exhausted, "the rows make more than %d partitions", maxPartitions).WithHint("partition by fewer columns, or by ones with fewer values")
		}
		p = &part{name: name, values: values, block: newBlock(len(s.rest))}
		s.parts[name] = p
	}
	return p, nil
}

// flush makes a part's rows a row group.
func (s *sink) flush(p *part) error {
	if p.file == nil {
		var err error
		s.serial++
		if p.file, err = createParquet(filepath.Join(s.dir, fmt.Sprintf("out-%05d", s.serial)), s.schema); err != nil {
			return err
		}
	}
	if err := p.file.write(p.block); err != nil {
		return err
	}
	p.size += p.block.bytes
	s.held -= p.block.bytes
	if len(s.keys) > 0 {
		// The memory goes to whichever partition needs it next; and a file left
		// open for each partition would cost more than another file.
		p.block = newBlock(len(s.rest))
		return s.end(p)
	}
	p.block.reset()
	s.held += p.block.bytes
	if p.size >= fileBytes {
		return s.end(p)
	}
	return nil
}

func (s *sink) end(p *part) error {
	size, err := p.file.close()
	if err != nil {
		return err
	}
	s.files = append(s.files, output{path: p.file.path, values: p.values, partition: p.name, rows: p.file.rows, size: size})
	p.file, p.size = nil, 0
	return nil
}

// finish ends all files. A table without partitions has at least one file, so
// that its schema can be read from it.
func (s *sink) finish(ctx context.Context) ([]output, error) {
	if len(s.keys) == 0 {
		if _, err := s.partOf(nil); err != nil {
			return nil, err
		}
	}
	for _, p := range s.parts {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if p.block.rows > 0 || len(s.keys) == 0 && p.file == nil && len(s.files) == 0 {
			if err := s.flush(p); err != nil {
				return nil, err
			}
		}
		if p.file != nil {
			if err := s.end(p); err != nil {
				return nil, err
			}
		}
	}
	return s.files, nil
}

// close frees the files after an error.
func (s *sink) close() {
	for _, p := range s.parts {
		if p.file != nil {
			p.file.file.Close()
		}
	}
}
