package trinosql

import (
	"strings"
	"unicode/utf8"
)

// TokenKind is the class of a [Token].
type TokenKind uint8

// Kinds of tokens.
const (
	EOF         TokenKind = iota
	Ident                 // unquoted identifier or keyword
	QuotedIdent           // "quoted"
	BackIdent             // `backquoted`
	DigitIdent            // 1abc
	Str                   // 'text'; in Hive also "text"
	UnicodeStr            // U&'text'
	BinaryStr             // X'00'
	DollarStr             // $$ body $$
	IntNum                // 12, 0x1f, 1_000
	DecNum                // 1.5
	DblNum                // 1e5
	Op                    // operators and punctuation
	Invalid               // an unterminated string or a character outside the language
)

// Token is a word of a statement.
type Token struct {
	Kind TokenKind
	Pos  Pos
	End  int    // byte offset behind the token
	Text string // as written
	Up   string // upper-cased text of an Ident, or the operator ("!=" is given as "<>")
}

// Lex splits src into tokens; the last one is EOF. hive selects Hive's string
// rules: "text" is a string and a backslash escapes.
func Lex(src string, hive bool) []Token {
	l := lexer{src: src, hive: hive, line: 1}
	toks := make([]Token, 0, len(src)/4+8)
	for {
		t := l.next()
		toks = append(toks, t)
		if t.Kind == EOF {
			return toks
		}
	}
}

type lexer struct {
	src  string
	hive bool
	i    int
	line int
	// col counts characters from the line's start up to byte colAt, so that a
	// long line is not counted again for every token.
	col, colAt int
	// After one failed search for a closing mark, none further on is looked for:
	// a text of many opening marks stays linear.
	noClose [128]bool
}

func (l *lexer) pos() Pos {
	l.col += utf8.RuneCountInString(l.src[l.colAt:l.i])
	l.colAt = l.i
	return Pos{Off: l.i, Line: l.line, Col: l.col + 1}
}

// advance moves to byte j and counts the lines passed.
func (l *lexer) advance(j int) {
	for {
		x := strings.IndexByte(l.src[l.i:j], '\n')
		if x < 0 {
			break
		}
		l.i += x + 1
		l.line++
		l.col, l.colAt = 0, l.i
	}
	l.i = j
}

func (l *lexer) skipBlank() {
	for l.i < len(l.src) {
		switch rest := l.src[l.i:]; {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n':
			l.advance(l.i + 1)
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			l.advance(l.i + end)
		case strings.HasPrefix(rest, "/*") && !l.noClose['*']:
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				l.noClose['*'] = true
				return
			}
			l.advance(l.i + end + 4)
		default:
			return
		}
	}
}

func (l *lexer) next() Token {
	l.skipBlank()
	t := Token{Pos: l.pos()}
	src, i, n := l.src, l.i, len(l.src)
	if i >= n {
		t.Kind, t.End = EOF, n
		return t
	}
	c := src[i]
	j := i + 1
	switch {
	case (c == 'x' || c == 'X') && j < n && src[j] == '\'' && !l.hive:
		t.Kind, j = l.quoted(BinaryStr, j+1, '\'')
	case (c == 'u' || c == 'U') && strings.HasPrefix(src[j:], "&'"):
		t.Kind, j = l.quoted(UnicodeStr, j+2, '\'')
	case isIdentStart(c):
		for j < n && isIdentPart(src[j]) {
			j++
		}
		t.Kind = Ident
		t.Up = upper(src[i:j])
	case isDigit(c) || c == '.' && j < n && isDigit(src[j]):
		t.Kind, j = number(src, i)
	case c == '\'' && l.hive, c == '"' && l.hive:
		t.Kind, j = l.escaped(j, c)
	case c == '\'':
		t.Kind, j = l.quoted(Str, j, c)
	case c == '"':
		t.Kind, j = l.quoted(QuotedIdent, j, c)
	case c == '`':
		t.Kind, j = l.quoted(BackIdent, j, c)
	case strings.HasPrefix(src[i:], "$$"):
		t.Kind = Invalid
		if !l.noClose['$'] {
			if end := strings.Index(src[i+2:], "$$"); end >= 0 {
				t.Kind, j = DollarStr, i+2+end+2
			} else {
				l.noClose['$'] = true
			}
		}
	case c >= utf8.RuneSelf:
		_, w := utf8.DecodeRuneInString(src[i:])
		t.Kind, j = Invalid, i+w
	default:
		t.Kind = Op
		if j < n {
			switch src[i : j+1] {
			case "<>", "!=", "<=", ">=", "||", "->", "=>", "::", "{-", "-}":
				j++
			}
		}
		if t.Up = src[i:j]; t.Up == "!=" {
			t.Up = "<>"
		}
		if len(t.Up) == 1 && strings.IndexByte("()[]{},.;:+-*/%=<>?|^$&@", c) < 0 {
			t.Kind = Invalid
		}
	}
	t.Text, t.End = src[i:j], j
	l.advance(j)
	return t
}

