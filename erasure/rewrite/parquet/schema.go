package parquet

import (
	"strings"

	"lethe"
)

// leaf is a column that has values: a leaf of the schema's tree.
type leaf struct {
	path           []string // as in the schema
	name           string   // as users write it: without the groups that lists are made of
	physical       int64
	size           int // of a value in bytes, 0 where it varies
	maxDef, maxRep int
	optional       bool // the leaf itself may be null
	logical        int64
	converted      int64 // -1: none
	unit           int64 // of times: 1 ms, 2 µs, 3 ns
	utc            bool
	unsigned       bool
	scale          int
	order          order
}

// maxLevels bounds how deep a schema nests, as levels are kept in a byte.
const maxLevels = 100

// element is a node of the schema's tree.
type element struct {
	*node
	children []element
}

// repetition of an element
const (
	required = 0
	optional = 1
	repeated = 2
)

// tree reads the elements, which stand in depth-first order.
func tree(list []node) (root element, err error) {
	next := 0
	var read func(depth int) (element, error)
	read = func(depth int) (element, error) {
		if next >= len(list) || depth > maxLevels {
			return element{}, damaged("the schema is no tree, or nested more than %d deep", maxLevels)
		}
		e := element{node: &list[next]}
		next++
		n := e.num(elemChildren)
		if n < 0 || n > int64(len(list)) {
			return e, damaged("an element of the schema has %d children", n)
		}
		for range n {
			child, err := read(depth + 1)
			if err != nil {
				return e, err
			}
			e.children = append(e.children, child)
		}
		return e, nil
	}
	if root, err = read(0); err == nil && next != len(list) {
		err = damaged("the schema has %d elements, its tree %d", len(list), next)
	}
	return root, err
}

func (e *element) text() string { return string(e.get(elemName).bytes()) }

func (v *node) bytes() []byte {
	if v == nil {
		return nil
	}
	return v.data
}

// is reports whether an element has the logical type or the converted type.
func (e *element) is(logical, converted int64) bool {
	if l := e.get(elemLogical); l != nil && len(l.fields) > 0 {
		return int64(l.fields[0].id) == logical
	}
	c := e.get(elemConverted)
	return c != nil && c.n == converted
}

