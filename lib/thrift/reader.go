package thrift

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Reader reads a message from bytes.
type Reader struct {
	compact bool
	buf     []byte
	text    string // the same bytes as a string, of which read strings are parts
	at      int
	err     error
	depth   int

	// Of the compact protocol: the id of the field before, in this structure and
	// those around it, and the value of a BOOL field, which its header holds.
	last    int16
	outer   []int16
	pending bool
	value   bool

	// budget is how much memory decoded values may still take.
	budget int
	// more tries to make n more bytes available; nil where all bytes are there.
	more func(n int) error
}

// A decoded message may take inflation times its length and slack more. The
// factor is that of a compact message full of short strings in maps.
const (
	inflation = 64
	slack     = 64 << 10
)

// NewReader returns a Reader of a whole message, or of what follows its header.
// It copies b once; every string that is read is a part of that copy.
func NewReader(b []byte, compact bool) *Reader {
	text := string(b)
	return &Reader{compact: compact, buf: unsafe.Slice(unsafe.StringData(text), len(text)), text: text, budget: inflation*len(b) + slack}
}

// Err returns the first error, or nil.
func (r *Reader) Err() error { return r.err }

// Rest returns how many bytes are unread.
func (r *Reader) Rest() int { return len(r.buf) - r.at }

func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *Reader) malformed(format string, args ...any) {
	r.fail(fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...))
}

// take returns the next n bytes, or nil.
func (r *Reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.buf)-r.at {
		if r.more == nil {
			r.malformed("it ends within a value")
			return nil
		}
		if err := r.more(n); err != nil {
			r.fail(err)
			return nil
		}
	}
	b := r.buf[r.at : r.at+n]
	r.at += n
	return b
}

func (r *Reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *Reader) varint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.malformed("a number of more than 64 bits")
	return 0
}

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// Header reads how a message begins, in either spelling of the binary protocol.
func (r *Reader) Header() (h Header) {
	if r.compact {
		if b := r.byte(); b != 0x82 && r.err == nil {
			r.malformed("protocol %#x", b)
		}
		b := r.byte()
		if b&0x1f != 1 && r.err == nil {
			r.malformed("version %d of the compact protocol", b&0x1f)
		}
		h.Kind = Kind(b >> 5)
		h.Seq = int32(r.varint())
		h.Name = r.String()
	} else {
		n := r.I32()
		if n < 0 {
			if uint32(n)&0xffff0000 != 0x80010000 {
				r.malformed("version %#x of the binary protocol", uint32(n)>>16)
			}
			h.Kind = Kind(n & 0xff)
			h.Name = r.String()
		} else {
			h.Name = r.string(int(n))
			h.Kind = Kind(r.byte())
		}
		h.Seq = r.I32()
	}
	if r.err == nil && (h.Kind < CALL || h.Kind > ONEWAY) {
		r.malformed("message of kind %d", h.Kind)
	}
	return h
}

// Begin begins a structure. It ends when Field answers STOP.
func (r *Reader) Begin() {
	if r.depth++; r.depth > MaxDepth {
		r.fail(ErrTooDeep)
	}
	if r.compact {
		r.outer = append(r.outer, r.last)
		r.last = 0
	}
}

func (r *Reader) end() {
	r.depth--
	if r.compact {
		if n := len(r.outer) - 1; n >= 0 {
			r.last, r.outer = r.outer[n], r.outer[:n]
		}
	}
}

// wireTypes are the types by the compact protocol's numbers.
var wireTypes = [16]Type{1: BOOL, 2: BOOL, 3: BYTE, 4: I16, 5: I32, 6: I64, 7: DOUBLE, 8: STRING, 9: LIST, 10: SET, 11: MAP, 12: STRUCT}

// Field reads which field follows. It answers STOP at the end of the structure,
// and after an error.
func (r *Reader) Field() (t Type, id int16) {
	b := r.byte()
	if b == byte(STOP) || r.err != nil {
		r.end()
		return STOP, 0
	}
	if !r.compact {
		return Type(b), r.I16()
	}
	c := b & 15
	if d := int16(b >> 4); d != 0 {
		id = r.last + d
	} else {
		id = r.I16()
	}
	r.last = id
	if t = wireTypes[c]; t == STOP {
		r.malformed("field of type %d", c)
		r.end()
		return STOP, 0
	}
	if t == BOOL {
		r.pending, r.value = true, c == 1
	}
	return t, id
}

// Bool reads a value.
func (r *Reader) Bool() bool {
	if r.pending {
		r.pending = false
		return r.value
	}
	return r.byte() == 1
}

// I8 reads a value.
func (r *Reader) I8() int8 { return int8(r.byte()) }

