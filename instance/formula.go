package instance

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Variables are what formulas of parameters are over.
type Variables struct {
	Memory  int64 // DBInstanceClassMemory: bytes that the engine may count on
	Storage int64 // AllocatedStorage: bytes
	Port    int   // EndPointPort
	VCPU    int   // DBInstanceVCPU
}

func (v Variables) get(name string) (float64, bool) {
	switch name {
	case "DBInstanceClassMemory":
		return float64(v.Memory), true
	case "AllocatedStorage":
		return float64(v.Storage), true
	case "EndPointPort":
		return float64(v.Port), true
	case "DBInstanceVCPU":
		return float64(v.VCPU), true
	}
	return 0, false
}

// The longest formula, and how deep one nests.
const (
	maxFormula = 1024
	maxNesting = 32
)

// Evaluate resolves the value of a parameter. A value in braces, or a function of such
// values, is a formula and becomes an integer (RDS User Guide, "Specifying DB
// parameters"):
//
//	{DBInstanceClassMemory/32768}
//	LEAST({DBInstanceClassMemory/9531392},5000)
//	GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)
//	SUM({DBInstanceClassMemory/12038},-50003)
//
// log is of base 2. What is behind the point is cut off where a pair of braces ends, so
// that a logarithm of a quotient keeps it. Any other value is returned as it is.
func Evaluate(value string, v Variables) (string, error) {
	if !isFormula(value) {
		return value, nil
	}
	if len(value) > maxFormula {
		return "", fmt.Errorf("the formula is longer than %d characters", maxFormula)
	}
	p := formula{rest: value, variables: v}
	n, err := p.argument(0)
	if err != nil {
		return "", err
	}
	if p.space(); p.rest != "" {
		return "", fmt.Errorf("%q is behind the formula's end", p.rest)
	}
	if n, err = whole(n); err != nil {
		return "", err
	}
	return strconv.FormatInt(int64(n), 10), nil
}

// isFormula reports whether a value is meant as one.
func isFormula(value string) bool {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "{") {
		return true
	}
	for name := range functions {
		if rest, ok := strings.CutPrefix(value, name); ok && strings.HasPrefix(strings.TrimLeft(rest, " "), "(") {
			return true
		}
	}
	return false
}

// functions are those over lists.
var functions = map[string]func(a, b float64) float64{
	"GREATEST": math.Max,
	"LEAST":    math.Min,
	"SUM":      func(a, b float64) float64 { return a + b },
}

// whole cuts off what is behind the point, of a number that an integer can hold.
func whole(n float64) (float64, error) {
	if math.IsNaN(n) || math.Abs(n) >= 1<<63 {
		return 0, errors.New("the formula's result is not a number that an integer can hold")
	}
	return math.Trunc(n), nil
}

// formula parses and evaluates in one go, by recursive descent.
type formula struct {
	rest      string
	variables Variables
}

func (p *formula) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// take consumes a text, if it is next.
func (p *formula) take(s string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *formula) need(s string) error {
	if p.take(s) {
		return nil
	}
	if p.rest == "" {
		return fmt.Errorf("the formula ends where %q is missing", s)
	}
	return fmt.Errorf("%q stands where %q is missing", p.rest, s)
}

// argument is what can stand alone or in a function's list: braces, a function, or an
// expression of numbers.
func (p *formula) argument(depth int) (float64, error) {
	if p.take("{") {
		n, err := p.sum(depth + 1)
		if err != nil {
			return 0, err
		}
		if err := p.need("}"); err != nil {
			return 0, err
		}
		return whole(n)
	}
	return p.sum(depth)
}

// sum = product { ("+" | "-") product }
func (p *formula) sum(depth int) (float64, error) {
	if depth > maxNesting {
		return 0, fmt.Errorf("the formula nests deeper than %d", maxNesting)
	}
	n, err := p.product(depth)
	for err == nil {
		var m float64
		switch {
		case p.take("+"):
			m, err = p.product(depth)
			n += m
		case p.take("-"):
			m, err = p.product(depth)
			n -= m
		default:
			return n, nil
		}
	}
	return 0, err
}

// product = operand { ("*" | "/") operand }
func (p *formula) product(depth int) (float64, error) {
	n, err := p.operand(depth)
	for err == nil {
		var m float64
		switch {
		case p.take("*"):
			m, err = p.operand(depth)
			n *= m
		case p.take("/"):
			if m, err = p.operand(depth); err == nil && m == 0 {
				return 0, errors.New("the formula divides by zero")
			}
			n /= m
		default:
			return n, nil
		}
	}
	return 0, err
}

// operand = number | variable | function "(" argument { "," argument } ")" | "log" "(" sum ")" | "(" sum ")" | "-" operand
func (p *formula) operand(depth int) (float64, error) {
	if depth++; depth > maxNesting {
		return 0, fmt.Errorf("the formula nests deeper than %d", maxNesting)
	}
	switch {
	case p.take("-"):
		n, err := p.operand(depth)
		return -n, err
	case p.take("("):
		n, err := p.sum(depth)
		if err != nil {
			return 0, err
		}
		return n, p.need(")")
	}
	w := p.word()
	if w == "" {
		return 0, fmt.Errorf("%q stands where a number or a variable is missing", p.rest)
	}
	if w[0] >= '0' && w[0] <= '9' || w[0] == '.' {
		n, err := strconv.ParseFloat(w, 64)
		if err != nil || strings.ContainsAny(w, "xXpP_") {
			return 0, fmt.Errorf("%q is not a number", w)
		}
		return n, nil
	}
	if w == "log" {
		return p.log(depth)
	}
	if f := functions[w]; f != nil {
		return p.list(f, depth)
	}
	n, ok := p.variables.get(w)
	if !ok {
		return 0, fmt.Errorf("%q is not a variable; there are DBInstanceClassMemory, AllocatedStorage, EndPointPort and DBInstanceVCPU", w)
	}
	return n, nil
}

func (p *formula) log(depth int) (float64, error) {
	if err := p.need("("); err != nil {
		return 0, err
	}
	n, err := p.sum(depth)
	if err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, errors.New("the formula takes the logarithm of a number that is not above zero")
	}
	return math.Log2(n), p.need(")")
}

func (p *formula) list(f func(a, b float64) float64, depth int) (float64, error) {
	if err := p.need("("); err != nil {
		return 0, err
	}
	n, err := p.argument(depth)
	for err == nil && p.take(",") {
		var m float64
		m, err = p.argument(depth)
		n = f(n, m)
	}
	if err != nil {
		return 0, err
	}
	return n, p.need(")")
}

// word consumes letters, digits, points and underscores.
func (p *formula) word() string {
	p.space()
	n := strings.IndexFunc(p.rest, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_'
	})
	if n < 0 {
		n = len(p.rest)
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return w
}
