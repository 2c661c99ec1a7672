package query

import (
	"math/big"
	"strings"

	"lethe/catalog"
	"lethe/lib/trinosql"
)

// pruner decides from their values which partitions a table reference needs. It
// keeps a partition whenever it is not sure.
type pruner struct {
	keys []keyRanges // by partition key
}

type keyRanges struct {
	typ    *trinosql.Type
	bound  bool // a predicate is known
	ranges []trinosql.Range
	nullOK bool
}

func newPruner(t catalog.Table, use *trinosql.TableUse) pruner {
	first := len(t.Storage.Columns)
	p := pruner{keys: make([]keyRanges, len(t.Partitions))}
	for i := range p.keys {
		p.keys[i].typ = use.Schema.Columns[first+i].Type
	}
	for _, pr := range use.Predicates {
		if i := pr.Column - first; i >= 0 && i < len(p.keys) && !p.keys[i].bound {
			p.keys[i].bound, p.keys[i].ranges, p.keys[i].nullOK = true, pr.Ranges, pr.NullOK
		}
	}
	return p
}

// expression is what a catalog can use: for text keys bound to single values,
// these values. Other types have several spellings of one value.
func (p pruner) expression() *catalog.Expression {
	e := &catalog.Expression{Values: make([][]string, len(p.keys))}
	any := false
	for i, k := range p.keys {
		if !k.bound || k.nullOK || k.typ.Kind != trinosql.KindVarchar {
			continue
		}
		values := make([]string, 0, len(k.ranges))
		for _, r := range k.ranges {
			if r.Low == nil || r.High == nil || !r.LowInclusive || !r.HighInclusive || r.Low.Text != r.High.Text {
				values = nil
				break
			}
			values = append(values, r.Low.Text)
		}
		if values != nil {
			e.Values[i], any = values, true
		}
	}
	if !any {
		return nil
	}
	return e
}

// keeps reports whether a partition may hold rows that matter.
func (p pruner) keeps(values []string) bool {
	for i, k := range p.keys {
		if k.bound && i < len(values) && !k.allows(values[i]) {
			return false
		}
	}
	return true
}

func (k keyRanges) allows(value string) bool {
	if value == catalog.DefaultValue {
		return k.nullOK
	}
	for _, r := range k.ranges {
		low, ok1 := k.beyond(r.Low, value, r.LowInclusive, 1)
		high, ok2 := k.beyond(r.High, value, r.HighInclusive, -1)
		if !ok1 || !ok2 || low && high {
			return true
		}
	}
	return false
}

// beyond reports whether value is on the inner side of an end: greater than it
// if sign is 1, less if -1, or equal where that counts.
func (k keyRanges) beyond(end *trinosql.Constant, value string, inclusive bool, sign int) (inside, ok bool) {
	if end == nil {
		return true, true
	}
	c, ok := compare(k.typ, value, end.Text)
	return c*sign > 0 || inclusive && c == 0, ok
}

// compare orders a partition's value and a constant; ok is false where this
// code does not know the order.
func compare(t *trinosql.Type, value, constant string) (c int, ok bool) {
	switch {
	case t.Kind == trinosql.KindVarchar:
		return strings.Compare(value, constant), true
	case t.IsInteger():
		var a, b big.Int
		if _, ok := a.SetString(value, 10); !ok {
			return 0, false
		}
		if _, ok := b.SetString(constant, 10); !ok {
			return 0, false
		}
		return a.Cmp(&b), true
	case t.Kind == trinosql.KindDate:
		const form = "2006-01-02"
		if len(value) != len(form) || len(constant) != len(form) {
			return 0, false
		}
		return strings.Compare(value, constant), true
	}
	return 0, false
}
