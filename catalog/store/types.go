package store

import (
	"fmt"
	"strconv"
	"strings"
)

// hiveType checks a type and returns it in Hive's spelling: keywords in lower
// case, no spaces, the names of struct fields as they are.
func hiveType(s string) (string, error) {
	p := typeParser{rest: s}
	if err := p.parse(0); err != nil {
		return "", err
	}
	if p.space(); p.rest != "" {
		return "", fmt.Errorf("unexpected %q", p.rest)
	}
	return p.out.String(), nil
}

// primitives are Hive's types without parameters.
var primitives = map[string]string{
	"boolean": "boolean", "tinyint": "tinyint", "smallint": "smallint", "int": "int", "integer": "int", "bigint": "bigint",
	"float": "float", "double": "double", "string": "string", "binary": "binary", "date": "date", "timestamp": "timestamp",
	"void": "void", "interval_year_month": "interval_year_month", "interval_day_time": "interval_day_time",
}

// maxDepth bounds nesting, so that a hostile type cannot exhaust the stack of
// whoever reads it.
const maxDepth = 64

type typeParser struct {
	rest string
	out  strings.Builder
}

func (p *typeParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\n\r") }

// take consumes the character c.
func (p *typeParser) take(c byte) error {
	p.space()
	if p.rest == "" {
		return fmt.Errorf("ends where %q is expected", c)
	}
	if p.rest[0] != c {
		return fmt.Errorf("%q where %q is expected", p.rest[0], c)
	}
	p.rest = p.rest[1:]
	p.out.WriteByte(c)
	return nil
}

func (p *typeParser) next(c byte) bool {
	p.space()
	return p.rest != "" && p.rest[0] == c
}

func (p *typeParser) word() string {
	p.space()
	n := strings.IndexFunc(p.rest, func(r rune) bool {
		return !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
	if n < 0 {
		n = len(p.rest)
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return strings.ToLower(w)
}

func (p *typeParser) parse(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	w := p.word()
	if name, ok := primitives[w]; ok {
		p.out.WriteString(name)
		if w == "timestamp" {
			return p.zone()
		}
		return nil
	}
	switch w {
	case "decimal", "numeric", "dec":
		return p.decimal()
	case "varchar":
		p.out.WriteString(w)
		return p.length(65535)
	case "char":
		p.out.WriteString(w)
		return p.length(255)
	case "array":
		return p.nested(w, depth, 1)
	case "map":
		return p.nested(w, depth, 2)
	case "struct":
		return p.fields(depth)
	case "uniontype":
		return p.nested(w, depth, 0)
	case "":
		return fmt.Errorf("has no type name")
	}
	return fmt.Errorf("unknown type %s", w)
}

// zone reads the rest of "timestamp with local time zone".
func (p *typeParser) zone() error {
	before := p.rest
	if p.word() != "with" {
		p.rest = before
		return nil
	}
	if p.word() != "local" || p.word() != "time" || p.word() != "zone" {
		return fmt.Errorf("timestamp with local time zone is the only timestamp with a time zone")
	}
	p.out.WriteString(" with local time zone")
	return nil
}

func (p *typeParser) number(least, most int) (int, error) {
	w := p.word()
	n, err := strconv.Atoi(w)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q is not a number from %d to %d", w, least, most)
	}
	p.out.WriteString(strconv.Itoa(n))
	return n, nil
}

func (p *typeParser) length(most int) error {
	if err := p.take('('); err != nil {
		return err
	}
	if _, err := p.number(1, most); err != nil {
		return err
	}
	return p.take(')')
}

func (p *typeParser) decimal() error {
	p.out.WriteString("decimal")
	if !p.next('(') {
		p.out.WriteString("(10,0)") // Hive's meaning of decimal alone
		return nil
	}
	if err := p.take('('); err != nil {
		return err
	}
	precision, err := p.number(1, 38)
	if err != nil {
		return err
	}
	if p.next(')') {
		p.out.WriteString(",0")
		return p.take(')')
	}
	if err := p.take(','); err != nil {
		return err
	}
	if _, err := p.number(0, precision); err != nil {
		return err
	}
	return p.take(')')
}

// nested reads n types in angle brackets; any number if n is 0.
func (p *typeParser) nested(name string, depth, n int) error {
	p.out.WriteString(name)
	if err := p.take('<'); err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := p.parse(depth + 1); err != nil {
			return err
		}
		if n > 0 && i == n-1 || n == 0 && !p.next(',') {
			return p.take('>')
		}
		if err := p.take(','); err != nil {
			return err
		}
	}
}

func (p *typeParser) fields(depth int) error {
	p.out.WriteString("struct")
	if err := p.take('<'); err != nil {
		return err
	}
	for {
		p.space()
		n := strings.IndexByte(p.rest, ':')
		if n <= 0 || strings.ContainsAny(p.rest[:n], "<>,") {
			return fmt.Errorf("a struct's field is name:type")
		}
		p.out.WriteString(strings.TrimSpace(p.rest[:n]))
		p.rest = p.rest[n:]
		if err := p.take(':'); err != nil {
			return err
		}
		if err := p.parse(depth + 1); err != nil {
			return err
		}
		if !p.next(',') {
			return p.take('>')
		}
		if err := p.take(','); err != nil {
			return err
		}
	}
}
