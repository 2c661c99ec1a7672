package dash_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/dash"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

// lake is a service with an account of its own, over a source of three columns.
type lake struct {
	*dash.Service
	t      *testing.T
	access *access.Service
}

// source answers for every table.
type source struct{}

func (source) Ask(context.Context, dash.Statement) (dash.Rows, error) {
	return dash.Rows{Columns: []dash.AnswerColumn{{Name: "country", Type: dash.Text, Values: []any{"Italy"}}}, N: 1}, nil
}

func (source) Describe(context.Context, dash.Statement) (dash.Described, error) {
	return dash.Described{Columns: []dash.Column{{Name: "country", Type: "varchar"}, {Name: "day", Type: "date"}, {Name: "deaths", Type: "bigint"}},
		Tables: []dash.TableName{{Catalog: lethe.DefaultCatalog, Database: "default", Table: "cases"}}}, nil
}

func (source) SameSight(context.Context, lethe.Principal, lethe.Principal, []dash.TableName) (bool, error) {
	return true, nil
}

func newLake(t *testing.T) *lake {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	l := &lake{t: t}
	if l.access, err = access.Open(t.Context(), db, sealtest.Keyring(t, db), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.access.Close() })
	if l.Service, err = dash.Open(t.Context(), dash.Config{DB: db, Access: l.access, Asker: source{}}); err != nil {
		t.Fatal(err)
	}
	l.access.AddResourcePolicies("quicksight", l.ResourcePolicies)
	return l
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (l *lake) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// user makes a user without any policy.
func (l *lake) user(name string) lethe.Principal {
	l.t.Helper()
	u := must[access.User](l.t)(l.access.CreateUser(l.t.Context(), access.NewUser{Name: name, Path: "/"}))
	return lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()}
}

