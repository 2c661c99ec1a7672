package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
)

// where tells where the tests' tables lie.
type where struct {
	version   uint64
	locations map[access.TableName][]lethe.Location
	err       error
}

func (w *where) Region() string  { return lethe.DefaultRegion }
func (w *where) Version() uint64 { return w.version }
func (w *where) Locations(_ context.Context, t access.TableName) ([]lethe.Location, error) {
	return w.locations[t], w.err
}

var orders = access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "orders"}

// shop is a service with a table orders at s3://shop/orders/, and users who may read
// the bucket.
func shop(t testing.TB) (*access.Service, *where, func(name string) lethe.Principal) {
	t.Helper()
	s := fresh(t)
	w := &where{locations: map[access.TableName][]lethe.Location{orders: {{Bucket: "shop", Key: "orders/"}, {Bucket: "far", Key: "it/"}}}}
	s.IntroduceTables(w)
	_, err := s.CreateGroup(t.Context(), "sales", "/")
	must(t, err)
	return s, w, func(name string) lethe.Principal {
		u, err := s.CreateUser(t.Context(), access.NewUser{Name: name, Path: "/"})
		must(t, err)
		must(t, s.PutInline(t.Context(), access.UserNamed(name), "read", allow("s3:*", "*", "")))
		return lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()}
	}
}

func rule(name, filter string, principals ...string) access.TableRule {
	return access.TableRule{Name: name, Table: orders, Principals: principals, Filter: filter}
}

func TestWhoSeesATableThroughRules(t *testing.T) {
	s, _, user := shop(t)
	sam, olga := user("sam"), user("olga")
	must(t, s.AddUserToGroup(t.Context(), "sales", "sam"))
	sees := func(p lethe.Principal) string {
		t.Helper()
		v, err := s.TableSight(t.Context(), p, access.TableName{Catalog: "awsdatacatalog", Database: "DEFAULT", Table: "Orders"})
		must(t, err)
		switch {
		case v.Whole:
			return "whole"
		case v.Closed():
			return "closed"
		}
		var names []string
		for _, r := range v.Rules {
			names = append(names, r.Name)
		}
		return strings.Join(names, " ")
	}
	want := func(what, sam_, olga_ string) {
		t.Helper()
		if got := sees(sam) + ", " + sees(olga); got != sam_+", "+olga_ {
			t.Errorf("%s: %s", what, got)
		}
	}
	want("without rules", "whole", "whole")
	must(t, s.PutTableRule(t.Context(), rule("a", "x = 1", "group/sales")))
	want("of a group", "a", "closed")
	must(t, s.PutTableRule(t.Context(), rule("b", "", "user/olga", "*")))
	want("of everyone", "a b", "b")
	must(t, s.PutTableRule(t.Context(), rule("b", "", "user/olga")))
	want("changed", "a", "b")
	must(t, s.PutInline(t.Context(), access.UserNamed("olga"), "trusted", allow("lethe:BypassTableRules", lethe.TableARN(lethe.DefaultRegion, "default", "orders"), "")))
	want("who bypasses", "a", "whole")
	must(t, s.DeleteInline(t.Context(), access.UserNamed("olga"), "trusted"))

	// A name that is used again gets nothing.
	must(t, s.DeleteInline(t.Context(), access.UserNamed("olga"), "read"))
	must(t, s.DeleteUser(t.Context(), "olga"))
	again := user("olga")
	if got := sees(again); got != "closed" {
		t.Errorf("another olga: %s", got)
	}
	if got := sees(olga); got != "closed" {
		t.Errorf("who was deleted: %s", got)
	}
	if r, err := s.TableRule(t.Context(), orders, "b"); err != nil || len(r.Principals) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if sees(lethe.System) != "whole" || sees(lethe.Principal{}) != "closed" {
		t.Error("the lake itself, or nobody")
	}

	must(t, s.DeleteTableRule(t.Context(), orders, "a"))
	must(t, s.DeleteTableRule(t.Context(), orders, "b"))
	want("without rules again", "whole", "whole")
	if err := s.DeleteTableRule(t.Context(), orders, "b"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}
}

