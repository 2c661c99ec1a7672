package query_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/lib/trinosql"
	"lethe/object"
	"lethe/query"
)

func TestAnswersHaveTypes(t *testing.T) {
	l := newLake(t)
	l.engine.run = func(context.Context, query.Job) (string, int64, error) {
		return strings.Repeat(",", 7) + "\n" +
			`"true","-9007199254740993","1.5","2.50","2020-09-10","2020-09-10 12:00:00.000","2020-09-10 12:00:00.000 UTC","a ""b"",` + "\nc\"\n" +
			",,\"NaN\",,,,,\n" + "\"false\",\"1\",\"Infinity\",\"0\",\"0001-01-01\",\"2020-09-10 12:00:00.123\",\"2020-09-10 12:00:00.000 Europe/Rome\",\"\"\n", 3, nil
	}
	got, err := l.Ask(admin(t), query.Question{SQL: "SELECT true, bigint '1', 1e0, 1.5, current_date, localtimestamp, current_timestamp, 'x'"})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{true, nil, false}, {int64(-9007199254740993), nil, int64(1)}, {1.5, nil, nil}, {2.5, nil, 0.0}, {"2020-09-10", nil, "0001-01-01"},
		{"2020-09-10T12:00:00.000", nil, "2020-09-10T12:00:00.123"}, {"2020-09-10T12:00:00.000", nil, "2020-09-10T10:00:00.000"}, {"a \"b\",\nc", nil, ""}}
	if !reflect.DeepEqual(got.Values, want) || got.Rows != 3 || got.More {
		t.Errorf("got %v", got)
	}
	if got, err = l.Ask(admin(t), query.Question{SQL: "SELECT true, bigint '1', 1e0, 1.5, current_date, localtimestamp, current_timestamp, 'x'", Limit: 2}); err != nil || got.Rows != 2 || !got.More {
		t.Errorf("of more rows than the limit: %d, more %v, %v", got.Rows, got.More, err)
	}
	// The engine is not asked for more than is returned.
	for sql, want := range map[string]string{"SELECT 1": "11", "SELECT 1 LIMIT 5": "5", "SELECT 1 LIMIT 50": "11", "SELECT 1 UNION ALL SELECT 2": "11"} {
		l.engine.run = func(context.Context, query.Job) (string, int64, error) { return "\"a\"\n\"1\"\n", 1, nil }
		if _, err := l.Ask(admin(t), query.Question{SQL: sql, Limit: 10}); err != nil {
			t.Fatal(err)
		}
		if got := l.engine.job.Analysis.Statement.(*trinosql.QueryStmt).Q.Limit.(*trinosql.Literal).Val; got != want {
			t.Errorf("%s is run with the limit %s, want %s", sql, got, want)
		}
	}
}

