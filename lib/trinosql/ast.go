package trinosql

// Node is any part of a parsed statement.
type Node interface {
	// Pos is the place that messages about the node name. As in Trino it is the
	// operator of a comparison or an arithmetic expression, and otherwise the
	// node's first character.
	Pos() Pos
	// Span is the node's text as byte offsets, start included, end excluded.
	Span() (start, end int)
}

// node carries the places of every AST type.
type node struct {
	pos        Pos
	start, end int
}

func (n *node) Pos() Pos               { return n.pos }
func (n *node) Span() (start, end int) { return n.start, n.end }
func (n *node) base() *node            { return n }

// Name is an identifier as written, without its quotes. Trino compares
// identifiers without regard to case, quoted or not.
type Name struct {
	Pos    Pos
	Text   string
	Quoted bool
}

// QName is a dotted name, outermost part first.
type QName []Name

// Pos is the place of the first part.
func (q QName) Pos() Pos {
	if len(q) == 0 {
		return Pos{}
	}
	return q[0].Pos
}
