package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// Rules of tables are kept and chosen by package access; here they become trees in
// the statements that read a table. Variables in them become literals of the tree,
// so that no name of a user is ever read as SQL.

// rulesOf makes of what applies to a principal the rules of a table with this
// schema. Its error says what is wrong with them, in terms of columns that the
// principal may not see.
func rulesOf(sight access.Sight, schema *trinosql.TableSchema) (*trinosql.Rules, error) {
	out := &trinosql.Rules{Masks: map[int]trinosql.Mask{}}
	var filters []trinosql.Expr
	all := false
	for _, r := range sight.Rules {
		if r.Filter == "" {
			all = true
			continue
		}
		x, err := expression(r.Filter, sight.Self)
		if err != nil {
			return nil, fmt.Errorf("rule %s, row filter: %w", r.Name, err)
		}
		filters = append(filters, x)
	}
	switch {
	case all:
	case len(filters) == 1:
		out.Filter = filters[0]
	default:
		out.Filter = &trinosql.Logical{Op: "OR", Terms: filters}
	}
	for i, c := range schema.Columns {
		m, by, err := maskOf(sight.Rules, c.Name)
		if err != nil {
			return nil, err
		}
		if m.Kind == "" {
			continue
		}
		mask := trinosql.Mask{Hidden: m.Kind == access.Hide}
		switch m.Kind {
		case access.Nullify:
			mask.Value = trinosql.Null(nil)
		case access.Hash:
			mask.Value, err = hashed(c, sight.HashKey)
		case access.Expression:
			mask.Value, err = expression(m.Expression, sight.Self)
		}
		if err != nil {
			return nil, fmt.Errorf("rule %s, mask of column %s: %w", by, c.Name, err)
		}
		out.Masks[i] = mask
	}
	for _, r := range sight.Rules {
		for _, m := range r.Masks {
			if !hasColumn(schema, m.Column) {
				return nil, lethe.Errorf(lethe.Invalid, "rule %s masks column %s, which the table does not have", r.Name, m.Column)
			}
		}
	}
	return out, nil
}

func hasColumn(schema *trinosql.TableSchema, name string) bool {
	for _, c := range schema.Columns {
		if c.Name == name {
			return true
		}
	}
	return false
}

// maskOf returns the strictest of the masks of a column, and the rule that has it.
// Of two different expressions neither is stricter: that is an error.
func maskOf(rules []access.TableRule, column string) (mask access.ColumnMask, by string, err error) {
	for _, r := range rules {
		for _, m := range r.Masks {
			switch {
			case m.Column != column:
			case mask.Kind == "" || m.Kind.Stricter(mask.Kind):
				mask, by = m, r.Name
			case m.Kind == mask.Kind && m.Expression != mask.Expression:
				err = lethe.Errorf(lethe.Invalid, "rules %s and %s mask column %s by different expressions", by, r.Name, column)
			}
		}
	}
	if mask.Kind != access.Expression {
		err = nil // a stricter one decides
	}
	return mask, by, err
}

