package trinosql

import (
	"fmt"
	"strings"
)

// Pos is a place in a statement's text. The zero Pos means "no place known".
type Pos struct {
	Off  int // byte offset, from 0
	Line int // line, from 1
	Col  int // column in characters, from 1
}

// IsValid reports whether p names a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

func (p Pos) String() string { return fmt.Sprintf("line %d:%d", p.Line, p.Col) }

// Code classifies an [Error] in Trino's own vocabulary (its standard error
// codes), which Athena puts before the message: "COLUMN_NOT_FOUND: line 1:8: ...".
type Code string

// The codes that this package returns.
const (
	SyntaxError             Code = "SYNTAX_ERROR"
	NotSupported            Code = "NOT_SUPPORTED"
	StatementTooLarge       Code = "STATEMENT_TOO_LARGE"
	TypeMismatch            Code = "TYPE_MISMATCH"
	TypeNotFound            Code = "TYPE_NOT_FOUND"
	InvalidLiteral          Code = "INVALID_LITERAL"
	ColumnNotFound          Code = "COLUMN_NOT_FOUND"
	TableNotFound           Code = "TABLE_NOT_FOUND"
	FunctionNotFound        Code = "FUNCTION_NOT_FOUND"
	AmbiguousName           Code = "AMBIGUOUS_NAME"
	DuplicateColumnName     Code = "DUPLICATE_COLUMN_NAME"
	DuplicateNamedQuery     Code = "DUPLICATE_NAMED_QUERY"
	DuplicateWindowName     Code = "DUPLICATE_WINDOW_NAME"
	ColumnNameNotSpecified  Code = "COLUMN_NAME_NOT_SPECIFIED"
	ColumnTypeUnknown       Code = "COLUMN_TYPE_UNKNOWN"
	MismatchedColumnAliases Code = "MISMATCHED_COLUMN_ALIASES"
	InvalidColumnReference  Code = "INVALID_COLUMN_REFERENCE"
	ExpressionNotAggregate  Code = "EXPRESSION_NOT_AGGREGATE"
	ExpressionNotScalar     Code = "EXPRESSION_NOT_SCALAR"
	ExpressionNotInDistinct Code = "EXPRESSION_NOT_IN_DISTINCT"
	FunctionNotAggregate    Code = "FUNCTION_NOT_AGGREGATE"
	FunctionNotWindow       Code = "FUNCTION_NOT_WINDOW"
	NestedAggregation       Code = "NESTED_AGGREGATION"
	NestedWindow            Code = "NESTED_WINDOW"
	MissingGroupBy          Code = "MISSING_GROUP_BY"
	MissingOver             Code = "MISSING_OVER"
	MissingOrderBy          Code = "MISSING_ORDER_BY"
	InvalidWindowFrame      Code = "INVALID_WINDOW_FRAME"
	InvalidWindowReference  Code = "INVALID_WINDOW_REFERENCE"
	InvalidPartitionBy      Code = "INVALID_PARTITION_BY"
	InvalidOrderBy          Code = "INVALID_ORDER_BY"
	InvalidParameterUsage   Code = "INVALID_PARAMETER_USAGE"
	InvalidArguments        Code = "INVALID_ARGUMENTS"
	InvalidFunctionArgument Code = "INVALID_FUNCTION_ARGUMENT"
	InvalidLimitClause      Code = "INVALID_LIMIT_CLAUSE"
	InvalidView             Code = "INVALID_VIEW"
	ViewIsRecursive         Code = "VIEW_IS_RECURSIVE"
	TooManyGroupingSets     Code = "TOO_MANY_GROUPING_SETS"
	NumericValueOutOfRange  Code = "NUMERIC_VALUE_OUT_OF_RANGE"
	MissingSchemaName       Code = "MISSING_SCHEMA_NAME"
	TooManyArguments        Code = "TOO_MANY_ARGUMENTS"
)

// Error tells what is wrong with a statement and where. Its text reads as
// Trino's: "line 1:8: Column 'x' cannot be resolved".
type Error struct {
	Pos  Pos
	Code Code
	Msg  string
	// Err is the cause when a [Resolver] failed; nil otherwise.
	Err error
}

func (e *Error) Error() string {
	if !e.Pos.IsValid() {
		return e.Msg
	}
	return e.Pos.String() + ": " + e.Msg
}

// Unwrap returns the resolver's error, if one is the cause.
func (e *Error) Unwrap() error { return e.Err }

// maxMessage bounds a message, which may quote the statement's own text.
const maxMessage = 4000

func errorf(pos Pos, code Code, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	if len(msg) > maxMessage {
		msg = strings.ToValidUTF8(msg[:maxMessage], "") + "..."
	}
	return &Error{Pos: pos, Code: code, Msg: msg}
}
