package parquet

import (
	"encoding/binary"
	"slices"
)

// Types of Thrift's compact protocol, by their numbers on the wire.
const (
	tTrue   = 1
	tFalse  = 2
	tByte   = 3
	tI16    = 4
	tI32    = 5
	tI64    = 6
	tDouble = 7
	tBinary = 8
	tList   = 9
	tSet    = 10
	tStruct = 12
)

// node is a value of Thrift's compact protocol with all that was in it: fields of
// later versions of Parquet are written again as they were read. Parquet has no
// maps, so neither has node.
type node struct {
	kind   byte
	elem   byte   // type of a list's elements
	n      int64  // a number; in a list of booleans, the byte of one
	data   []byte // binary, and the 8 bytes of a double
	list   []node
	fields []field
}

type field struct {
	id int16
	node
}

const (
	// maxNodes bounds the values of one structure, and so the memory it takes when
	// decoded, to some 100 MB: a page index of 250,000 pages, or a row group of
	// 20,000 columns.
	maxNodes = 1 << 20
	maxDepth = 32
)

// decoder reads the compact protocol. After an error it reads nothing more.
type decoder struct {
	b     []byte
	at    int
	nodes int // read so far
	err   error
	// short says that the error is that the bytes ended.
	short bool
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = damaged(format, args...)
	}
}

func (d *decoder) end() {
	d.short = true
	d.fail("a structure ends within a value")
}

func (d *decoder) byte() byte {
	if d.err != nil {
		return 0
	}
	if d.at >= len(d.b) {
		d.end()
		return 0
	}
	d.at++
	return d.b[d.at-1]
}

func (d *decoder) uvarint() uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.b[d.at:])
	switch {
	case n == 0:
		d.end()
		return 0
	case n < 0:
		d.fail("a number has more than 64 bits")
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) take(n uint64) []byte {
	if d.err != nil {
		return nil
	}
	if n > uint64(len(d.b)-d.at) {
		d.end()
		return nil
	}
	b := d.b[d.at : d.at+int(n) : d.at+int(n)]
	d.at += int(n)
	return b
}

// count takes note of n more values.
func (d *decoder) count(n int) {
	if d.nodes += n; d.nodes > maxNodes && d.err == nil {
		d.err = unsupported("a structure has more than %d values", maxNodes)
	}
}

// length reads the header of a list.
func (d *decoder) length() (n int, elem byte) {
	h := d.byte()
	size := uint64(h >> 4)
	if size == 15 {
		size = d.uvarint()
	}
	if size > uint64(len(d.b)-d.at) { // each element has a byte at least
		d.end()
		return 0, 0
	}
	return int(size), h & 15
}

// header reads how a field begins; kind is 0 at the end of the structure.
func (d *decoder) header(last int16) (id int16, kind byte) {
	h := d.byte()
	if h == 0 || d.err != nil {
		return 0, 0
	}
	if delta := h >> 4; delta != 0 {
		return last + int16(delta), h & 15
	}
	return int16(d.varint()), h & 15
}

func (d *decoder) value(kind byte, depth int) node {
	v := node{kind: kind}
	if depth > maxDepth {
		d.fail("structures are nested more than %d deep", maxDepth)
		return v
	}
	switch kind {
	case tTrue, tFalse:
	case tByte:
		v.n = int64(int8(d.byte()))
	case tI16, tI32, tI64:
		v.n = d.varint()
	case tDouble:
		v.data = d.take(8)
	case tBinary:
		v.data = d.take(d.uvarint())
	case tList, tSet:
		var n int
		n, v.elem = d.length()
		if d.count(n); d.err != nil {
			return v
		}
		v.list = make([]node, n)
		for i := range v.list {
			v.list[i] = d.element(v.elem, depth)
		}
	case tStruct:
		d.structure(&v, depth)
	default:
		d.fail("a value is of type %d", kind)
	}
	return v
}