// I16 reads a value.
func (r *Reader) I16() int16 {
	if r.compact {
		return int16(unzigzag(r.varint()))
	}
	if b := r.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

// I32 reads a value.
func (r *Reader) I32() int32 {
	if r.compact {
		return int32(unzigzag(r.varint()))
	}
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// I64 reads a value.
func (r *Reader) I64() int64 {
	if r.compact {
		return unzigzag(r.varint())
	}
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Double reads a value.
func (r *Reader) Double() float64 {
	b := r.take(8)
	switch {
	case b == nil:
		return 0
	case r.compact:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b))
}

// length reads a length, which is never negative.
func (r *Reader) length() int {
	var n int64
	if r.compact {
		n = int64(r.varint())
	} else {
		n = int64(r.I32())
	}
	if n < 0 || n > math.MaxInt32 {
		r.malformed("length %d", n)
		return 0
	}
	return int(n)
}

// String reads a value. It shares the message's memory.
func (r *Reader) String() string { return r.string(r.length()) }

func (r *Reader) string(n int) string {
	if r.take(n) == nil {
		return ""
	}
	if r.text == "" { // a stream: see Conn.Receive
		return string(r.buf[r.at-n : r.at])
	}
	return r.text[r.at-n : r.at]
}

// Binary reads a value.
func (r *Reader) Binary() []byte { return append([]byte{}, r.take(r.length())...) }

// List reads what a list or set begins with. Its elements, which follow, are of
// type t; if it has elements of another, they are skipped and n is 0.
func (r *Reader) List(t Type) (n int) {
	have, n := r.list()
	if have != t {
		for ; n > 0 && r.err == nil; n-- {
			r.Skip(have)
		}
		return 0
	}
	return r.count(n)
}

func (r *Reader) list() (t Type, n int) {
	if !r.compact {
		t = Type(r.byte())
		return t, r.length()
	}
	b := r.byte()
	t, n = wireTypes[b&15], int(b>>4)
	if n == 15 {
		n = r.length()
	}
	return t, n
}

// Map reads what a map begins with, as List does.
func (r *Reader) Map(k, v Type) (n int) {
	haveK, haveV, n := r.mapHeader()
	if n > 0 && (haveK != k || haveV != v) {
		for ; n > 0 && r.err == nil; n-- {
			r.Skip(haveK)
			r.Skip(haveV)
		}
		return 0
	}
	return r.count(n)
}

func (r *Reader) mapHeader() (k, v Type, n int) {
	if !r.compact {
		k, v = Type(r.byte()), Type(r.byte())
		return k, v, r.length()
	}
	if n = r.length(); n > 0 {
		b := r.byte()
		k, v = wireTypes[b>>4], wireTypes[b&15]
	}
	return k, v, n
}

// count returns how many elements there can be: each takes at least a byte.
func (r *Reader) count(n int) int {
	if r.err != nil {
		return 0
	}
	if n > r.Rest() {
		r.malformed("%d elements in %d bytes", n, r.Rest())
		return 0
	}
	return n
}

// spend takes memory from the budget.
func (r *Reader) spend(bytes int) bool {
	if r.err != nil {
		return false
	}
	if r.budget -= bytes; r.budget < 0 {
		r.fail(fmt.Errorf("%w: it would take %d times its length in memory", ErrTooLarge, inflation))
		return false
	}
	return true
}

// Skip skips a value.
func (r *Reader) Skip(t Type) {
	if r.err != nil {
		return
	}
	switch t {
	case BOOL:
		r.Bool()
	case BYTE:
		r.take(1)
	case I16:
		r.I16()
	case I32:
		r.I32()
	case I64:
		r.I64()
	case DOUBLE:
		r.take(8)
	case STRING:
		r.take(r.length())
	case STRUCT:
		r.Begin()
		for {
			t, _ := r.Field()
			if t == STOP {
				return
			}
			r.Skip(t)
		}
	case LIST, SET:
		t, n := r.list()
		r.skipAll(n, t)
	case MAP:
		k, v, n := r.mapHeader()
		r.skipAll(n, k, v)
	default:
		r.malformed("value of type %d", t)
	}
}

// skipAll skips n elements, each of them values of the types.
func (r *Reader) skipAll(n int, types ...Type) {
	if r.depth++; r.depth > MaxDepth {
		r.fail(ErrTooDeep)
		return
	}
	for ; n > 0 && r.err == nil; n-- {
		for _, t := range types {
			r.Skip(t)
		}
	}
	r.depth--
}

// ReadStruct reads a structure.
func ReadStruct[T any, P interface {
	*T
	Struct
}](r *Reader) *T {
	if !r.spend(int(unsafe.Sizeof(*new(T)))) {
		return nil
	}
	v := new(T)
	P(v).Read(r)
	return v
}

// ReadStructs reads a list of structures.
func ReadStructs[T any, P interface {
	*T
	Struct
}](r *Reader) []*T {
	n := r.List(STRUCT)
	if !r.spend(n * int(unsafe.Sizeof(*new(T))+unsafe.Sizeof((*T)(nil)))) {
		return nil
	}
	values, list := make([]T, n), make([]*T, n) // one allocation for all
	for i := range values {
		P(&values[i]).Read(r)
		list[i] = &values[i]
	}
	return list
}

// Slice makes room for the elements of a list.
func Slice[T any](r *Reader, t Type) []T {
	n := r.List(t)
	if !r.spend(n * int(unsafe.Sizeof(*new(T)))) {
		return nil
	}
	return make([]T, n)
}

// mapEntry is about what an entry of a map takes beside its key and value.
const mapEntry = 48

// MakeMap makes a map for the entries that follow, and says how many.
func MakeMap[K comparable, V any](r *Reader, k, v Type) (m map[K]V, n int) {
	n = r.Map(k, v)
	if !r.spend(n * mapEntry) {
		n = 0
	}
	return make(map[K]V, min(n, 1024)), n // keys may repeat
}

// Strings reads a list of strings.
func (r *Reader) Strings() []string {
	list := Slice[string](r, STRING)
	for i := range list {
		list[i] = r.String()
	}
	return list
}

// StringMap reads a map of strings to strings.
func (r *Reader) StringMap() map[string]string {
	m, n := MakeMap[string, string](r, STRING, STRING)
	for ; n > 0 && r.err == nil; n-- {
		k := r.String()
		m[k] = r.String()
	}
	return m
}
