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

// rulesOfAll makes rules of sights that all narrow what is seen: rows that are in each
// of them, and of a column's masks the strictest. Of two that are equally strict the
// last sight's counts, if they are worded alike: else that is an error.
func rulesOfAll(sights []access.Sight, schema *trinosql.TableSchema) (*trinosql.Rules, error) {
	sights = slices.DeleteFunc(slices.Clone(sights), func(s access.Sight) bool { return s.Whole })
	var all []access.TableRule
	for _, s := range sights {
		all = append(all, s.Rules...)
	}
	out := &trinosql.Rules{Masks: map[int]trinosql.Mask{}}
	var filters []trinosql.Expr
	for _, s := range sights {
		r, err := rulesOf(s, schema)
		if err != nil {
			return nil, err
		}
		if r.Filter != nil {
			filters = append(filters, r.Filter)
		}
		for i, c := range schema.Columns {
			strictest, _, err := maskOf(all, c.Name)
			if err != nil {
				return nil, err
			}
			if own, _, _ := maskOf(s.Rules, c.Name); own.Kind != "" && own.Kind == strictest.Kind {
				out.Masks[i] = r.Masks[i]
			}
		}
	}
	switch len(filters) {
	case 0:
	case 1:
		out.Filter = filters[0]
	default:
		out.Filter = &trinosql.Logical{Op: "AND", Terms: filters}
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

// expression parses an expression of a rule and puts the variables' values in.
func expression(text string, self access.Self) (trinosql.Expr, error) {
	x, err := trinosql.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	var failed error
	x = trinosql.Replace(x, func(x trinosql.Expr) trinosql.Expr {
		value, err := self.Variable(x)
		if err != nil {
			failed = err
		}
		if value != nil {
			return value
		}
		return x
	})
	return x, failed
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
// Of several sights each narrows.
func through(ctx context.Context, schema *trinosql.TableSchema, sights ...access.Sight) error {
	apply := func() (err error) {
		schema.Rules, err = rulesOfAll(sights, schema)
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
