package hms

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lethe/catalog"
	"lethe/lib/hms"
)

// A filter is what get_partitions_by_filter and its like select by, in the
// grammar of the metastore (Hive's Filter.g):
//
//	or     = and {OR and}
//	and    = term {AND term}
//	term   = ( or ) | key operator value | value operator key
//	       | key [NOT] BETWEEN value AND value | key [NOT] IN ( value {, value} )
//	value  = 'text' | "text" | number | date
//
// Operators are = == != <> < <= > >= and LIKE, whose value is a regular
// expression. A partition whose value is null is in no comparison.
type filter struct {
	and, or []filter
	key     string
	op      string // = != < <= > >= LIKE IN; "" of and and or
	values  []string
	not     bool
	pattern *regexp.Regexp
}

// Bounds of a filter.
const (
	maxFilter = 1 << 20
	maxNested = 500
)

// badFilter is an error in Java's words.
func badFilter(format string, args ...any) error {
	return &hms.MetaException{Message: "Error parsing partition filter; " + fmt.Sprintf(format, args...)}
}

type filterParser struct {
	rest  string
	token string // "" at the end
	text  bool   // the token is a quoted text
	depth int
	err   error
}

func parseFilter(s string) (filter, error) {
	if len(s) > maxFilter {
		return filter{}, badFilter("it has %d bytes, at most %d are allowed", len(s), maxFilter)
	}
	p := &filterParser{rest: s}
	p.next()
	if p.token == "" && !p.text && p.err == nil {
		return filter{and: []filter{}}, nil // everything
	}
	f := p.or()
	if p.err == nil && (p.token != "" || p.text) {
		p.fail("unexpected %q", p.token)
	}
	return f, p.err
}

func (p *filterParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = badFilter(format, args...)
	}
	p.token, p.rest, p.text = "", "", false
}

// next reads a token: a word or number, a quoted text, or an operator.
func (p *filterParser) next() {
	p.text = false
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		p.token = ""
		return
	}
	switch c := p.rest[0]; {
	case c == '\'' || c == '"':
		var b strings.Builder
		i := 1
		for ; i < len(p.rest) && p.rest[i] != c; i++ {
			if p.rest[i] == '\\' && i+1 < len(p.rest) && (p.rest[i+1] == c || p.rest[i+1] == '\\') {
				i++
			}
			b.WriteByte(p.rest[i])
		}
		if i >= len(p.rest) {
			p.fail("a text has no end")
			return
		}
		p.token, p.rest, p.text = b.String(), p.rest[i+1:], true
	case strings.IndexByte("=<>!", c) >= 0:
		n := 1
		if len(p.rest) > 1 && slices.Contains([]string{"==", "!=", "<>", "<=", ">="}, p.rest[:2]) {
			n = 2
		}
		p.token, p.rest = p.rest[:n], p.rest[n:]
	case c == '(' || c == ')' || c == ',':
		p.token, p.rest = p.rest[:1], p.rest[1:]
	default:
		n := strings.IndexAny(p.rest, " \t\r\n=<>!(),'\"")
		if n < 0 {
			n = len(p.rest)
		}
		p.token, p.rest = p.rest[:n], p.rest[n:]
	}
}

func (p *filterParser) word(w string) bool {
	if !p.text && strings.EqualFold(p.token, w) {
		p.next()
		return true
	}
	return false
}

func (p *filterParser) expect(w string) {
	if !p.word(w) {
		p.fail("%q where %q is expected", p.token, w)
	}
}

func (p *filterParser) or() filter {
	if p.depth++; p.depth > maxNested {
		p.fail("it is nested more than %d deep", maxNested)
	}
	defer func() { p.depth-- }()
	list := []filter{p.and()}
	for p.err == nil && p.word("or") {
		list = append(list, p.and())
	}
	if len(list) == 1 {
		return list[0]
	}
	return filter{or: list}
}

func (p *filterParser) and() filter {
	list := []filter{p.term()}
	for p.err == nil && p.word("and") {
		list = append(list, p.term())
	}
	if len(list) == 1 {
		return list[0]
	}
	return filter{and: list}
}

