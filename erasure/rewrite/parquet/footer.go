package parquet

import (
	"context"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"

	"lethe/object"
)

// file is a Parquet file, opened. Row groups stay as bytes until one is worked on,
// so that a file of any number of them takes little memory.
type file struct {
	src    *source
	footer node // FileMetaData; its list of row groups is empty
	groups [][]byte
	start  int64 // where the footer begins, and pages end
	leaves []leaf
	rows   int64
}

// group is a row group.
type group struct {
	node
	number int   // from 0
	first  int64 // its first row, in the file
	rows   int64
}

func (g *group) columns() []node { return g.items(groupColumns) }

const (
	magic          = "PAR1"
	magicEncrypted = "PARE"
	// maxFooter bounds the footer; a column chunk takes some 150 bytes of it.
	maxFooter = 32 << 20
	// maxGroupRows bounds the rows of a row group, of which a bit each is kept.
	maxGroupRows = 1 << 30
)

// openFile reads the footer of a Parquet file.
func openFile(ctx context.Context, c object.Content) (*file, error) {
	f := &file{src: &source{at: c, size: c.Size()}}
	if f.src.size < 12 {
		return nil, damaged("it has %d bytes", f.src.size)
	}
	tail, err := f.src.bytes(ctx, nil, f.src.size-min(f.src.size, 64<<10), min(f.src.size, 64<<10))
	if err != nil {
		return nil, err
	}
	end := len(tail) - 8
	switch string(tail[end+4:]) {
	case magic:
	case magicEncrypted:
		return nil, unsupported("an encrypted file")
	default:
		return nil, damaged("it does not end with %s", magic)
	}
	size := int64(binary.LittleEndian.Uint32(tail[end:]))
	f.start = f.src.size - 8 - size
	switch {
	case f.start < 4:
		return nil, damaged("a footer of %d bytes in a file of %d", size, f.src.size)
	case size > maxFooter:
		return nil, unsupported("a footer of %d MB (the most is %d)", size>>20, maxFooter>>20)
	}
	b := tail[:end]
	if int64(len(b)) >= size {
		b = b[int64(len(b))-size:]
	} else if b, err = f.src.bytes(ctx, nil, f.start, size); err != nil {
		return nil, err
	}
	if err := f.decode(b); err != nil {
		return nil, in(err, "footer")
	}
	return f, nil
}

// decode reads the footer, but for what is in the row groups.
func (f *file) decode(b []byte) error {
	d := decoder{b: b}
	f.footer.kind = tStruct
	var last int16
	for d.err == nil {
		id, kind := d.header(last)
		if kind == 0 {
			break
		}
		last = id
		if id != fileGroups || kind != tList {
			f.footer.fields = append(f.footer.fields, field{id, d.value(kind, 1)})
			continue
		}
		n, elem := d.length()
		if elem != tStruct && n > 0 {
			return damaged("row groups of type %d", elem)
		}
		for range n {
			from := d.at
			d.nodes = 0
			d.value(tStruct, 2)
			if d.err != nil {
				return d.err
			}
			f.groups = append(f.groups, b[from:d.at])
		}
		d.nodes = 0
		f.footer.fields = append(f.footer.fields, field{id, node{kind: tList, elem: tStruct}})
	}
	if d.err != nil {
		return d.err
	}
	if f.footer.get(fileEncryption) != nil || f.footer.get(fileSigningKey) != nil {
		return unsupported("an encrypted file")
	}
	if wrongSizes(string(f.footer.get(fileCreatedBy).bytes())) {
		return unsupported("a file by a version of parquet-mr before 1.2.9, which states sizes that are wrong (PARQUET-816)")
	}
	schema := f.footer.items(fileSchema)
	if len(schema) == 0 {
		return damaged("it has no schema")
	}
	var err error
	if f.leaves, err = leaves(schema, f.footer.items(fileOrders)); err != nil {
		return err
	}
	for i := range f.groups {
		g, err := f.group(i, f.rows)
		if err != nil {
			return err
		}
		f.rows += g.rows
	}
	if f.rows != f.footer.num(fileRows) {
		return damaged("%d rows in the row groups, %d in the file", f.rows, f.footer.num(fileRows))
	}
	return nil
}

// group decodes a row group, the first row of which is at first.
func (f *file) group(i int, first int64) (*group, error) {
	v, _, err := decode(f.groups[i])
	if err != nil {
		return nil, in(err, "row group %d", i)
	}
	g := &group{node: v, number: i, first: first, rows: v.num(groupRows)}
	if g.rows < 0 || g.rows > maxGroupRows {
		return nil, damaged("row group %d has %d rows", i, g.rows)
	}
	if n := len(g.columns()); n != len(f.leaves) {
		return nil, damaged("row group %d has %d columns, the schema %d", i, n, len(f.leaves))
	}
	return g, nil
}

var parquetMR = regexp.MustCompile(`^parquet-mr (?:version )?(\d+)\.(\d+)\.(\d+)`)

// wrongSizes reports whether chunks are longer than a file's footer says.
func wrongSizes(createdBy string) bool {
	m := parquetMR.FindStringSubmatch(createdBy)
	if m == nil {
		return false
	}
	var v [3]int
	for i := range v {
		v[i], _ = strconv.Atoi(m[i+1])
	}
	return v[0] == 1 && (v[1] < 2 || v[1] == 2 && v[2] < 9)
}

// splitsRows reports whether the file's writer begins pages within rows even where
// that is forbidden, which is where there is a page index, or pages are of the
// second version: Arrow's in C++ does.
func (f *file) splitsRows() bool {
	return strings.HasPrefix(string(f.footer.get(fileCreatedBy).bytes()), "parquet-cpp")
}

// chunkRange returns where a chunk's pages are.
func chunkRange(m *node, limit int64) (start, end int64, err error) {
	start = m.num(metaDataPage)
	if d := m.num(metaDictPage); d > 0 && d < start {
		start = d
	}
	n := m.num(metaCompressed)
	if start < 4 || n < 0 || start > limit || n > limit-start {
		return 0, 0, damaged("%d bytes at %d are not within the file's pages", n, start)
	}
	return start, start + n, nil
}

// readIndex reads an offset index or a column index.
func (f *file) readIndex(ctx context.Context, off, n int64) (node, error) {
	if n <= 0 || n > maxFooter {
		return node{}, damaged("it has %d bytes", n)
	}
	b, err := f.src.bytes(ctx, nil, off, n)
	if err != nil {
		return node{}, err
	}
	v, _, err := decode(b)
	return v, err
}