func TestAskingKeepsNothing(t *testing.T) {
	l := newLake(t)
	l.sql(logs)
	before, _, err := l.List(admin(t), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	files := func() (n int) {
		for _, err := range object.All(t.Context(), l.objects, "results", "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	stored := files()
	if _, err := l.Ask(admin(t), query.Question{SQL: "SELECT id FROM logs"}); err != nil {
		t.Fatal(err)
	}
	after, _, err := l.List(admin(t), "", "", 100)
	if err != nil || len(after) != len(before) || files() != stored {
		t.Errorf("executions %d, then %d; %v", len(before), len(after), err)
	}
	for sql, kind := range map[string]lethe.Kind{
		"DROP TABLE logs": lethe.Invalid, "SHOW TABLES": lethe.Invalid, "INSERT INTO logs VALUES (1, 'a', 'b', 1)": lethe.Invalid,
		"SELECT": lethe.Syntax, "SELECT nope FROM logs": lethe.Invalid, "SELECT 1 FROM nope": lethe.Invalid, "SELECT 1; SELECT 2": lethe.Syntax,
	} {
		if _, err := l.Ask(admin(t), query.Question{SQL: sql}); !lethe.Is(err, kind) {
			t.Errorf("%s: %v, want %s", sql, err, kind)
		}
	}
	if _, err := l.Ask(admin(t), query.Question{SQL: "SELECT nope FROM logs"}); err == nil || !strings.HasPrefix(err.Error(), "COLUMN_NOT_FOUND: line 1:8: Column 'nope'") {
		t.Error(err)
	}
	if _, err := l.Ask(t.Context(), query.Question{SQL: "SELECT id FROM logs"}); err == nil {
		t.Error("answered to nobody")
	}
	l.put("logs/day=x/hour=1/f", "parquet")
	l.sql("ALTER TABLE logs ADD PARTITION (day = 'x', hour = 1)")
	if err := l.UpdateWorkgroup(admin(t), query.Workgroup{Name: query.Primary, Output: "s3://results/", ScanLimit: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Ask(admin(t), query.Question{SQL: "SELECT id FROM logs"}); !lethe.Is(err, lethe.Canceled) {
		t.Errorf("beyond the workgroup's limit: %v", err)
	}
}

func TestAskingEndsWithItsContext(t *testing.T) {
	l := newLake(t)
	began := make(chan struct{})
	l.engine.run = func(ctx context.Context, _ query.Job) (string, int64, error) {
		close(began)
		<-ctx.Done()
		return "", 0, context.Cause(ctx)
	}
	ctx, cancel := context.WithCancelCause(admin(t))
	gone := errors.New("the client went away")
	go func() { <-began; cancel(gone) }()
	if _, err := l.Ask(ctx, query.Question{SQL: "SELECT 1"}); !errors.Is(err, gone) {
		t.Error(err)
	}
	began = make(chan struct{})
	go func() { <-began; l.Close() }()
	if _, err := l.Ask(admin(t), query.Question{SQL: "SELECT 1"}); !lethe.Is(err, lethe.Canceled) {
		t.Error(err)
	}
	if _, err := l.Ask(admin(t), query.Question{SQL: "SELECT 1"}); !lethe.Is(err, lethe.Exhausted) {
		t.Error(err)
	}
}

// Somebody asks with another's permissions: rules of both narrow.
func TestAskingAsAnother(t *testing.T) {
	l := newLake(t)
	p := l.people("sam", "olga", "max")
	sam, olga, max := p[0], p[1], p[2]
	acc := l.config.Access.(*access.Service)
	if err := acc.DeleteInline(t.Context(), access.UserNamed("max"), "all"); err != nil {
		t.Fatal(err)
	}
	l.engine.run = func(_ context.Context, job query.Job) (string, int64, error) {
		return strings.Repeat(",", len(job.Analysis.Output)-1) + "\n", 0, nil
	}
	ask := func(who, as lethe.Principal) string {
		t.Helper()
		q := query.Question{SQL: "SELECT * FROM orders", As: as}
		_, err := l.Ask(lethe.WithPrincipal(t.Context(), who), q)
		o, outlined := l.Outline(lethe.WithPrincipal(t.Context(), who), q)
		if (err == nil) != (outlined == nil) {
			t.Fatalf("asked: %v; outlined: %v", err, outlined)
		}
		if err != nil {
			return fmt.Sprint(lethe.KindOf(err))
		}
		from := l.engine.job.Analysis.Statement.(*trinosql.QueryStmt).Q.Body.(*trinosql.Select).From[0].(*trinosql.Table)
		rules := l.engine.job.Analysis.Table(from).Schema.Rules
		var names []string
		for _, c := range o.Columns {
			names = append(names, c.Name)
		}
		text := strings.Join(names, " ")
		if rules != nil && rules.Filter != nil {
			text += " where " + trinosql.FormatExpr(rules.Filter)
		}
		return text
	}
	all := "id email amount country day"
	expect := func(who, as lethe.Principal, want string) {
		t.Helper()
		if got := ask(who, as); got != want {
			t.Errorf("%s as %s: %s, want %s", who.Name, as.Name, got, want)
		}
	}
	same := func(want bool) {
		t.Helper()
		o, err := l.Outline(admin(t), query.Question{SQL: "SELECT 1 FROM orders a, orders b"})
		if err != nil || len(o.Tables) != 1 {
			t.Fatal(o, err)
		}
		got, err := l.SameSight(t.Context(), max, olga, o.Tables)
		if err != nil || got != want {
			t.Errorf("same sight: %v, %v", got, err)
		}
	}
	expect(sam, lethe.Principal{}, all)
	if got := ask(max, lethe.Principal{}); got == all {
		t.Error("max may read without permission")
	}
	expect(max, olga, all)
	same(true)
	l.rule("mine", "email = current_user", []access.ColumnMask{{Column: "amount", Kind: access.Hide}}, "user/max")
	same(false)
	expect(max, olga, "invalid") // nothing is seen by olga
	l.rule("hers", "country = current_user", []access.ColumnMask{{Column: "email", Kind: access.Hide}}, "user/olga")
	expect(max, olga, "id country day where ((country = 'olga') AND (email = 'max'))")
	expect(olga, olga, "id amount country day where (country = 'olga')")
	expect(sam, olga, "invalid") // nothing is seen by sam
	same(false)
	if got := ask(max, lethe.Principal{ID: "AIDAGONE", ARN: lethe.UserARN("gone")}); got == all {
		t.Error("who was deleted lends permission")
	}
}
