package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/query"
)

// people makes users in a lake with the table orders, who may do everything but see
// past rules.
func (l *lake) people(names ...string) []lethe.Principal {
	l.t.Helper()
	l.sql("CREATE EXTERNAL TABLE orders (id int, email string, amount double) PARTITIONED BY (country string, day int) LOCATION 's3://data/orders/'")
	l.sql("ALTER TABLE orders ADD PARTITION (country = 'DE', day = 1) PARTITION (country = 'DE', day = 2) PARTITION (country = 'FR', day = 1)")
	acc := l.config.Access.(*access.Service)
	var all []lethe.Principal
	for _, name := range names {
		u, err := acc.CreateUser(l.t.Context(), access.NewUser{Name: name})
		if err != nil {
			l.t.Fatal(err)
		}
		document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lethe:BypassTableRules","Resource":"*"}]}`
		if err := acc.PutInline(l.t.Context(), access.UserNamed(name), "all", document); err != nil {
			l.t.Fatal(err)
		}
		all = append(all, lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()})
	}
	return all
}

var orders = access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "orders"}

// rule puts a rule as it is.
func (l *lake) rule(name, filter string, masks []access.ColumnMask, principals ...string) {
	l.t.Helper()
	r := access.TableRule{Name: name, Table: orders, Principals: principals, Filter: filter, Masks: masks}
	if err := l.config.Access.(*access.Service).PutTableRule(l.t.Context(), r); err != nil {
		l.t.Fatal(err)
	}
}

// as runs a statement for somebody.
func (l *lake) as(p lethe.Principal, statement string) query.Execution {
	l.t.Helper()
	ctx, stop := context.WithTimeout(lethe.WithPrincipal(l.t.Context(), p), time.Minute)
	defer stop()
	id, err := l.Start(ctx, query.Request{Statement: statement})
	if err != nil {
		l.t.Fatal(err)
	}
	x, err := l.Wait(ctx, id)
	if err != nil {
		l.t.Fatal(err)
	}
	return x
}

func TestRulesAreCheckedAgainstTheirTable(t *testing.T) {
	l := newLake(t)
	l.people()
	mask := func(column string, kind access.MaskKind, expression ...string) []access.ColumnMask {
		return []access.ColumnMask{{Column: column, Kind: kind, Expression: strings.Join(expression, "")}}
	}
	for _, c := range []struct {
		filter string
		masks  []access.ColumnMask
		want   string // "" is good
	}{
		{"country = 'DE'", nil, ""},
		{"", nil, ""},
		{"country = current_user OR in_group('x') OR principal_tag('k') = country", nil, ""},
		{"email LIKE '%@' || lower(current_user) AND any_match(ARRAY[1, 2], x -> x = day)", nil, ""},
		{"", mask("email", access.Expression, "substr(email, 1, 1) || '***'"), ""},
		{"", mask("EMAIL", access.Hash), ""},
		{"", mask("amount", access.Expression, "CAST(round(amount) AS bigint)"), ""},
		{"", mask("amount", access.Nullify), ""},
		{"day > 1", mask("country", access.Hide), ""},
		{"country = ", nil, "row filter: line 1:11: mismatched input"},
		{"country = 1", nil, "row filter: line 1:9: Cannot apply operator: varchar = integer"},
		{"country", nil, "row filter: line 1:1: WHERE clause must evaluate to a boolean"},
		{"id = 1 AND\n nosuch = 2", nil, "row filter: line 2:2: Column 'nosuch' cannot be resolved"},
		{"id = 1) OR (true", nil, "row filter: line 1:7"},
		{"id = (SELECT 1)", nil, "A rule cannot contain a query"},
		{"EXISTS (SELECT 1)", nil, "A rule cannot contain a query"},
		{"id IN (SELECT 1)", nil, "A rule cannot contain a query"},
		{"count(*) > 1", nil, "WHERE clause cannot contain aggregations"},
		{"random() < 0.5", nil, "A rule must be deterministic"},
		{"in_group(country)", nil, "in_group takes one argument, a text literal"},
		{"principal_tag('a', 'b') = 'x'", nil, "principal_tag takes one argument"},
		{"nosuch(id)", nil, "Function 'nosuch' not registered"},
		{"id = ?", nil, "parameter"},
		{"", mask("nosuch", access.Hide), "which the table does not have"},
		{"", mask("email", access.Expression, "id"), "mask of column email: line 1:1: Column 'email' has the type varchar and cannot be masked by integer"},
		{"", mask("email", access.Expression, "max(email)"), "must be an aggregate expression"},
		{"", mask("email", access.Expression, "max(email) OVER ()"), "A rule cannot contain aggregations"},
		{"", mask("email", access.Expression, "email || "), "mask of column email: line 1:10"},
		{"", mask("amount", access.Hash), "cannot be masked by a hash"},
		{"", []access.ColumnMask{{Column: "id", Kind: access.Hide}, {Column: "email", Kind: access.Hide}, {Column: "amount", Kind: access.Hide}, {Column: "country", Kind: access.Hide}, {Column: "day", Kind: access.Hide}}, "they hide all of its columns"},
	} {
		err := l.CheckTableRule(t.Context(), access.TableRule{Name: "r", Table: orders, Principals: []string{"*"}, Filter: c.filter, Masks: c.masks})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q %v: %v", c.filter, c.masks, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q %v: %v\n\twant %s", c.filter, c.masks, err, c.want)
		}
	}
	if err := l.CheckTableRule(t.Context(), access.TableRule{Name: "r", Table: access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "absent"}}); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}