// quoted reads up to the mark q; two in a row stand for one.
func (l *lexer) quoted(k TokenKind, j int, q byte) (TokenKind, int) {
	for !l.noClose[q] {
		x := strings.IndexByte(l.src[j:], q)
		if x < 0 {
			l.noClose[q] = true
			break
		}
		j += x + 1
		if j < len(l.src) && l.src[j] == q {
			j++
			continue
		}
		return k, j
	}
	return Invalid, l.i + 1
}

// escaped reads a Hive string up to the mark q that no backslash precedes.
func (l *lexer) escaped(j int, q byte) (TokenKind, int) {
	for ; j < len(l.src) && !l.noClose[q]; j++ {
		switch l.src[j] {
		case '\\':
			j++
		case q:
			return Str, j + 1
		}
	}
	l.noClose[q] = true
	return Invalid, l.i + 1
}

func isIdentStart(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool      { return c >= '0' && c <= '9' }
func isIdentPart(c byte) bool  { return isIdentStart(c) || isDigit(c) }

func upper(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'a' && s[i] <= 'z' {
			return strings.ToUpper(s)
		}
	}
	return s
}

// number reads the number, or the identifier that begins with digits, at s[i].
func number(s string, i int) (kind TokenKind, end int) {
	n := len(s)
	j := i
	if s[j] == '0' && j+1 < n {
		var ok func(byte) bool
		switch s[j+1] | 0x20 {
		case 'x':
			ok = func(c byte) bool { c |= 0x20; return isDigit(c) || c >= 'a' && c <= 'f' }
		case 'o':
			ok = func(c byte) bool { return c >= '0' && c <= '7' }
		case 'b':
			ok = func(c byte) bool { return c == '0' || c == '1' }
		}
		if ok != nil && j+2 < n && (ok(s[j+2]) || s[j+2] == '_') {
			k := j + 2
			for k < n && (ok(s[k]) || s[k] == '_') {
				k++
			}
			if k >= n || !isIdentPart(s[k]) {
				return IntNum, k
			}
		}
	}
	digits := func() {
		for j < n && (isDigit(s[j]) || s[j] == '_' && j+1 < n && isDigit(s[j+1])) {
			j++
		}
	}
	kind = IntNum
	digits()
	if j < n && s[j] == '.' {
		kind = DecNum
		j++
		digits()
	}
	if j < n && (s[j]|0x20) == 'e' {
		k := j + 1
		if k < n && (s[k] == '+' || s[k] == '-') {
			k++
		}
		if k < n && isDigit(s[k]) {
			for k < n && isDigit(s[k]) {
				k++
			}
			if k >= n || !isIdentPart(s[k]) || kind == DecNum {
				return DblNum, k
			}
		}
	}
	if kind == IntNum && j < n && isIdentPart(s[j]) {
		for j < n && isIdentPart(s[j]) {
			j++
		}
		kind = DigitIdent
	}
	return kind, j
}

// reserved are the words that cannot be identifiers without quotes.
var reserved = wordSet(`ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
	CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE
	DISTINCT DROP ELSE END ESCAPE EXCEPT EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT
	INTERSECT INTO IS JOIN JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_TABLE JSON_VALUE LEFT LIKE LISTAGG
	LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT SKIP
	TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH`)

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