// element reads an element of a list, where a boolean has a byte of its own.
func (d *decoder) element(kind byte, depth int) node {
	if kind == tTrue || kind == tFalse {
		return node{kind: kind, n: int64(d.byte())}
	}
	return d.value(kind, depth+1)
}

func (d *decoder) structure(v *node, depth int) {
	var last int16
	for d.err == nil {
		id, kind := d.header(last)
		if kind == 0 {
			return
		}
		d.count(1)
		v.fields = append(v.fields, field{id, d.value(kind, depth+1)})
		last = id
	}
}

// decode reads a structure and says how many bytes it has.
func decode(b []byte) (v node, size int, err error) {
	d := decoder{b: b}
	v = d.value(tStruct, 0)
	return v, d.at, d.err
}

// appendNode appends a value as decode read it.
func appendNode(b []byte, v *node) []byte {
	switch v.kind {
	case tByte:
		b = append(b, byte(v.n))
	case tI16, tI32, tI64:
		b = binary.AppendVarint(b, v.n)
	case tDouble:
		b = append(b, v.data...)
	case tBinary:
		b = binary.AppendUvarint(b, uint64(len(v.data)))
		b = append(b, v.data...)
	case tList, tSet:
		b = appendLength(b, len(v.list), v.elem)
		for i := range v.list {
			if v.elem == tTrue || v.elem == tFalse {
				b = append(b, byte(v.list[i].n))
			} else {
				b = appendNode(b, &v.list[i])
			}
		}
	case tStruct:
		var last int16
		for i := range v.fields {
			f := &v.fields[i]
			b = appendNode(appendHeader(b, last, f.id, f.kind), &f.node)
			last = f.id
		}
		b = append(b, 0)
	}
	return b
}

func appendHeader(b []byte, last, id int16, kind byte) []byte {
	if delta := int(id) - int(last); delta > 0 && delta <= 15 {
		return append(b, byte(delta)<<4|kind)
	}
	return binary.AppendVarint(append(b, kind), int64(id))
}

func appendLength(b []byte, n int, elem byte) []byte {
	if n < 15 {
		return append(b, byte(n)<<4|elem)
	}
	return binary.AppendUvarint(append(b, 0xf0|elem), uint64(n))
}

// get returns a field of a structure, or nil. A nil node has no fields.
func (v *node) get(id int16) *node {
	if v == nil {
		return nil
	}
	for i := range v.fields {
		if v.fields[i].id == id {
			return &v.fields[i].node
		}
	}
	return nil
}

// num returns a number in a structure, 0 where it is absent.
func (v *node) num(id int16) int64 {
	if f := v.get(id); f != nil {
		return f.n
	}
	return 0
}

// items returns a list in a structure, nil where it is absent.
func (v *node) items(id int16) []node {
	if f := v.get(id); f != nil {
		return f.list
	}
	return nil
}

// set puts a field in its place.
func (v *node) set(id int16, value node) {
	i, found := slices.BinarySearchFunc(v.fields, id, func(f field, id int16) int { return int(f.id) - int(id) })
	if found {
		v.fields[i].node = value
		return
	}
	if f := v.get(id); f != nil { // fields out of order
		*f = value
		return
	}
	v.fields = slices.Insert(v.fields, i, field{id, value})
}

// setNum puts a number, of the type that the field has, or of the given one.
func (v *node) setNum(id int16, kind byte, n int64) {
	if f := v.get(id); f != nil {
		f.n = n
		return
	}
	v.set(id, node{kind: kind, n: n})
}

// add adds to a number that is there.
func (v *node) add(id int16, n int64) {
	if f := v.get(id); f != nil {
		f.n += n
	}
}

// del takes fields out.
func (v *node) del(ids ...int16) {
	v.fields = slices.DeleteFunc(v.fields, func(f field) bool { return slices.Contains(ids, f.id) })
}

// keep takes all fields out but those up to id.
func (v *node) keep(id int16) {
	v.fields = slices.DeleteFunc(v.fields, func(f field) bool { return f.id < 1 || f.id > id })
}
