package trinosql

// Constant is a value known without running the statement. Text is its
// canonical form: an integer's or decimal's digits, "true" or "false", a date's
// yyyy-mm-dd, a timestamp's yyyy-mm-dd hh:mm:ss.fff, a varchar's own text.
type Constant struct {
	Type *Type
	Null bool
	Text string
}

// Range is an interval of values. A nil end is open.
type Range struct {
	Low, High                   *Constant
	LowInclusive, HighInclusive bool
}

// Predicate says that a table's column lies in one of some ranges, or with
// NullOK is null. An empty Ranges without NullOK means that no row qualifies.
type Predicate struct {
	Column int // index into the schema's columns
	Ranges []Range
	NullOK bool
}
