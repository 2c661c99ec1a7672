// Package thrift reads and writes Apache Thrift's binary and compact protocols,
// and carries messages over connections, framed or not.
//
// Package thrift/gen writes Go types from an interface file; they are Structs,
// which write themselves to a Writer and read themselves from a Reader. Neither
// knows which protocol it has in its hands.
//
// # Bounds
//
// What comes from the network is hostile. A message is received by skipping
// through it (Conn.Receive): memory grows only as bytes arrive, up to a limit,
// whatever lengths it announces, and structures are nested at most MaxDepth deep.
// Only a whole message is decoded, and what it decodes to may take no more than
// a multiple of its length. Errors are sticky: after the first, a Reader reads
// zeros, and Err says what was wrong.
//
// # Absent values
//
// Thrift tells an absent field from an empty one, and Java's null is an absent
// field. Here a string that is empty is absent unless its field is required or
// an argument of a method, a list that is nil is absent if its field is optional,
// and an optional number or boolean is a pointer.
//
// The formats are those of the Thrift project's documents thrift-binary-protocol,
// thrift-compact-protocol and thrift-rpc.
package thrift

import (
	"errors"
	"fmt"
)

// Type is a type on the wire, in the numbers of the binary protocol.
type Type byte

// The types.
const (
	STOP   Type = 0
	BOOL   Type = 2
	BYTE   Type = 3
	DOUBLE Type = 4
	I16    Type = 6
	I32    Type = 8
	I64    Type = 10
	STRING Type = 11
	STRUCT Type = 12
	MAP    Type = 13
	SET    Type = 14
	LIST   Type = 15
)

// Kind is the kind of a message.
type Kind byte

// The kinds of messages.
const (
	CALL      Kind = 1
	REPLY     Kind = 2
	EXCEPTION Kind = 3
	ONEWAY    Kind = 4
)

// Header begins a message.
type Header struct {
	Name string
	Kind Kind
	Seq  int32
}

// Struct is a type that an interface file defines.
type Struct interface {
	Write(*Writer)
	Read(*Reader)
}

// MaxDepth is how deep structures may be nested. Thrift's libraries use the same.
const MaxDepth = 64

// Errors of a message that cannot be read. They are wrapped; use errors.Is.
var (
	// ErrFormat: the bytes are not a message.
	ErrFormat = errors.New("thrift: malformed message")
	// ErrTooLarge: a message, or what it would decode to, exceeds its bound.
	ErrTooLarge = errors.New("thrift: message too large")
	// ErrTooDeep: structures are nested deeper than MaxDepth.
	ErrTooDeep = errors.New("thrift: message nested too deep")
)

// ApplicationError is Thrift's TApplicationException: an answer that says why a
// method could not be called at all.
type ApplicationError struct {
	Message string
	Code    int32
}

// Codes of an ApplicationError, of those that Thrift defines.
const (
	UnknownMethod = 1
	InternalError = 6
	ProtocolError = 7
)

func (e *ApplicationError) Error() string {
	return fmt.Sprintf("thrift: %s (code %d)", e.Message, e.Code)
}

// Write implements Struct.
func (e *ApplicationError) Write(w *Writer) {
	w.Begin()
	w.String(1, e.Message)
	w.I32(2, e.Code)
	w.End()
}

// Read implements Struct.
func (e *ApplicationError) Read(r *Reader) {
	for r.Begin(); ; {
		switch t, id := r.Field(); {
		case t == STOP:
			return
		case t == STRING && id == 1:
			e.Message = r.String()
		case t == I32 && id == 2:
			e.Code = r.I32()
		default:
			r.Skip(t)
		}
	}
}