// hashed is the mask of a column of text or bytes by a keyed hash, in hexadecimal
// digits.
func hashed(c trinosql.Column, key []byte) (trinosql.Expr, error) {
	column := `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
	digest := func(x string) string { return fmt.Sprintf("hmac_sha256(%s, X'%x')", x, key) }
	switch c.Type.Kind {
	case trinosql.KindVarchar, trinosql.KindChar:
		return trinosql.ParseExpr("lower(to_hex(" + digest("to_utf8(CAST("+column+" AS varchar))") + "))")
	case trinosql.KindVarbinary:
		return trinosql.ParseExpr(digest(column))
	}
	return nil, lethe.Errorf(lethe.Invalid, "a column of type %s cannot be masked by a hash", c.Type).WithHint("text and bytes can; use null or an expression")
}

// expression parses an expression of a rule and puts the variables' values in:
// current_user, in_group('NAME') and principal_tag('KEY').
func expression(text string, self access.Self) (trinosql.Expr, error) {
	x, err := trinosql.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	var failed error
	x = trinosql.Replace(x, func(x trinosql.Expr) trinosql.Expr {
		switch x := x.(type) {
		case *trinosql.Param:
			failed = lethe.Errorf(lethe.Invalid, "%s: a rule has no parameters", x.Pos())
		case *trinosql.Special:
			if x.Name != "CURRENT_USER" {
				return x
			}
			if self.User == "" {
				return trinosql.Null(x)
			}
			return trinosql.Text(x, self.User)
		case *trinosql.Call:
			if len(x.Name) != 1 {
				return x
			}
			name := strings.ToLower(x.Name[0].Text)
			if name != "in_group" && name != "principal_tag" {
				return x
			}
			arg, ok := literalArgument(x)
			if !ok {
				failed = lethe.Errorf(lethe.Invalid, "%s: %s takes one argument, a text literal", x.Pos(), name)
				return x
			}
			if name == "in_group" {
				in := false
				for _, g := range self.Groups {
					in = in || strings.EqualFold(g, arg)
				}
				return trinosql.Bool(x, in)
			}
			if v, ok := self.Tag(arg); ok {
				return trinosql.Text(x, v)
			}
			return trinosql.Null(x)
		}
		return x
	})
	return x, failed
}

func literalArgument(x *trinosql.Call) (string, bool) {
	if len(x.Args) != 1 || x.Args[0].Name != nil || x.Over != nil || x.Filter != nil || x.Distinct {
		return "", false
	}
	l, ok := x.Args[0].X.(*trinosql.Literal)
	return valueOf(l), ok && l.Kind == trinosql.StringLiteral
}

func valueOf(l *trinosql.Literal) string {
	if l == nil {
		return ""
	}
	return l.Val
}

// probe analyzes the reading of a whole table through its rules.
func probe(ctx context.Context, schema *trinosql.TableSchema) (*trinosql.Analysis, error) {
	stmt, err := trinosql.Parse(`SELECT * FROM "table"`)
	if err != nil {
		return nil, err
	}
	return trinosql.Analyze(ctx, stmt, oneTable{schema}, trinosql.Options{Catalog: schema.Catalog, Database: schema.Database, Now: time.Now(), Zone: time.UTC})
}

// oneTable resolves every name to one table.
type oneTable struct{ schema *trinosql.TableSchema }

// Table implements trinosql.Resolver.
func (o oneTable) Table(context.Context, trinosql.TableName) (*trinosql.TableSchema, error) {
	return o.schema, nil
}

// through gives a table's schema the rules of a sight. A rule that does not fit the
// table any more, as its column is gone, closes the table.
func through(ctx context.Context, schema *trinosql.TableSchema, sight access.Sight) error {
	apply := func() (err error) {
		schema.Rules, err = rulesOf(sight, schema)
		return err
	}
	err := apply()
	if err == nil {
		_, err = probe(ctx, schema)
	}
	if err == nil {
		err = apply() // the probe has written its findings about the first trees
	}
	if err != nil && ctx.Err() == nil {
		return lethe.Errorf(lethe.Invalid, "table %s.%s is closed: its rules do not fit it any more", schema.Database, schema.Table).
			WithHint("somebody who may put rules finds out why by putting the table's rules again")
	}
	return err
}

// CheckTableRule checks that a rule's expressions fit its table, which must exist.
// Errors are of kind Invalid and say where in which expression they are.
func (s *Service) CheckTableRule(ctx context.Context, r access.TableRule) error {
	t, err := s.Catalog.Table(ctx, strings.ToLower(r.Table.Database), strings.ToLower(r.Table.Table))
	if err != nil {
		return err
	}
	if t.Type == catalog.VirtualView {
		return lethe.Errorf(lethe.Unsupported, "%s.%s is a view; rules are for tables", t.Database, t.Name)
	}
	schema, err := Schema(trinosql.TableName{Catalog: lethe.DefaultCatalog, Database: t.Database, Table: t.Name}, t)
	if err != nil {
		return err
	}
	r.Masks = slices.Clone(r.Masks)
	check := func(where string, only access.TableRule) error {
		sight := access.Sight{Rules: []access.TableRule{only}, HashKey: []byte{0}, Self: access.Self{User: "user"}}
		x := *schema
		if x.Rules, err = rulesOf(sight, &x); err == nil {
			_, err = probe(ctx, &x)
		}
		if err == nil {
			return nil
		}
		var inner *trinosql.Error
		if errors.As(err, &inner) {
			for e := inner; errors.As(e.Err, &e); {
				inner = e // the rule's own, with places in its text
			}
			err = errors.New(inner.Error())
		}
		return lethe.Errorf(lethe.Invalid, "rule %s does not fit table %s.%s%s: %w", r.Name, t.Database, t.Name, where, err)
	}
	if err := check(", row filter", access.TableRule{Name: r.Name, Filter: r.Filter}); err != nil {
		return err
	}
	for _, m := range r.Masks {
		if m.Kind != access.Expression {
			continue
		}
		m.Column = strings.ToLower(m.Column)
		if err := check(", mask of column "+m.Column, access.TableRule{Name: r.Name, Masks: []access.ColumnMask{m}}); err != nil {
			return err
		}
	}
	for i := range r.Masks {
		r.Masks[i].Column = strings.ToLower(r.Masks[i].Column)
	}
	return check("", r)
}
