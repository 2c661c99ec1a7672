package trinosql

import (
	"strconv"
	"strings"
)

// template is a type of a signature with variables in it.
type template struct {
	variable string      // of a type variable
	any      bool        // the any type
	kind     Kind        // of all others
	nums     []*numExpr  // length, precision, scale
	elems    []*template // of array, map, row, function, qdigest
	fixed    *Type       // set when there are no variables in it
}

// numExpr is a number of a template: a variable, a constant or a computation.
type numExpr struct {
	op   string // "var", "num", "+", "-", "*", "/", "min", "max"
	name string
	val  int64
	l, r *numExpr
}

func (n *numExpr) eval(vars map[string]int64) int64 {
	switch n.op {
	case "num":
		return n.val
	case "var":
		return vars[n.name]
	}
	l, r := n.l.eval(vars), n.r.eval(vars)
	switch n.op {
	case "+":
		return l + r
	case "-":
		return l - r
	case "*":
		// Lengths are below 2^31, so that only a product of products overflows.
		if l != 0 && (l*r/l != r || l*r > 1<<40) {
			return 1 << 40
		}
		return l * r
	case "/":
		return l / r
	case "min":
		return min(l, r)
	}
	return max(l, r)
}

func (t *template) String() string {
	switch {
	case t.variable != "":
		return t.variable
	case t.any:
		return "any"
	case t.fixed != nil:
		return t.fixed.String()
	}
	var parts []string
	for _, e := range t.elems {
		parts = append(parts, e.String())
	}
	for _, n := range t.nums {
		parts = append(parts, n.String())
	}
	s := kindNames[t.kind] + "(" + strings.Join(parts, ",") + ")"
	if t.kind == KindTimeZone || t.kind == KindTimestampZone {
		s += " with time zone"
	}
	return s
}

func (n *numExpr) String() string {
	switch n.op {
	case "var":
		return n.name
	case "num":
		return strconv.FormatInt(n.val, 10)
	case "min", "max":
		return n.op + "(" + n.l.String() + ", " + n.r.String() + ")"
	}
	return n.l.String() + " " + n.op + " " + n.r.String()
}

// unboundedLength stands for the length of varchar without one in computations.
const unboundedLength = 1<<31 - 1

// ground puts the bound variables into the template; nil when one is unbound.
func (t *template) ground(b *bindings) *Type {
	switch {
	case t.fixed != nil:
		return t.fixed
	case t.variable != "":
		return b.types[t.variable]
	}
	if t.nums != nil {
		var vars map[string]int64
		if b != nil {
			vars = b.nums
		}
		n := make([]int, 2)
		for i, x := range t.nums {
			n[i] = int(min(x.eval(vars), unboundedLength))
		}
		switch t.kind {
		case KindDecimal:
			return DecimalOf(n[0], n[1])
		case KindVarchar:
			if n[0] == unboundedLength {
				return Varchar
			}
		}
		return &Type{Kind: t.kind, Precision: n[0]}
	}
	elems := make([]*Type, len(t.elems))
	for i, e := range t.elems {
		if elems[i] = e.ground(b); elems[i] == nil {
			return nil
		}
	}
	return composite(t.kind, elems)
}
