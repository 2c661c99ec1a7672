package query

import (
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// pruner decides from their values which partitions a table reference needs. It
// keeps a partition whenever it is not sure.
type pruner struct {
	analysis *trinosql.Analysis
	use      *trinosql.TableUse
	first    int // index of the first partition key among the table's columns
}

func newPruner(a *trinosql.Analysis, use *trinosql.TableUse, t catalog.Table) pruner {
	return pruner{a, use, len(t.Storage.Columns)}
}

// keeps reports whether the partition with these values may hold rows that matter.
func (p pruner) keeps(values []string) bool {
	return p.analysis.MayMatch(p.use, func(column int) (trinosql.Constant, bool) {
		i := column - p.first
		if i < 0 || i >= len(values) {
			return trinosql.Constant{}, false
		}
		typ := p.use.Schema.Columns[column].Type
		if values[i] == catalog.DefaultValue {
			return trinosql.Constant{Type: typ, Null: true}, true
		}
		return trinosql.PartitionValue(typ, values[i])
	})
}

// expression is what a catalog can use, to read fewer partitions: for text keys
// bound to single values, these values. Other types have several spellings of one value.
func (p pruner) expression() *catalog.Expression {
	e := &catalog.Expression{Values: make([][]string, len(p.use.Schema.Columns)-p.first)}
	found := false
	for _, pr := range p.use.Predicates {
		i := pr.Column - p.first
		if i < 0 || pr.NullOK || e.Values[i] != nil || p.use.Schema.Columns[pr.Column].Type.Kind != trinosql.KindVarchar {
			continue
		}
		if values, ok := points(pr.Ranges); ok {
			e.Values[i], found = values, true
		}
	}
	if !found {
		return nil
	}
	return e
}

// points returns the values of ranges that hold one each.
func points(ranges []trinosql.Range) (values []string, ok bool) {
	values = []string{}
	for _, r := range ranges {
		if r.Low == nil || r.High == nil || !r.LowInclusive || !r.HighInclusive || r.Low.Text != r.High.Text {
			return nil, false
		}
		values = append(values, r.Low.Text)
	}
	return values, true
}
