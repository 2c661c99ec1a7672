package trinosql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// templates reads the types of a signature.
type templates struct {
	s   string
	i   int
	sig *signature
}

func (p *templates) take(what string) bool {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	if strings.HasPrefix(p.s[p.i:], what) {
		p.i += len(what)
		return true
	}
	return false
}

func (p *templates) word() string {
	p.take("")
	start := p.i
	for p.i < len(p.s) && isIdentPart(p.s[p.i]) {
		p.i++
	}
	return p.s[start:p.i]
}

func (p *templates) parse() (*template, error) {
	switch w := p.word(); {
	case w == "":
		return nil, fmt.Errorf("no type at %q", p.s[p.i:])
	case w == "any":
		return &template{any: true}, nil
	case w[0] >= 'A' && w[0] <= 'Z':
		if !slices.Contains(p.sig.variables, w) {
			p.sig.variables = append(p.sig.variables, w)
		}
		return &template{variable: w}, nil
	case w == "interval":
		if p.take("day to second") {
			return &template{kind: KindIntervalDay, fixed: IntervalDay}, nil
		}
		if p.take("year to month") {
			return &template{kind: KindIntervalYear, fixed: IntervalYear}, nil
		}
		return nil, fmt.Errorf("unknown interval at %q", p.s[p.i:])
	case w == "array", w == "map", w == "row", w == "function", w == "qdigest":
		t := &template{kind: map[string]Kind{"array": KindArray, "map": KindMap, "row": KindRow, "function": KindFunction, "qdigest": KindQDigest}[w]}
		return t, p.list(func() error {
			e, err := p.parse()
			t.elems = append(t.elems, e)
			return err
		})
	case w == "varchar", w == "char", w == "decimal", w == "time", w == "timestamp":
		t := &template{kind: map[string]Kind{"varchar": KindVarchar, "char": KindChar, "decimal": KindDecimal, "time": KindTime, "timestamp": KindTimestamp}[w]}
		if !strings.HasPrefix(p.s[p.i:], "(") {
			t.fixed = trinoNames[w]
			if w == "varchar" {
				t.fixed = Varchar
			}
			if t.fixed == nil {
				return nil, fmt.Errorf("%s needs a number", w)
			}
			return t, nil
		}
		err := p.list(func() error {
			n, err := p.sum()
			t.nums = append(t.nums, n)
			return err
		})
		if p.take("with time zone") {
			t.kind++
		}
		if err == nil && !slices.ContainsFunc(t.nums, func(n *numExpr) bool { return n.op != "num" }) {
			t.fixed = t.ground(nil)
		}
		return t, err
	default:
		if trinoNames[w] == nil {
			return nil, fmt.Errorf("unknown type %q", w)
		}
		return &template{kind: trinoNames[w].Kind, fixed: trinoNames[w]}, nil
	}
}

func (p *templates) list(item func() error) error {
	if !p.take("(") {
		return fmt.Errorf("no ( at %q", p.s[p.i:])
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.take(")") {
			return nil
		}
		if !p.take(",") {
			return fmt.Errorf("no , at %q", p.s[p.i:])
		}
	}
}

func (p *templates) sum() (*numExpr, error) { return p.chain(p.product, "+", "-") }

func (p *templates) product() (*numExpr, error) { return p.chain(p.factor, "*", "/") }

func (p *templates) chain(operand func() (*numExpr, error), ops ...string) (*numExpr, error) {
	l, err := operand()
	for err == nil {
		op := ""
		for _, o := range ops {
			if op == "" && p.take(o) {
				op = o
			}
		}
		if op == "" {
			break
		}
		var r *numExpr
		r, err = operand()
		l = &numExpr{op: op, l: l, r: r}
	}
	return l, err
}

func (p *templates) factor() (*numExpr, error) {
	if p.take("(") {
		n, err := p.sum()
		if !p.take(")") && err == nil {
			err = fmt.Errorf("no ) at %q", p.s[p.i:])
		}
		return n, err
	}
	w := p.word()
	if v, err := strconv.ParseInt(w, 10, 64); err == nil {
		return &numExpr{op: "num", val: v}, nil
	}
	if w == "min" || w == "max" {
		n := &numExpr{op: w}
		return n, p.list(func() (err error) {
			n.l = n.r
			n.r, err = p.sum()
			return err
		})
	}
	if w == "" {
		return nil, fmt.Errorf("no number at %q", p.s[p.i:])
	}
	return &numExpr{op: "var", name: w}, nil
}