// Which rules there are decides what the analysis sees: columns, and that no rule at all
// or two that contradict one another close the table.
func TestRulesTogether(t *testing.T) {
	l := newLake(t)
	p := l.people("sam", "olga")
	sam, olga := p[0], p[1]
	if x := l.as(sam, "SELECT * FROM orders"); x.State != query.Succeeded || len(x.Columns) != 5 {
		t.Fatal(x.State, x.Reason)
	}
	l.rule("a", "country = 'DE'", []access.ColumnMask{{Column: "email", Kind: access.Expression, Expression: "'a'"}, {Column: "amount", Kind: access.Nullify}}, "user/sam")
	columns := func() string {
		t.Helper()
		x := l.as(sam, "SELECT * FROM orders")
		var names []string
		for _, c := range x.Columns {
			names = append(names, c.Name)
		}
		return fmt.Sprint(names, x.Reason)
	}
	if got := columns(); got != "[id email amount country day]" {
		t.Error(got)
	}
	// The stricter mask of two counts.
	l.rule("b", "", []access.ColumnMask{{Column: "amount", Kind: access.Hide}, {Column: "email", Kind: access.Hash}}, "user/sam")
	if got := columns(); got != "[id email country day]" {
		t.Error(got)
	}
	// Two expressions contradict one another; a stricter mask beside them settles it.
	l.rule("b", "", []access.ColumnMask{{Column: "email", Kind: access.Expression, Expression: "'b'"}}, "user/sam")
	if got := columns(); !strings.Contains(got, "table default.orders is closed") {
		t.Error(got)
	}
	l.rule("c", "", []access.ColumnMask{{Column: "email", Kind: access.Nullify}}, "user/sam")
	if got := columns(); got != "[id email amount country day]" {
		t.Error(got)
	}
	if x := l.as(olga, "SELECT * FROM orders"); !strings.Contains(x.Reason, "Table 'awsdatacatalog.default.orders' does not exist") {
		t.Error(x.Reason)
	}
	// A column is dropped: the table is closed, and what the rule says is not told.
	l.sql("ALTER TABLE orders REPLACE COLUMNS (id int)")
	if got := columns(); !strings.Contains(got, "is closed: its rules do not fit it any more") || strings.Contains(got, "email") {
		t.Error(got)
	}
}

