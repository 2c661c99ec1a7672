package dash

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/trinosql"
)

// Expressions are rewritten in their text, piece by piece, where the parser says that
// the pieces are: what is not rewritten stays as it was written.

// maxExpanded bounds the text of an expression in which others were put in.
const maxExpanded = 256 << 10

var parameterForm = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// withParameters puts literals in for ${name}. Within quotes nothing is: that is an
// error, because it would not be a value there.
func withParameters(text string, literals map[string]string) (out string, used bool, err error) {
	if !strings.Contains(text, "${") {
		return text, false, nil
	}
	var b strings.Builder
	at := 0
	for _, t := range trinosql.Lex(text, false) {
		if t.Pos.Off < at {
			continue // inside what was replaced
		}
		if m := parameterForm.FindStringSubmatch(text[t.Pos.Off:]); m != nil {
			value, ok := literals[strings.ToLower(m[1])]
			if !ok {
				return "", false, lethe.Errorf(lethe.Invalid, "%s: there is no parameter %q", t.Pos, m[1])
			}
			b.WriteString(text[at:t.Pos.Off])
			b.WriteString(value)
			at, used = t.Pos.Off+len(m[0]), true
			continue
		}
		switch t.Kind {
		case trinosql.Invalid:
			return "", false, lethe.Errorf(lethe.Syntax, "%s: %q is not understood", t.Pos, short(t.Text))
		case trinosql.Str, trinosql.UnicodeStr, trinosql.QuotedIdent, trinosql.BackIdent, trinosql.DollarStr:
			for i := 0; i < len(t.Text); i++ {
				m := parameterForm.FindStringSubmatch(t.Text[i:])
				if m != nil && literals[strings.ToLower(m[1])] != "" {
					return "", false, lethe.Errorf(lethe.Invalid, "%s: the parameter ${%s} stands within quotes, where it is no value", t.Pos, m[1]).
						WithHint("leave the quotes away: what is put in has the quotes that it needs; join texts with ||")
				}
			}
		}
	}
	b.WriteString(text[at:])
	return b.String(), used, nil
}