// author makes a user who may make everything.
func (l *lake) author(name string) lethe.Principal {
	l.t.Helper()
	p := l.user(name)
	doc := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["quicksight:Create*","quicksight:StartAssetBundleImportJob"],"Resource":"*"}}`
	l.ok(l.access.PutInline(l.t.Context(), access.UserNamed(name), "author", doc))
	return p
}

func (l *lake) as(p lethe.Principal) context.Context {
	return lethe.WithPrincipal(l.t.Context(), p)
}

// may reports whether somebody may do something.
func (l *lake) may(p lethe.Principal, action, resource string) bool {
	l.t.Helper()
	err := l.access.Decide(l.t.Context(), p, "quicksight:"+action, resource)
	if err != nil && !lethe.Is(err, lethe.Denied) {
		l.t.Fatal(err)
	}
	return err == nil
}

func cases() dash.DataSet {
	return dash.DataSet{
		Edited: dash.Edited{Name: "Cases"}, Source: dash.Source{SQL: "SELECT * FROM cases"},
		Fields: []dash.Field{{Name: "country", Column: "country"}, {Name: "day", Column: "day"}, {Name: "deaths", Column: "deaths"}},
	}
}

func spread(sets ...string) dash.Analysis {
	return dash.Analysis{Edited: dash.Edited{Name: "Spread"}, Definition: dash.Definition{DataSets: sets, Sheets: []dash.Sheet{{ID: "one", Name: "One", Visuals: []dash.Visual{{
		ID: "deaths", Kind: dash.Bar, DataSet: sets[0], Place: dash.Place{W: 12, H: 6},
		Wells: map[string][]dash.WellField{"x": {{Field: "country"}}, "value": {{Field: "deaths", Aggregation: dash.Sum}}},
	}}}}}}
}

// story is a data set, an analysis and a dashboard of somebody.
type story struct {
	set      dash.DataSet
	analysis dash.Analysis
	board    dash.Dashboard
}

func (l *lake) story(p lethe.Principal) (s story) {
	l.t.Helper()
	ctx := l.as(p)
	s.set = must[dash.DataSet](l.t)(l.CreateDataSet(ctx, cases()))
	s.analysis = must[dash.Analysis](l.t)(l.CreateAnalysis(ctx, spread(s.set.ID)))
	s.board = must[dash.Dashboard](l.t)(l.Publish(ctx, s.analysis.ID, dash.Publishing{Revision: 1}))
	return s
}

func TestWhoMayDoWhat(t *testing.T) {
	l := newLake(t)
	owner, viewer, editor, stranger := l.author("owner"), l.user("viewer"), l.user("editor"), l.user("stranger")
	s := l.story(owner)
	group := must[access.Group](t)(l.access.CreateGroup(t.Context(), "lookers", "/"))
	l.ok(l.access.AddUserToGroup(t.Context(), "lookers", "viewer"))
	must[[]dash.Share](t)(l.ShareDashboard(l.as(owner), s.board.ID, []dash.Share{{Principal: group.ARN(), Role: "viewer"}, {Principal: editor.ARN, Role: "editor"}}))
	set, analysis, board := l.DataSetARN(s.set.ID), l.AnalysisARN(s.analysis.ID), l.DashboardARN(s.board.ID)
	for _, tt := range []struct {
		action, resource string
		who              string // of owner, editor, viewer
	}{
		{"DescribeDashboard", board, "oev"}, {"ListDashboards", l.DashboardARN("*"), "oev"},
		{"ListDashboardVersions", board, "oe"}, {"UpdateDashboard", board, "oe"}, {"UpdateDashboardPublishedVersion", board, "oe"},
		{"UpdateDashboardPermissions", board, "o"}, {"DescribeDashboardPermissions", board, "o"}, {"DeleteDashboard", board, "o"},
		{"DescribeAnalysis", analysis, "oe"}, {"UpdateAnalysis", analysis, "oe"}, {"ListAnalyses", l.AnalysisARN("*"), "oe"}, {"DeleteAnalysis", analysis, "o"},
		{"DescribeDataSet", set, "oe"}, {"PassDataSet", set, "oe"}, {"ListDataSets", l.DataSetARN("*"), "oe"},
		{"UpdateDataSet", set, "o"}, {"DeleteDataSet", set, "o"}, {"CreateIngestion", set, "o"}, {"UpdateDataSetPermissions", set, "o"},
	} {
		for letter, p := range map[string]lethe.Principal{"o": owner, "e": editor, "v": viewer, "s": stranger} {
			if want := strings.Contains(tt.who, letter); l.may(p, tt.action, tt.resource) != want {
				t.Errorf("%s may %s on %s: %v", p.Name, tt.action, tt.resource, !want)
			}
		}
	}

	for _, x := range []struct {
		p    lethe.Principal
		n    int
		told int // shares
	}{{owner, 1, 2}, {editor, 1, 0}, {viewer, 1, 0}, {stranger, 0, 0}} {
		list := must[[]dash.Dashboard](t)(l.Dashboards(l.as(x.p)))
		if len(list) != x.n || x.n > 0 && len(list[0].Shares) != x.told {
			t.Errorf("%s sees %+v", x.p.Name, list)
		}
	}
	if list := must[[]dash.DataSet](t)(l.DataSets(l.as(viewer))); len(list) != 0 {
		t.Errorf("the viewer sees the data sets %v", list)
	}

	// Exports hold what a viewer must not see.
	if _, err := l.DashboardCode(l.as(viewer), s.board.ID); !lethe.Is(err, lethe.Denied) {
		t.Errorf("export by a viewer: %v", err)
	}
	// A viewer draws what the definition has, and nothing else.
	if _, err := l.Draw(l.as(viewer), dash.Drawing{Visual: s.board.Definition.Sheets[0].Visuals[0]}); !lethe.Is(err, lethe.Denied) {
		t.Errorf("a drawing by a viewer: %v", err)
	}
	for _, v := range []dash.View{
		{Filters: []dash.Filter{{ID: "x", Kind: dash.Category, Field: "country", Values: []string{"Italy"}}}},
		{Marks: []dash.Mark{{Visual: "deaths", Field: "day"}}},
		{Parameters: map[string]string{"p": "1"}},
	} {
		if _, err := l.DrawOf(l.as(viewer), s.board.ID, "deaths", v); err == nil {
			t.Errorf("the viewer set %+v", v)
		}
	}
	if _, err := l.DrawOf(l.as(viewer), s.board.ID, "other", dash.View{}); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("another visual: %v", err)
	}

	// Who leaves a group, or has the name of somebody who is gone, has nothing of theirs.
	l.ok(l.access.RemoveUserFromGroup(t.Context(), "lookers", "viewer"))
	if l.may(viewer, "DescribeDashboard", board) {
		t.Error("who left the group sees the dashboard")
	}
	l.ok(l.access.DeleteUser(t.Context(), "editor"))
	if again := l.user("editor"); again.ARN != editor.ARN || l.may(again, "DescribeDashboard", board) {
		t.Error("another user of the name inherited the share")
	}
	l.ok(l.access.DeleteGroup(t.Context(), "lookers"))
	must[access.Group](t)(l.access.CreateGroup(t.Context(), "lookers", "/"))
	l.ok(l.access.AddUserToGroup(t.Context(), "lookers", "stranger"))
	if l.may(stranger, "DescribeDashboard", board) {
		t.Error("another group of the name inherited the share")
	}
}

func TestSharingPassesOnNothingOfOthers(t *testing.T) {
	l := newLake(t)
	first, second, friend := l.author("first"), l.author("second"), l.user("friend")
	theirs := must[dash.DataSet](t)(l.CreateDataSet(l.as(first), cases()))
	if _, err := l.CreateAnalysis(l.as(second), spread(theirs.ID)); !lethe.Is(err, lethe.Denied) {
		t.Fatalf("an analysis of another's data set: %v", err)
	}
	must[[]dash.Share](t)(l.ShareDataSet(l.as(first), theirs.ID, []dash.Share{{Principal: second.ARN, Role: "viewer"}}))
	a := must[dash.Analysis](t)(l.CreateAnalysis(l.as(second), spread(theirs.ID)))
	d := must[dash.Dashboard](t)(l.Publish(l.as(second), a.ID, dash.Publishing{Revision: 1}))
	must[[]dash.Share](t)(l.ShareDashboard(l.as(second), d.ID, []dash.Share{{Principal: friend.ARN, Role: "editor"}}))
	if !l.may(friend, "UpdateAnalysis", l.AnalysisARN(a.ID)) {
		t.Error("an editor may not edit")
	}
	if l.may(friend, "PassDataSet", l.DataSetARN(theirs.ID)) {
		t.Error("sharing a dashboard passed on a data set of somebody else's")
	}
	// What is not theirs to ask any more cannot be published again.
	must[[]dash.Share](t)(l.ShareDataSet(l.as(first), theirs.ID, nil))
	if _, err := l.Publish(l.as(second), a.ID, dash.Publishing{Revision: 1}); !lethe.Is(err, lethe.Denied) {
		t.Errorf("published with a data set that is not shared any more: %v", err)
	}
}

func TestOnlyItsOwnerChangesWhatIsReadAsTheOwner(t *testing.T) {
	l := newLake(t)
	owner, editor := l.author("owner"), l.user("editor")
	set := cases()
	set.ReadAs = dash.ReadAsOwner
	made := must[dash.DataSet](t)(l.CreateDataSet(l.as(owner), set))
	must[[]dash.Share](t)(l.ShareDataSet(l.as(owner), made.ID, []dash.Share{{Principal: editor.ARN, Role: "editor"}}))
	change := made
	change.Source.SQL = "SELECT * FROM salaries"
	if _, err := l.UpdateDataSet(l.as(editor), made.ID, change); !lethe.Is(err, lethe.Denied) {
		t.Errorf("an editor chose what is read with the owner's permissions: %v", err)
	}
	change.ReadAs = dash.ReadAsViewer
	if _, err := l.UpdateDataSet(l.as(editor), made.ID, change); !lethe.Is(err, lethe.Denied) {
		t.Errorf("an editor changed what is read as the owner: %v", err)
	}
	made = must[dash.DataSet](t)(l.UpdateDataSet(l.as(owner), made.ID, change))
	change.Revision = made.Revision
	change.Description = "ours"
	made = must[dash.DataSet](t)(l.UpdateDataSet(l.as(editor), made.ID, change))
	if made.Owner != owner.ARN || made.ChangedBy != editor.ARN {
		t.Errorf("%+v", made.Edited)
	}
	change.Revision, change.ReadAs = made.Revision, dash.ReadAsOwner
	if _, err := l.UpdateDataSet(l.as(editor), made.ID, change); !lethe.Is(err, lethe.Denied) {
		t.Errorf("an editor had a data set read with the owner's permissions: %v", err)
	}
}

func TestTwoEditorsAtOnce(t *testing.T) {
	l := newLake(t)
	owner, other := l.author("owner"), l.author("other")
	s := l.story(owner)
	must[[]dash.Share](t)(l.ShareDashboard(l.as(owner), s.board.ID, []dash.Share{{Principal: other.ARN, Role: "editor"}}))
	seen := must[dash.Analysis](t)(l.Analysis(l.as(owner), s.analysis.ID))
	mine, theirs := seen, seen
	theirs.Name = "Theirs"
	must[dash.Analysis](t)(l.UpdateAnalysis(l.as(other), seen.ID, theirs))
	mine.Name = "Mine"
	_, err := l.UpdateAnalysis(l.as(owner), seen.ID, mine)
	if !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "by other at 20") || !strings.Contains(err.Error(), "revision 2") {
		t.Errorf("the second of two changes: %v", err)
	}
	if _, err := l.Publish(l.as(owner), seen.ID, dash.Publishing{Revision: seen.Revision}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("published what nobody looked at: %v", err)
	}
	if now := must[dash.Analysis](t)(l.Analysis(l.as(owner), seen.ID)); now.Name != "Theirs" || now.Revision != 2 {
		t.Errorf("%+v", now.Edited)
	}
	set := s.set
	set.Description = "a"
	must[dash.DataSet](t)(l.UpdateDataSet(l.as(owner), set.ID, set))
	if _, err := l.UpdateDataSet(l.as(owner), set.ID, set); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("a change of a data set to an old revision: %v", err)
	}
}

func TestVersionsArePublishedAndComeBack(t *testing.T) {
	l := newLake(t)
	owner := l.author("owner")
	ctx := l.as(owner)
	s := l.story(owner)
	a := must[dash.Analysis](t)(l.Analysis(ctx, s.analysis.ID))
	if c := must[dash.Changes](t)(l.Changes(ctx, a.ID)); len(c.Changes) != 0 {
		t.Errorf("what is published differs: %+v", c.Changes)
	}
	v := &a.Definition.Sheets[0].Visuals[0]
	v.Kind, v.Wells = dash.Pie, map[string][]dash.WellField{"color": v.Wells["x"], "value": v.Wells["value"]}
	a.Definition.Sheets = append(a.Definition.Sheets, dash.Sheet{ID: "two", Name: "Two"})
	a = must[dash.Analysis](t)(l.UpdateAnalysis(ctx, a.ID, a))
	c := must[dash.Changes](t)(l.Changes(ctx, a.ID))
	if len(c.Changes) != 2 || c.Changes[0].Kind != "changed" || c.Changes[0].ID != "deaths" || !strings.Contains(strings.Join(c.Changes[0].Details, "; "), "kind: bar → pie") || c.Changes[1].Kind != "added" || c.Changes[1].ID != "two" {
		t.Errorf("changes: %+v", c.Changes)
	}
	if d := must[dash.Dashboard](t)(l.Dashboard(ctx, s.board.ID, 0)); d.Definition.Sheets[0].Visuals[0].Kind != dash.Bar {
		t.Error("viewers see what is not published")
	}
	d := must[dash.Dashboard](t)(l.Publish(ctx, a.ID, dash.Publishing{Name: "Renamed", Note: "a pie", Revision: a.Revision}))
	if d.ID != s.board.ID || d.Version != 2 || d.Name != "Renamed" || d.Definition.Sheets[0].Visuals[0].Kind != dash.Pie {
		t.Errorf("%+v", d)
	}
	versions := must[[]dash.Version](t)(l.Versions(ctx, d.ID))
	if len(versions) != 2 || versions[0].Number != 2 || versions[0].Note != "a pie" || versions[0].By != owner.ARN {
		t.Errorf("%+v", versions)
	}
	d = must[dash.Dashboard](t)(l.PublishVersion(ctx, d.ID, 1))
	if d.Version != 1 || d.Definition.Sheets[0].Visuals[0].Kind != dash.Bar {
		t.Errorf("the first version is not back: %+v", d)
	}
	if d = must[dash.Dashboard](t)(l.Publish(ctx, a.ID, dash.Publishing{Revision: a.Revision})); d.Version != 3 {
		t.Errorf("version %d after the first was shown again", d.Version)
	}
	if err := l.DeleteDataSet(ctx, s.set.ID, false); !lethe.Is(err, lethe.Conflict) || !strings.Contains(err.Error(), "1 analysis and 1 dashboard") {
		t.Errorf("deleting what is used: %v", err)
	}
	l.ok(l.DeleteDataSet(ctx, s.set.ID, true))
	if _, err := l.DrawOf(ctx, d.ID, "deaths", dash.View{}); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a visual of a data set that is gone: %v", err)
	}
	l.ok(l.DeleteDashboard(ctx, d.ID))
	if a := must[dash.Analysis](t)(l.Analysis(ctx, a.ID)); a.Dashboard != "" {
		t.Error("the analysis names a dashboard that is gone")
	}
	l.ok(l.DeleteAnalysis(ctx, a.ID))
}

func TestEmptyWellsAreNotPublished(t *testing.T) {
	l := newLake(t)
	owner := l.author("owner")
	set := must[dash.DataSet](t)(l.CreateDataSet(l.as(owner), cases()))
	half := spread(set.ID)
	half.Definition.Sheets[0].Visuals[0].Wells = nil
	a := must[dash.Analysis](t)(l.CreateAnalysis(l.as(owner), half))
	if _, err := l.Publish(l.as(owner), a.ID, dash.Publishing{Revision: 1}); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "definition.sheets[0].visuals[0].wells.x") {
		t.Errorf("%v", err)
	}
}