// What the catalog and the metastore show, and let change.
func TestTheCatalogThroughRules(t *testing.T) {
	l := newLake(t)
	p := l.people("sam", "olga")
	m := l.catalog.(catalog.Metastore)
	if err := m.SetTableStatistics(t.Context(), "default", "orders", []catalog.ColumnStatistics{{Column: "id", Type: "int", Nulls: 7}}); err != nil {
		t.Fatal(err)
	}
	seen := query.Ruled(m, l.config.Access.(*access.Service))
	sam, olga := lethe.WithPrincipal(t.Context(), p[0]), lethe.WithPrincipal(t.Context(), p[1])
	l.rule("a", "country = 'DE' AND id > 5", []access.ColumnMask{{Column: "email", Kind: access.Hide}}, "user/sam")

	names, err := seen.PartitionNames(sam, "default", "orders", catalog.PartitionPage{})
	if err != nil || !slices.Equal(names, []string{"country=DE/day=1", "country=DE/day=2"}) {
		t.Error(names, err)
	}
	names, err = seen.PartitionNames(sam, "DEFAULT", "ORDERS", catalog.PartitionPage{Limit: 1, After: "country=DE/day=1"})
	if err != nil || !slices.Equal(names, []string{"country=DE/day=2"}) {
		t.Error(names, err)
	}
	ps, err := seen.PartitionsNamed(sam, "default", "orders", []string{"country=FR/day=1", "country=DE/day=1"})
	if err != nil || len(ps) != 1 || ps[0].Values[0] != "DE" {
		t.Error(ps, err)
	}
	table, err := seen.Table(sam, "default", "orders")
	if err != nil || len(table.Storage.Columns) != 2 || table.Storage.Columns[1].Name != "amount" {
		t.Errorf("%+v %v", table, err)
	}
	if s, err := seen.TableStatistics(sam, "default", "orders", nil); err != nil || len(s) > 0 {
		t.Error(s, err)
	}
	if s, err := seen.TableStatistics(lethe.WithPrincipal(t.Context(), lethe.System), "default", "orders", nil); err != nil || len(s) != 1 {
		t.Error(s, err)
	}
	if _, err := seen.Table(olga, "default", "orders"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
	if names, err := seen.TableNames(olga, "default"); err != nil || len(names) > 0 {
		t.Error(names, err)
	}
	if ts, err := seen.Tables(olga, "default"); err != nil || len(ts) > 0 {
		t.Error(ts, err)
	}
	for who, c := range map[string]struct {
		ctx  context.Context
		kind lethe.Kind
	}{"sam": {sam, lethe.Denied}, "olga": {olga, lethe.NotFound}} {
		for what, err := range map[string]error{
			"alter table":          seen.AlterTable(c.ctx, "default", "orders", table),
			"alter table if":       seen.AlterTableIf(c.ctx, "default", "orders", table, "a", "b"),
			"drop table":           seen.DropTable(c.ctx, "default", "orders"),
			"add partitions":       seen.AddPartitions(c.ctx, "default", "orders", nil, true),
			"drop partitions":      seen.DropPartitions(c.ctx, "default", "orders", [][]string{{"DE", "1"}}, true),
			"alter partition":      seen.AlterPartition(c.ctx, "default", "orders", []string{"DE", "1"}, catalog.Partition{}),
			"alter partitions":     seen.AlterPartitions(c.ctx, "default", "orders", nil),
			"set statistics":       seen.SetTableStatistics(c.ctx, "default", "orders", nil),
			"delete statistics":    seen.DeleteTableStatistics(c.ctx, "default", "orders", ""),
			"set of partitions":    seen.SetPartitionStatistics(c.ctx, "default", "orders", nil),
			"delete of partitions": seen.DeletePartitionStatistics(c.ctx, "default", "orders", "country=DE/day=1", ""),
			"forget statistics":    forget(c.ctx, seen),
		} {
			if !lethe.Is(err, c.kind) {
				t.Errorf("%s, %s: %v", who, what, err)
			}
		}
		if err := seen.DropDatabase(c.ctx, "default", true); err == nil {
			t.Errorf("%s dropped the database", who)
		}
	}
	// Where partition keys are masked nothing of the partitions is shown.
	l.rule("a", "", []access.ColumnMask{{Column: "country", Kind: access.Nullify}}, "user/sam")
	if ps, err := seen.Partitions(sam, "default", "orders", catalog.PartitionPage{}); !lethe.Is(err, lethe.Denied) {
		t.Error(ps, err)
	}
	if _, err := l.catalog.Table(t.Context(), "default", "orders"); err != nil {
		t.Error("the table is gone:", err)
	}
}

func forget(ctx context.Context, m catalog.Metastore) error {
	_, err := m.ForgetStatistics(ctx, "default", "orders", "")
	return err
}