// short cuts a text that a message quotes.
func short(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

// rewriter rewrites an expression.
type rewriter struct {
	text string
	// field returns what stands for the name of a field.
	field func(name string) (string, error)
	// self are the values of the variables of rules; nil where no rule is.
	self   *access.Self
	locals []string // parameters of the lambdas around
}

// expression returns the text of an expression as it is asked.
func (r *rewriter) expression(x trinosql.Expr) (string, error) {
	if r.self != nil {
		value, err := r.self.Variable(x)
		if err != nil {
			return "", err
		}
		if value != nil {
			return trinosql.FormatExpr(value), nil
		}
	}
	refuse := func(what string) (string, error) {
		return "", lethe.Errorf(lethe.Invalid, "%s: %s", position(x), what)
	}
	locals := len(r.locals)
	defer func() { r.locals = r.locals[:locals] }()
	switch x := x.(type) {
	case *trinosql.ColumnRef:
		if slices.ContainsFunc(r.locals, func(l string) bool { return strings.EqualFold(l, x.Name.Text) }) {
			return r.written(x), nil
		}
		s, err := r.field(x.Name.Text)
		if err != nil {
			return "", lethe.Errorf(lethe.KindOf(err), "%s: %w", position(x), err)
		}
		return s, nil
	case *trinosql.Binary:
		if x.Op != "/" {
			break
		}
		left, err := r.expression(x.L)
		if err != nil {
			return "", err
		}
		right, err := r.expression(x.R)
		return "(CAST(" + left + " AS double) / NULLIF(" + right + ", 0))", err
	case *trinosql.Lambda:
		for _, p := range x.Params {
			r.locals = append(r.locals, p.Text)
		}
	case *trinosql.Param:
		return refuse("? is not a value here; parameters stand as ${name}")
	case *trinosql.Subquery, *trinosql.Exists, *trinosql.Quantified:
		return refuse("a query cannot stand in an expression over fields")
	case *trinosql.In:
		if x.Q != nil {
			return refuse("a query cannot stand in an expression over fields")
		}
	case *trinosql.Call:
		if x.Over != nil {
			return refuse("a window function cannot stand in an expression over fields: rules would keep rows from it unseen")
		}
	case *trinosql.Special:
		if strings.HasPrefix(x.Name, "CURRENT_") && !slices.Contains([]string{"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"}, x.Name) {
			return refuse(strings.ToLower(x.Name) + " stands only in rules")
		}
	}
	return r.around(x)
}

// around writes a node as it is, and what is inside anew.
func (r *rewriter) around(x trinosql.Expr) (string, error) {
	var inside []trinosql.Expr
	trinosql.Children(x, func(c trinosql.Expr) { inside = append(inside, c) })
	slices.SortStableFunc(inside, func(a, b trinosql.Expr) int {
		i, _ := a.Span()
		j, _ := b.Span()
		return cmp.Compare(i, j)
	})
	at, end := x.Span()
	var b strings.Builder
	for _, c := range inside {
		from, to := c.Span()
		if from < at || to > end {
			return "", lethe.Errorf(lethe.Unsupported, "%s: this expression is not understood here", position(x))
		}
		s, err := r.expression(c)
		if err != nil {
			return "", err
		}
		b.WriteString(r.text[at:from])
		b.WriteString(s)
		if at = to; b.Len() > maxExpanded {
			return "", lethe.Errorf(lethe.Invalid, "with all fields that it is made of, the expression is over %d bytes long", maxExpanded)
		}
	}
	b.WriteString(r.text[at:end])
	return b.String(), nil
}

func (r *rewriter) written(x trinosql.Expr) string {
	from, to := x.Span()
	return r.text[from:to]
}

func position(x trinosql.Expr) string { return x.Pos().String() }

// parseExpression parses an expression over fields.
func parseExpression(text string) (trinosql.Expr, error) {
	x, err := trinosql.ParseExpr(text)
	return x, syntax(err)
}

// syntax makes an error of the parser or the analyzer one for people.
func syntax(err error) error {
	var te *trinosql.Error
	if !errors.As(err, &te) {
		return err
	}
	kind := lethe.Invalid
	if te.Code == trinosql.NotSupported {
		kind = lethe.Unsupported
	}
	return &lethe.Error{Kind: kind, Message: te.Error(), Cause: err}
}

// typed analyzes an expression over columns that are known, and returns the type of
// its values, and whether it aggregates.
func typed(expr string, columns []trinosql.Column) (t *trinosql.Type, aggregates bool, err error) {
	const before = "SELECT\n"
	stmt, err := trinosql.Parse(before + expr + "\nFROM data")
	if err != nil {
		return nil, false, syntax(err)
	}
	q, ok := stmt.(*trinosql.QueryStmt)
	if !ok {
		return nil, false, lethe.Errorf(lethe.Invalid, "it is not an expression")
	}
	sel, ok := q.Q.Body.(*trinosql.Select)
	if !ok || len(sel.Items) != 1 || sel.Items[0].Star {
		return nil, false, lethe.Errorf(lethe.Invalid, "it is not one expression")
	}
	a, err := trinosql.Analyze(context.Background(), stmt, fields(columns), trinosql.Options{Catalog: "dash", Database: "dash", Now: time.Unix(0, 0), Zone: time.UTC})
	if err != nil {
		var te *trinosql.Error
		if errors.As(err, &te) { // the place is in what was made of the expression
			err = &lethe.Error{Kind: lethe.Invalid, Message: te.Msg, Cause: err}
		}
		return nil, false, err
	}
	return a.Output[0].Type, len(a.Select(sel).Aggregates) > 0, nil
}

// fields is the one table of an analysis of expressions.
type fields []trinosql.Column

// Table implements trinosql.Resolver.
func (f fields) Table(_ context.Context, name trinosql.TableName) (*trinosql.TableSchema, error) {
	columns := []trinosql.Column(f)
	if len(columns) == 0 {
		columns = []trinosql.Column{{Name: "no field", Type: trinosql.Boolean}}
	}
	return &trinosql.TableSchema{TableName: name, Columns: columns}, nil
}