// leaves returns the columns of a schema, in the order of a row group's chunks.
func leaves(schema, orders []node) ([]leaf, error) {
	root, err := tree(schema)
	if err != nil {
		return nil, err
	}
	var all []leaf
	var walk func(e *element, path []string, name []string, def, rep int) error
	walk = func(e *element, path, name []string, def, rep int) error {
		switch e.num(elemRepeat) {
		case optional:
			def++
		case repeated:
			def++
			rep++
		}
		if len(e.children) > 0 || e.get(elemType) == nil {
			hidden := hiddenLevels(e)
			for i := range e.children {
				c := &e.children[i]
				path := append(path[:len(path):len(path)], c.text())
				name := name
				if hidden == 0 {
					name = append(name[:len(name):len(name)], c.text())
				}
				if hidden == 2 { // the list's group; its element has no name either
					d, r := def, rep
					if c.num(elemRepeat) == repeated {
						d, r = d+1, r+1
					}
					el := &c.children[0]
					if err := walk(el, append(path, el.text()), name, d, r); err != nil {
						return err
					}
					continue
				}
				if err := walk(c, path, name, def, rep); err != nil {
					return err
				}
			}
			return nil
		}
		l, err := newLeaf(e)
		if err != nil {
			return in(err, "column %s", strings.Join(path, "."))
		}
		l.path, l.name, l.maxDef, l.maxRep = path, strings.Join(name, "."), def, rep
		l.order = l.orderOf(orders, len(all))
		all = append(all, l)
		return nil
	}
	for i := range root.children {
		c := &root.children[i]
		if err := walk(c, []string{c.text()}, []string{c.text()}, 0, 0); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// hiddenLevels says how many levels below a group users do not name: those that
// lists and maps are made of (LogicalTypes.md). A list's repeated group with one
// child is such a level, and so is that child, except where the group is named so
// that it is the element itself.
func hiddenLevels(e *element) int {
	if len(e.children) != 1 || e.children[0].num(elemRepeat) != repeated {
		return 0
	}
	c := &e.children[0]
	switch {
	case e.is(3, 3): // LIST
		if name := c.text(); len(c.children) != 1 || name == "array" || name == e.text()+"_tuple" {
			return 1 // the repeated field is the element
		}
		return 2
	case e.is(2, 1), e.is(2, 2): // MAP, MAP_KEY_VALUE
		return 1
	}
	return 0
}

func newLeaf(e *element) (leaf, error) {
	l := leaf{physical: e.num(elemType), converted: -1, scale: int(e.num(elemScale)), optional: e.num(elemRepeat) == optional}
	switch l.physical {
	case boolean:
		l.size = 1
	case int32Type, floatType:
		l.size = 4
	case int64Type, doubleType:
		l.size = 8
	case int96:
		l.size = 12
	case byteArray:
	case fixed:
		n := e.num(elemLength)
		if n <= 0 || n > 1<<20 {
			return l, damaged("its values have %d bytes", n)
		}
		l.size = int(n)
	default:
		return l, unsupported("values of type %d", l.physical)
	}
	if c := e.get(elemConverted); c != nil {
		l.converted = c.n
	}
	if u := e.get(elemLogical); u != nil && len(u.fields) > 0 {
		t := &u.fields[0]
		l.logical = int64(t.id)
		switch l.logical {
		case logicalDecimal:
			l.scale = int(t.num(1))
		case logicalTime, logicalTimestamp:
			if f := t.get(1); f != nil {
				l.utc = f.kind == tTrue
			}
			if unit := t.get(2); unit != nil && len(unit.fields) > 0 {
				l.unit = int64(unit.fields[0].id)
			}
		case logicalInteger:
			if f := t.get(2); f != nil {
				l.unsigned = f.kind == tFalse
			}
		}
		return l, nil
	}
	switch l.converted {
	case convertedUTF8:
		l.logical = logicalString
	case convertedEnum:
		l.logical = logicalEnum
	case convertedJSON:
		l.logical = logicalJSON
	case convertedDecimal:
		l.logical = logicalDecimal
	case convertedDate:
		l.logical = logicalDate
	case convertedTimeMillis, convertedTimeMicros:
		l.logical, l.unit, l.utc = logicalTime, l.converted-convertedTimeMillis+1, true
	case convertedTimestampMillis, convertedTimestampMicros:
		l.logical, l.unit, l.utc = logicalTimestamp, l.converted-convertedTimestampMillis+1, true
	}
	l.unsigned = l.converted >= convertedUint8 && l.converted <= convertedUint64
	return l, nil
}

// find returns the column that a user names: its name with the groups that lists
// are made of left out, or its whole path; in any case if it is the only one. It
// is -1 where there is none.
func find(all []leaf, name string) (int, error) {
	same := func(a string, equal func(a, b string) bool) (int, int) {
		at, n := -1, 0
		for i := range all {
			if equal(all[i].name, a) || equal(strings.Join(all[i].path, "."), a) {
				at, n = i, n+1
			}
		}
		return at, n
	}
	at, n := same(name, func(a, b string) bool { return a == b })
	if n == 0 {
		at, n = same(name, strings.EqualFold)
	}
	if n > 1 {
		return -1, lethe.Errorf(lethe.Invalid, "column %s is there %d times", name, n)
	}
	if n == 0 {
		for i := range all {
			if len(all[i].name) > len(name) && strings.EqualFold(all[i].name[:len(name)+1], name+".") {
				return -1, lethe.Errorf(lethe.Invalid, "column %s is a group of columns", name).
					WithHint("name one in it, as %s", all[i].name)
			}
		}
	}
	return at, nil
}
