package trinosql

import (
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep parentheses, subqueries, types and the like may nest.
const MaxDepth = 1000

// maxLinks bounds the operands of all operator chains (a + b + c, joins, set
// operations) of a statement: each makes the tree one level deeper.
const maxLinks = 20000

// parser is a recursive descent over the tokens. It never goes back over what
// it has read but for a few tokens, so parsing takes linear time.
type parser struct {
	src     string
	toks    []Token
	i       int
	hive    bool
	params  int
	depth   int
	links   int
	queries int // how many query expressions surround the current token
	nearest int // how many NEAREST clauses do
	opens   map[int]bool
	match   []int // for each "(" the index of its ")", else 0
}

// bailout carries a syntax error up to the entry point.
type bailout struct{ err *Error }

// Parse parses one statement, which a semicolon may end. Its error is an [*Error].
func Parse(src string) (Statement, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	var st Statement
	err = p.run(func() {
		st = p.statement()
		p.end()
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}

// ParseExpr parses a lone expression.
func ParseExpr(src string) (Expr, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	p.hive, p.toks = false, Lex(src, false)
	var x Expr
	err = p.run(func() {
		x = p.expr()
		if p.tok().Kind != EOF {
			p.expected("<EOF>")
		}
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

func newParser(src string) (*parser, error) {
	if !utf8.ValidString(src) {
		return nil, errorf(Pos{Line: 1, Col: 1}, SyntaxError, "statement is not valid UTF-8")
	}
	toks := Lex(src, false)
	hive := isHive(toks)
	if hive {
		toks = Lex(src, true)
	}
	return &parser{src: src, toks: toks, hive: hive}, nil
}

// run calls f and returns the syntax error that it stopped at.
func (p *parser) run(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bailout)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	f()
	return nil
}

// end checks that nothing but a semicolon follows the statement.
func (p *parser) end() {
	semi := false
	for p.acceptOp(";") {
		semi = true
	}
	if p.tok().Kind == EOF {
		return
	}
	if semi {
		p.fail(p.pos(), SyntaxError, "Only one sql statement is allowed")
	}
	p.expected("<EOF>")
}

// Split cuts a script into its statements at the semicolons outside of strings,
// names and comments. Statements come without their semicolon; empty ones are
// left out.
func Split(script string) []string {
	var out []string
	// One lexer for each dialect goes over the script, so that what one has found
	// to be unclosed is not looked for again.
	trino, hive := lexer{src: script, line: 1}, lexer{src: script, hive: true, line: 1}
	for start := 0; start < len(script); {
		toks := trino.statement()
		if isHive(toks) {
			hive.i, hive.colAt = start, start
			toks = hive.statement()
		}
		end := toks[len(toks)-1].Pos.Off
		if len(toks) > 1 {
			out = append(out, strings.TrimSpace(script[start:end]))
		}
		start = end + 1
		trino.i = min(start, len(script))
		trino.colAt = trino.i
	}
	return out
}

// statement reads the tokens up to the next semicolon, or the end, and that one.
func (l *lexer) statement() []Token {
	var toks []Token
	for {
		t := l.next()
		toks = append(toks, t)
		if t.Kind == EOF || t.Kind == Op && t.Up == ";" {
			return toks
		}
	}
}

func (p *parser) fail(pos Pos, code Code, format string, args ...any) {
	panic(bailout{errorf(pos, code, format, args...)})
}

// expected fails at the current token in Trino's words.
func (p *parser) expected(what ...string) {
	t := p.tok()
	text := t.Text
	switch {
	case t.Kind == EOF:
		text = "<EOF>"
	case t.Kind == Invalid && (text == "'" || text == `"` || text == "`" || text == "/"):
		p.fail(t.Pos, SyntaxError, "mismatched input '%s': it opens a text that nothing closes", text)
	}
	list := make([]string, len(what))
	for i, w := range what {
		if list[i] = w; !strings.HasPrefix(w, "<") || w == "<" || w == "<=" || w == "<>" {
			list[i] = "'" + w + "'"
		}
	}
	p.fail(t.Pos, SyntaxError, "mismatched input '%s'. Expecting: %s", text, strings.Join(list, ", "))
}

// enter goes one level deeper; leave comes back.
func (p *parser) enter() {
	p.depth++
	if p.depth > MaxDepth {
		p.fail(p.pos(), StatementTooLarge, "statement is too large: it nests deeper than %d levels", MaxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

// link counts a further operand of a chain.
func (p *parser) link() {
	p.links++
	if p.links > maxLinks {
		p.fail(p.pos(), StatementTooLarge, "statement is too large: it chains more than %d operators", maxLinks)
	}
}

// ---- tokens

func (p *parser) tok() *Token { return &p.toks[p.i] }

func (p *parser) at(k int) *Token { return &p.toks[min(p.i+k, len(p.toks)-1)] }

func (p *parser) pos() Pos { return p.tok().Pos }

func (p *parser) is(kw string) bool { return p.isAt(0, kw) }

func (p *parser) isAt(k int, kw string) bool {
	t := p.at(k)
	return t.Kind == Ident && t.Up == kw
}

func (p *parser) isAny(kws ...string) bool {
	t := p.tok()
	if t.Kind == Ident {
		for _, w := range kws {
			if t.Up == w {
				return true
			}
		}
	}
	return false
}

func (p *parser) isOp(op string) bool { return p.isOpAt(0, op) }

func (p *parser) isOpAt(k int, op string) bool {
	t := p.at(k)
	return t.Kind == Op && t.Up == op
}

// accept moves past the words if they come next.
func (p *parser) accept(kws ...string) bool {
	for k, w := range kws {
		if !p.isAt(k, w) {
			return false
		}
	}
	p.i += len(kws)
	return true
}

func (p *parser) acceptOp(op string) bool {
	if p.isOp(op) {
		p.i++
		return true
	}
	return false
}

// word takes the current word, which must be one of kws, and returns it.
func (p *parser) word(kws ...string) string {
	if !p.isAny(kws...) {
		p.expected(kws...)
	}
	p.i++
	return p.toks[p.i-1].Up
}

func (p *parser) need(kws ...string) {
	for _, w := range kws {
		if !p.is(w) {
			p.expected(w)
		}
		p.i++
	}
}

func (p *parser) needOp(op string) {
	if !p.isOp(op) {
		p.expected(op)
	}
	p.i++
}

// ---- names and strings

func (p *parser) isName() bool { return p.isNameAt(0) }

func (p *parser) isNameAt(k int) bool {
	switch t := p.at(k); t.Kind {
	case QuotedIdent, BackIdent, DigitIdent:
		return true
	case Ident:
		return !reserved[t.Up]
	}
	return false
}

func (p *parser) name() Name {
	if !p.isName() {
		p.expected("<identifier>")
	}
	return p.anyName()
}

// anyName takes the current token as a name, also a reserved word.
func (p *parser) anyName() Name {
	t := p.tok()
	n := Name{Pos: t.Pos, Text: t.Text}
	switch t.Kind {
	case Ident:
	case QuotedIdent:
		n.Text, n.Quoted = unquote(t.Text), true
		if n.Text == "" {
			p.fail(t.Pos, SyntaxError, "Zero-length delimited identifier not allowed")
		}
	case BackIdent:
		if p.queries > 0 {
			p.fail(t.Pos, SyntaxError, "backquoted identifiers are not supported; use double quotes to quote identifiers")
		}
		n.Text, n.Quoted = unquote(t.Text), true
		if n.Text == "" {
			p.fail(t.Pos, SyntaxError, "Zero-length delimited identifier not allowed")
		}
	case DigitIdent:
		if !p.hive {
			p.fail(t.Pos, SyntaxError, "identifiers must not start with a digit; surround the identifier with double quotes")
		}
	default:
		p.expected("<identifier>")
	}
	p.i++
	return n
}

func (p *parser) nameRef() *Name {
	n := p.name()
	return &n
}

func (p *parser) qname() QName {
	q := QName{p.name()}
	for p.acceptOp(".") {
		q = append(q, p.name())
	}
	return q
}

// names reads (name, ...).
func (p *parser) names() []Name {
	p.needOp("(")
	l := []Name{p.name()}
	for p.acceptOp(",") {
		l = append(l, p.name())
	}
	p.needOp(")")
	return l
}

func (p *parser) isStr() bool { k := p.tok().Kind; return k == Str || k == UnicodeStr }

// str takes a string literal and returns its value.
func (p *parser) str() string {
	t := p.tok()
	switch t.Kind {
	case Str:
		p.i++
		if p.hive {
			return unescapeHive(t.Text)
		}
		return unquote(t.Text)
	case UnicodeStr:
		p.i++
		esc := byte('\\')
		if p.accept("UESCAPE") {
			e := p.tok()
			s := p.str()
			if len(s) != 1 || s == "+" || s == "'" || s == `"` || s == " " || strings.IndexByte("0123456789abcdefABCDEF", s[0]) >= 0 {
				p.fail(e.Pos, SyntaxError, "Invalid Unicode escape character")
			}
			esc = s[0]
		}
		s, ok := decodeUnicode(unquote(t.Text[2:]), esc)
		if !ok {
			p.fail(t.Pos, SyntaxError, "Invalid Unicode escape sequence")
		}
		return s
	}
	p.expected("<string>")
	return ""
}

func (p *parser) strRef() *string {
	s := p.str()
	return &s
}

// integer takes an unsigned number that fits an int32.
func (p *parser) integer() int {
	t := p.tok()
	if t.Kind != IntNum {
		p.expected("<integer>")
	}
	p.i++
	n, ok := intText(t.Text)
	if !ok || n > 1<<31-1 {
		p.fail(t.Pos, SyntaxError, "Number out of range: %s", t.Text)
	}
	return int(n)
}

// ---- nodes

type based interface{ base() *node }

// done gives a finished node its places: pos for messages, start as the byte
// where it begins; it ends with the last token taken.
func done[T based](p *parser, x T, pos Pos, start int) T {
	n := x.base()
	n.pos, n.start = pos, start
	if p.i > 0 {
		n.end = p.toks[p.i-1].End
	}
	return x
}

// from is done for a node whose place is where it begins.
func from[T based](p *parser, x T, pos Pos) T { return done(p, x, pos, pos.Off) }

func startOf(n Node) int {
	s, _ := n.Span()
	return s
}

// ---- parentheses

// closing returns the index of the token that closes the "(" at index i, or the
// index of EOF.
func (p *parser) closing(i int) int {
	if p.match == nil {
		p.match = make([]int, len(p.toks))
		var open []int
		for k, t := range p.toks {
			if t.Kind != Op {
				continue
			}
			switch t.Up {
			case "(":
				open = append(open, k)
			case ")":
				if n := len(open); n > 0 {
					p.match[open[n-1]] = k
					open = open[:n-1]
				}
			}
		}
	}
	if p.match[i] == 0 {
		return len(p.toks) - 1
	}
	return p.match[i]
}

// startsQuery tells whether the tokens at p.i are a query, rather than an
// expression or a relation in parentheses.
func (p *parser) startsQuery() bool { return p.queryAt(p.i) }

// opensQuery tells whether the current "(" holds a query: ( SELECT ... ).
func (p *parser) opensQuery() bool { return p.isOp("(") && p.queryAt(p.i+1) }

// queryAt decides by the first word behind the opening parentheses and, where
// there are several, by what follows each closing one: ((SELECT 1), 2) is a
// row, ((SELECT 1) UNION ...) a query.
func (p *parser) queryAt(i int) bool {
	k := i
	for p.toks[k].Kind == Op && p.toks[k].Up == "(" {
		if v, ok := p.opens[k]; ok {
			return p.rememberOpens(i, k, v)
		}
		k++
	}
	t := &p.toks[k]
	query := false
	if t.Kind == Ident {
		switch t.Up {
		case "SELECT", "WITH", "VALUES":
			query = true
		case "TABLE":
			query = !(p.toks[min(k+1, len(p.toks)-1)].Text == "(")
		}
	}
	return p.rememberOpens(i, k, query)
}

// rememberOpens works outwards from token k, of which it is known whether a
// query starts there, to token i, all between being "(".
func (p *parser) rememberOpens(i, k int, query bool) bool {
	if p.opens == nil {
		p.opens = map[int]bool{}
	}
	for k > i {
		k--
		query = query && p.continuesQuery(p.closing(k)+1)
		p.opens[k] = query
	}
	return query
}

// continuesQuery tells whether the token at i can follow a query in parentheses
// that is itself part of a query.
func (p *parser) continuesQuery(i int) bool {
	t, next := &p.toks[min(i, len(p.toks)-1)], &p.toks[min(i+1, len(p.toks)-1)]
	switch t.Kind {
	case EOF:
		return true
	case Op:
		return t.Up == ")" || t.Up == ";"
	case Ident:
		switch t.Up {
		case "UNION", "EXCEPT", "INTERSECT", "ORDER", "WITH":
			return true
		case "LIMIT", "OFFSET":
			return next.Kind == IntNum || next.Text == "?" || next.Up == "ALL"
		case "FETCH":
			return next.Up == "FIRST" || next.Up == "NEXT"
		}
	}
	return false
}

// skipBalanced moves to the closing parenthesis of the current level.
func (p *parser) skipBalanced() {
	for !p.isOp(")") {
		if p.tok().Kind == EOF {
			p.expected(")")
		}
		if p.isOp("(") {
			p.i = p.closing(p.i)
			if p.tok().Kind == EOF {
				p.expected(")")
			}
		}
		p.i++
	}
}
