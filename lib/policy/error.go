package policy

import "fmt"

// Error says what is wrong with a policy document, and where.
type Error struct {
	Path   string // the element, as Statement[1].Condition.StringEquals; empty for the document
	Line   int    // from 1
	Column int    // in bytes, from 1
	Msg    string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
	}
	return fmt.Sprintf("line %d, column %d: %s: %s", e.Line, e.Column, e.Path, e.Msg)
}

// Position is a place in a policy document. Lines and columns count from 1,
// columns in bytes.
type Position struct{ Line, Column int }