func TestWhatRulesKnowOfWhoAsks(t *testing.T) {
	s, _, user := shop(t)
	sam := user("sam")
	must(t, s.Tag(t.Context(), access.UserNamed("sam"), []access.Tag{{Key: "Region", Value: "north/east"}}))
	must(t, s.AddUserToGroup(t.Context(), "sales", "sam"))
	must(t, s.PutTableRule(t.Context(), rule("a", "", "*")))
	v, err := s.TableSight(t.Context(), sam, orders)
	must(t, err)
	if tag, ok := v.Self.Tag("region"); v.Self.User != "sam" || !slices.Equal(v.Self.Groups, []string{"sales"}) || !ok || tag != "north/east" || len(v.HashKey) != 32 {
		t.Errorf("%+v", v)
	}
	w, err := s.TableSight(t.Context(), sam, orders)
	must(t, err)
	if string(v.HashKey) != string(w.HashKey) {
		t.Error("a hash differs the next time")
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	s, _, user := shop(t)
	user("sam")
	for name, change := range map[string]func(*access.TableRule){
		"no name":                 func(r *access.TableRule) { r.Name = "" },
		"a name with a slash":     func(r *access.TableRule) { r.Name = "a/b" },
		"another catalog":         func(r *access.TableRule) { r.Table.Catalog = "other" },
		"no table":                func(r *access.TableRule) { r.Table.Table = "" },
		"for nobody":              func(r *access.TableRule) { r.Principals = nil },
		"for somebody unknown":    func(r *access.TableRule) { r.Principals = []string{"user/absent"} },
		"for what is none":        func(r *access.TableRule) { r.Principals = []string{"sam"} },
		"for a policy":            func(r *access.TableRule) { r.Principals = []string{"policy/x"} },
		"a long filter":           func(r *access.TableRule) { r.Filter = strings.Repeat("x", 17<<10) },
		"a mask without a column": func(r *access.TableRule) { r.Masks = []access.ColumnMask{{Kind: access.Hide}} },
		"an unknown mask":         func(r *access.TableRule) { r.Masks = []access.ColumnMask{{Column: "a", Kind: "blur"}} },
		"two masks": func(r *access.TableRule) {
			r.Masks = []access.ColumnMask{{Column: "a", Kind: access.Hide}, {Column: "A", Kind: access.Nullify}}
		},
		"no expression": func(r *access.TableRule) { r.Masks = []access.ColumnMask{{Column: "a", Kind: access.Expression}} },
		"an expression to hide": func(r *access.TableRule) {
			r.Masks = []access.ColumnMask{{Column: "a", Kind: access.Hide, Expression: "x"}}
		},
	} {
		r := rule("a", "x = 1", "user/sam")
		change(&r)
		if err := s.PutTableRule(t.Context(), r); err == nil {
			t.Errorf("%s is taken", name)
		}
		if all, err := s.TableRules(t.Context(), access.TableName{}); err != nil || len(all) > 0 {
			t.Errorf("%s left %v %v", name, all, err)
		}
	}
}

// The objects of a table are read by those who see it whole, and by who applies its
// rules for others.
func TestFilesBelowRules(t *testing.T) {
	s, w, user := shop(t)
	sam := user("sam")
	ctx := t.Context()
	reads := func(ctx context.Context, action, bucket, key string) bool {
		t.Helper()
		err := s.Decide(ctx, sam, action, lethe.ObjectARN(bucket, key))
		if err != nil && !lethe.Is(err, lethe.Denied) {
			t.Fatal(err)
		}
		return err == nil
	}
	lists := func(bucket, prefix, delimiter string) bool {
		t.Helper()
		err := s.DecideListing(ctx, sam, bucket, prefix, delimiter)
		if err != nil && !lethe.Is(err, lethe.Denied) {
			t.Fatal(err)
		}
		return err == nil
	}
	if !reads(ctx, "s3:GetObject", "shop", "orders/1") || !lists("shop", "", "") {
		t.Error("refused without rules")
	}
	must(t, s.PutTableRule(ctx, rule("a", "x = 1", "user/sam")))
	for _, x := range []struct {
		action, bucket, key string
		want                bool
	}{
		{"s3:GetObject", "shop", "orders/1", false},
		{"s3:GetObject", "shop", "orders/", false},
		{"s3:GetObject", "shop", "orders/a/b/*", false},
		{"s3:GetObjectVersion", "shop", "orders/1", false},
		{"s3:GetObjectAttributes", "shop", "orders/1", false},
		{"s3:GetObject", "far", "it/1", false},
		{"s3:GetObject", "shop", "orders2/1", true},
		{"s3:GetObject", "shop", "other", true},
		{"s3:GetObject", "far", "fr/1", true},
		{"s3:PutObject", "shop", "orders/1", true},
	} {
		if reads(ctx, x.action, x.bucket, x.key) != x.want {
			t.Errorf("%+v", x)
		}
	}
	if !reads(access.ThroughRules(ctx, orders), "s3:GetObject", "shop", "orders/1") {
		t.Error("who applies the rules may not read")
	}
	if reads(access.ThroughRules(ctx, access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "other"}), "s3:GetObject", "shop", "orders/1") {
		t.Error("who applies those of another table may read")
	}
	for _, x := range []struct {
		bucket, prefix, delimiter string
		want                      bool
	}{
		{"shop", "", "", false}, {"shop", "", "/", true}, {"shop", "ord", "/", true}, {"shop", "orders", "/", true}, {"shop", "orders/", "/", false},
		{"shop", "orders/c", "/", false}, {"shop", "", "e", false}, {"shop", "ord", "", false}, {"shop", "other", "", true}, {"shop", "orders2", "", true}, {"far", "fr/", "", true}, {"far", "it", "", false},
	} {
		if lists(x.bucket, x.prefix, x.delimiter) != x.want {
			t.Errorf("%+v", x)
		}
	}

	// The table moves.
	w.locations = map[access.TableName][]lethe.Location{orders: {{Bucket: "shop", Key: "moved/"}}}
	w.version++
	if !reads(ctx, "s3:GetObject", "shop", "orders/1") || reads(ctx, "s3:GetObject", "shop", "moved/1") {
		t.Error("the rules did not move with the table")
	}
	// A table at the root of a bucket.
	w.locations = map[access.TableName][]lethe.Location{orders: {{Bucket: "shop"}}}
	w.version++
	if reads(ctx, "s3:GetObject", "shop", "any") || lists("shop", "", "/") {
		t.Error("a whole bucket")
	}
	// Where it lies cannot be found out: nothing may be read, and nothing is said to be denied.
	w.err = lethe.Errorf(lethe.Internal, "the catalog is away")
	w.version++
	if err := s.Decide(ctx, sam, "s3:GetObject", lethe.ObjectARN("shop", "any")); err == nil || lethe.Is(err, lethe.Denied) {
		t.Error(err)
	}
	w.err = nil
	// A refusal by a rule has its reason.
	if err := s.Decide(ctx, sam, "s3:GetObject", lethe.ObjectARN("shop", "any")); err == nil || !strings.Contains(err.Error(), "explicit deny in a resource-based policy") {
		t.Error(err)
	}
	m, err := s.Explain(ctx, sam.ARN, nil)
	must(t, err)
	d, err := m.Decide(ctx, "s3:GetObject", lethe.ObjectARN("shop", "any"))
	must(t, err)
	if d.Allowed || len(d.Sights) != 1 || d.Sights[0].String() != "table default.orders is seen through rule a" {
		t.Errorf("%+v", d)
	}
}

// BenchmarkDecideBelowRules is a decision about an object where 100 tables have rules.
func BenchmarkDecideBelowRules(b *testing.B) {
	s, w, user := shop(b)
	sam := user("sam")
	b.Run("without", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Allows(b.Context(), sam, "s3:GetObject", lethe.ObjectARN("shop", "other/1")); err != nil {
				b.Fatal(err)
			}
		}
	})
	for i := range 100 {
		r := rule("a", "x = 1", "user/sam")
		r.Table.Table = "t" + strings.Repeat("x", i)
		must(b, s.PutTableRule(b.Context(), r))
		w.locations[r.Table] = []lethe.Location{{Bucket: "shop", Key: r.Table.Table + "/"}}
	}
	for _, x := range []struct{ name, key string }{{"beside", "other/1"}, {"below", "tx/1"}} {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Allows(b.Context(), sam, "s3:GetObject", lethe.ObjectARN("shop", x.key)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