var (
	operators = map[string]string{"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
	reversed  = map[string]string{"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
	literal   = regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2})$`)
	keyword   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:$-]*$`)
)

// value reads a literal.
func (p *filterParser) value() string {
	v := p.token
	if !p.text && (strings.EqualFold(v, "date") || strings.EqualFold(v, "timestamp")) { // date '2026-01-01'
		p.next()
		if v = p.token; !p.text {
			p.fail("%q where a text is expected", v)
		}
	} else if !p.text && !literal.MatchString(v) {
		p.fail("%q is not a text in quotes, a number or a date", v)
	}
	p.next()
	return v
}

func (p *filterParser) term() (f filter) {
	if p.word("(") {
		f = p.or()
		p.expect(")")
		return f
	}
	if p.text || literal.MatchString(p.token) { // value operator key
		f.values = []string{p.value()}
		op, ok := operators[p.token]
		if !ok {
			p.fail("%q is not an operator", p.token)
		}
		p.next()
		f.op, f.key = reversed[op], p.key()
		return f
	}
	f.key = p.key()
	f.not = p.word("not")
	switch {
	case p.word("between"):
		low := p.value()
		p.expect("and")
		high := p.value()
		f = filter{and: []filter{{key: f.key, op: ">=", values: []string{low}}, {key: f.key, op: "<=", values: []string{high}}}, not: f.not}
	case p.word("in"):
		f.op = "IN"
		p.expect("(")
		for p.err == nil {
			f.values = append(f.values, p.value())
			if !p.word(",") {
				break
			}
		}
		p.expect(")")
	case p.word("like"):
		f.op = "LIKE"
		f.values = []string{p.value()}
		var err error
		if f.pattern, err = regexp.Compile(`^(?s:` + f.values[0] + `)$`); err != nil && p.err == nil {
			p.fail("%v", err)
		}
	default:
		op, ok := operators[p.token]
		if !ok || f.not {
			p.fail("%q is not an operator", p.token)
		}
		p.next()
		f.op, f.values = op, []string{p.value()}
	}
	return f
}

func (p *filterParser) key() string {
	k := p.token
	if p.text || !keyword.MatchString(k) {
		p.fail("%q is not a key", k)
	}
	p.next()
	return k
}

// bound is a filter for the partition keys of a table.
type bound struct {
	filter
	at      int // of the key
	numbers []*big.Rat
	rest    []bound // of and and or
}

// bind finds the partition keys that a filter names.
func bind(f filter, keys []catalog.Column) (b bound, err error) {
	b.filter = f
	for _, sub := range append(f.and, f.or...) {
		s, err := bind(sub, keys)
		if err != nil {
			return b, err
		}
		b.rest = append(b.rest, s)
	}
	if f.op == "" {
		return b, nil
	}
	b.at = slices.IndexFunc(keys, func(c catalog.Column) bool { return strings.EqualFold(c.Name, f.key) })
	if b.at < 0 {
		return b, &hms.MetaException{Message: "Specified key <" + f.key + "> is not a partitioning key for the table"}
	}
	if numeric(keys[b.at].Type) && f.op != "LIKE" {
		for _, v := range f.values {
			n, ok := number(v)
			if !ok {
				return b, badFilter("partition key %s is of type %s, %q is not", f.key, keys[b.at].Type, v)
			}
			b.numbers = append(b.numbers, n)
		}
	}
	return b, nil
}

func numeric(typ string) bool {
	switch typ, _, _ = strings.Cut(typ, "("); typ {
	case "tinyint", "smallint", "int", "bigint", "decimal", "float", "double":
		return true
	}
	return false
}

