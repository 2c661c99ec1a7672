package thrift

import (
	"encoding/binary"
	"math"
)

// Writer appends a message to a buffer. The zero Writer writes the binary
// protocol.
type Writer struct {
	// Compact chooses the compact protocol.
	Compact bool
	buf     []byte
	last    int16   // id of the field before, to which the compact protocol is relative
	outer   []int16 // the same of the structures around this one
}

// NewWriter returns a Writer that appends to b, which may be nil.
func NewWriter(b []byte, compact bool) *Writer { return &Writer{Compact: compact, buf: b} }

// Bytes returns what was written. They are the Writer's until the next Reset.
func (w *Writer) Bytes() []byte { return w.buf }

// Reset forgets what was written and keeps the buffer.
func (w *Writer) Reset() { w.buf, w.last, w.outer = w.buf[:0], 0, w.outer[:0] }

// Begin begins a structure.
func (w *Writer) Begin() {
	if w.Compact {
		w.outer = append(w.outer, w.last)
		w.last = 0
	}
}

// End ends a structure.
func (w *Writer) End() {
	w.buf = append(w.buf, byte(STOP))
	if w.Compact {
		n := len(w.outer) - 1
		w.last, w.outer = w.outer[n], w.outer[:n]
	}
}

// Header writes how a message begins.
func (w *Writer) Header(h Header) {
	if w.Compact {
		w.buf = append(w.buf, 0x82, 1|byte(h.Kind)<<5)
		w.varint(uint64(uint32(h.Seq)))
		w.ElemString(h.Name)
		return
	}
	w.buf = append(w.buf, 0x80, 1, 0, byte(h.Kind))
	w.ElemString(h.Name)
	w.ElemI32(h.Seq)
}

func (w *Writer) varint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// compactTypes are the compact protocol's numbers of types; 1 is a true BOOL.
var compactTypes = [16]byte{BOOL: 1, BYTE: 3, I16: 4, I32: 5, I64: 6, DOUBLE: 7, STRING: 8, LIST: 9, SET: 10, MAP: 11, STRUCT: 12}

func (w *Writer) field(t Type, id int16) {
	if !w.Compact {
		w.buf = append(w.buf, byte(t), byte(id>>8), byte(id))
		return
	}
	w.compactField(compactTypes[t], id)
}

func (w *Writer) compactField(t byte, id int16) {
	if d := int(id) - int(w.last); d > 0 && d <= 15 {
		w.buf = append(w.buf, byte(d)<<4|t)
	} else {
		w.buf = append(w.buf, t)
		w.varint(zigzag(int64(id)))
	}
	w.last = id
}

// Bool writes a field.
func (w *Writer) Bool(id int16, v bool) {
	if w.Compact {
		t := byte(2)
		if v {
			t = 1
		}
		w.compactField(t, id)
		return
	}
	w.field(BOOL, id)
	w.ElemBool(v)
}

// I8 writes a field.
func (w *Writer) I8(id int16, v int8) { w.field(BYTE, id); w.ElemI8(v) }

// I16 writes a field.
func (w *Writer) I16(id int16, v int16) { w.field(I16, id); w.ElemI16(v) }

// I32 writes a field.
func (w *Writer) I32(id int16, v int32) { w.field(I32, id); w.ElemI32(v) }

// I64 writes a field.
func (w *Writer) I64(id int16, v int64) { w.field(I64, id); w.ElemI64(v) }

// Double writes a field.
func (w *Writer) Double(id int16, v float64) { w.field(DOUBLE, id); w.ElemDouble(v) }

// String writes a field.
func (w *Writer) String(id int16, v string) { w.field(STRING, id); w.ElemString(v) }

// Binary writes a field.
func (w *Writer) Binary(id int16, v []byte) { w.field(STRING, id); w.ElemBinary(v) }

// Struct begins a field; the structure writes itself.
func (w *Writer) Struct(id int16, v Struct) { w.field(STRUCT, id); v.Write(w) }

// List begins a field of n elements, which follow.
func (w *Writer) List(id int16, t Type, n int) { w.field(LIST, id); w.ElemList(t, n) }

// Set begins a field of n elements, which follow.
func (w *Writer) Set(id int16, t Type, n int) { w.field(SET, id); w.ElemList(t, n) }

// Map begins a field of n keys and values, which follow in turn.
func (w *Writer) Map(id int16, k, v Type, n int) { w.field(MAP, id); w.ElemMap(k, v, n) }

// The Elem methods write what has no field's number: elements, keys, values.

// ElemBool writes an element.
func (w *Writer) ElemBool(v bool) {
	switch {
	case v:
		w.buf = append(w.buf, 1)
	case w.Compact:
		w.buf = append(w.buf, 2)
	default:
		w.buf = append(w.buf, 0)
	}
}

// ElemI8 writes an element.
func (w *Writer) ElemI8(v int8) { w.buf = append(w.buf, byte(v)) }

// ElemI16 writes an element.
func (w *Writer) ElemI16(v int16) {
	if w.Compact {
		w.varint(zigzag(int64(v)))
		return
	}
	w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(v))
}

// ElemI32 writes an element.
func (w *Writer) ElemI32(v int32) {
	if w.Compact {
		w.varint(zigzag(int64(v)))
		return
	}
	w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(v))
}

// ElemI64 writes an element.
func (w *Writer) ElemI64(v int64) {
	if w.Compact {
		w.varint(zigzag(v))
		return
	}
	w.buf = binary.BigEndian.AppendUint64(w.buf, uint64(v))
}

// ElemDouble writes an element.
func (w *Writer) ElemDouble(v float64) {
	if w.Compact {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(v))
		return
	}
	w.buf = binary.BigEndian.AppendUint64(w.buf, math.Float64bits(v))
}

func (w *Writer) length(n int) {
	if w.Compact {
		w.varint(uint64(n))
		return
	}
	w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(n))
}

// ElemString writes an element.
func (w *Writer) ElemString(v string) { w.length(len(v)); w.buf = append(w.buf, v...) }

// ElemBinary writes an element.
func (w *Writer) ElemBinary(v []byte) { w.length(len(v)); w.buf = append(w.buf, v...) }

// ElemList begins a list or set of n elements.
func (w *Writer) ElemList(t Type, n int) {
	if !w.Compact {
		w.buf = append(w.buf, byte(t))
		w.length(n)
		return
	}
	c := compactTypes[t]
	if n < 15 {
		w.buf = append(w.buf, byte(n)<<4|c)
		return
	}
	w.buf = append(w.buf, 0xf0|c)
	w.length(n)
}

// ElemMap begins a map of n keys and values.
func (w *Writer) ElemMap(k, v Type, n int) {
	if !w.Compact {
		w.buf = append(w.buf, byte(k), byte(v))
		w.length(n)
		return
	}
	w.length(n)
	if n > 0 {
		w.buf = append(w.buf, compactTypes[k]<<4|compactTypes[v])
	}
}

// Structs writes a field that is a list of structures.
func Structs[T any, P interface {
	*T
	Struct
}](w *Writer, id int16, list []*T) {
	w.List(id, STRUCT, len(list))
	for _, v := range list {
		P(v).Write(w)
	}
}

// Strings writes a field that is a list of strings.
func (w *Writer) Strings(id int16, list []string) {
	w.List(id, STRING, len(list))
	for _, v := range list {
		w.ElemString(v)
	}
}

// StringMap writes a field that is a map of strings to strings.
func (w *Writer) StringMap(id int16, m map[string]string) {
	w.Map(id, STRING, STRING, len(m))
	for k, v := range m {
		w.ElemString(k)
		w.ElemString(v)
	}
}