// number reads a decimal number; ones with large exponents are none, as they would
// take memory.
func number(s string) (*big.Rat, bool) {
	if len(s) > 100 || strings.ContainsAny(s, "eE/xXpP_") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// matches tells whether a partition with the values is selected.
func (b *bound) matches(values []string) bool {
	if b.op == "" {
		all := b.or == nil
		for i := range b.rest {
			if b.rest[i].matches(values) != all {
				return !all != b.not
			}
		}
		return all != b.not
	}
	v := values[b.at]
	if v == catalog.DefaultValue {
		return false
	}
	switch b.op {
	case "LIKE":
		return b.pattern.MatchString(v) != b.not
	case "IN":
		for i := range b.values {
			if c, ok := b.compare(v, i); ok && c == 0 {
				return !b.not
			}
		}
		return b.not
	}
	c, ok := b.compare(v, 0)
	if !ok {
		return false
	}
	switch b.op {
	case "=":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func (b *bound) compare(v string, i int) (int, bool) {
	if b.numbers == nil {
		return strings.Compare(v, b.values[i]), true
	}
	if w := b.numbers[i]; w.IsInt() && w.Num().IsInt64() { // the usual case, without memory
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			switch m := w.Num().Int64(); {
			case n < m:
				return -1, true
			case n > m:
				return 1, true
			}
			return 0, true
		}
	}
	n, ok := number(v)
	if !ok {
		return 0, false
	}
	return n.Cmp(b.numbers[i]), true
}

// prune returns an expression that every selected partition satisfies, by which
// the catalog reads less. Only texts can be compared as they are written: 1 and
// 01 are the same number.
func (b *bound) prune(keys []catalog.Column) *catalog.Expression {
	e := &catalog.Expression{Values: make([][]string, len(keys))}
	b.narrow(e, keys)
	return e
}

func (b *bound) narrow(e *catalog.Expression, keys []catalog.Column) {
	switch {
	case b.not:
	case b.op == "" && b.or == nil:
		for i := range b.rest {
			b.rest[i].narrow(e, keys)
		}
	case (b.op == "=" || b.op == "IN") && b.numbers == nil && text(keys[b.at].Type):
		if e.Values[b.at] == nil {
			e.Values[b.at] = slices.Clone(b.values)
		}
	}
}

// text tells whether equal values of a type are written alike.
func text(typ string) bool {
	typ, _, _ = strings.Cut(typ, "(")
	return typ == "string" || typ == "varchar" || typ == "char" || typ == "date"
}

// Keys of filters of tables.
const (
	filterOwner      = "hive_filter_field_owner__"
	filterParameters = "hive_filter_field_params__"
	filterAccess     = "hive_filter_field_last_access__"
)

// parseTableFilter reads a filter of tables by their owner, parameters or time
// of last access, which is not kept and always 0.
func parseTableFilter(s string) (func(*catalog.Table) bool, error) {
	f, err := parseFilter(s)
	if err != nil {
		return nil, err
	}
	var keys []catalog.Column
	var collect func(filter) error
	collect = func(f filter) error {
		for _, sub := range append(f.and, f.or...) {
			if err := collect(sub); err != nil {
				return err
			}
		}
		if f.op == "" {
			return nil
		}
		if f.key != filterOwner && f.key != filterAccess && !strings.HasPrefix(f.key, filterParameters) {
			return &hms.InvalidOperationException{Message: "tables are filtered by " + filterOwner + ", " + filterParameters + "NAME and " + filterAccess + ", not by " + f.key}
		}
		typ := "string"
		if f.key == filterAccess {
			typ = "int"
		}
		keys = append(keys, catalog.Column{Name: f.key, Type: typ})
		return nil
	}
	if err := collect(f); err != nil {
		return nil, err
	}
	b, err := bind(f, keys)
	if err != nil {
		return nil, err
	}
	return func(t *catalog.Table) bool {
		values := make([]string, len(keys))
		for i, k := range keys {
			switch name, _ := strings.CutPrefix(k.Name, filterParameters); k.Name {
			case filterOwner:
				values[i] = t.Owner
			case filterAccess:
				values[i] = "0"
			default:
				v, ok := t.Parameters[name]
				if !ok {
					v = catalog.DefaultValue // absent is in no comparison
				}
				values[i] = v
			}
		}
		return b.matches(values)
	}, nil
}
