package dash_test

import (
	"strings"
	"testing"

	"lethe/dash"
)

func TestRedactedTextsAreNowhere(t *testing.T) {
	l := newLake(t)
	owner := l.author("owner")
	ctx := l.as(owner)
	const who = "cust-20481"
	s := l.story(owner)
	set := must[dash.DataSet](t)(l.DataSet(ctx, s.set.ID))
	set.Name, set.Source.SQL = "Without "+who, "SELECT * FROM cases WHERE country <> '"+who+"'"
	set.Filters = []dash.Filter{{Kind: dash.Category, Field: "country", Values: []string{who}, Exclude: true}}
	set = must[dash.DataSet](t)(l.UpdateDataSet(ctx, set.ID, set))
	a := must[dash.Analysis](t)(l.Analysis(ctx, s.analysis.ID))
	a.Definition.Colors = map[string]map[string]string{"country": {who: "#0f6b5c"}}
	a.Definition.Sheets[0].Visuals[0].Title = "All but " + who
	a.Definition.Sheets[0].Filters = []dash.SheetFilter{{DataSet: set.ID, Filter: dash.Filter{ID: "f", Kind: dash.Category, Field: "country", Contains: who}}}
	a = must[dash.Analysis](t)(l.UpdateAnalysis(ctx, a.ID, a))
	must[dash.Dashboard](t)(l.Publish(ctx, a.ID, dash.Publishing{Note: "for " + who, Revision: a.Revision}))

	f := func(text string) string { return strings.ReplaceAll(text, who, "[erased]") }
	for _, want := range []int64{3, 3} { // the set, the analysis, the second version
		if n, err := l.RedactTexts(ctx, true, f); err != nil || n != want {
			t.Fatalf("dry: %d %v", n, err)
		}
	}
	if n, err := l.RedactTexts(ctx, false, f); err != nil || n != 3 {
		t.Fatalf("%d %v", n, err)
	}
	if n, err := l.RedactTexts(ctx, false, f); err != nil || n != 0 {
		t.Errorf("again: %d %v", n, err)
	}
	code := must[[]byte](t)(l.DashboardCode(ctx, s.board.ID))
	if text := string(code); strings.Contains(text, who) || !strings.Contains(text, "Without [erased]") || !strings.Contains(text, "All but [erased]") {
		t.Errorf("%s", text)
	}
	if v := must[[]dash.Version](t)(l.Versions(ctx, s.board.ID)); v[0].Note != "for [erased]" {
		t.Errorf("%+v", v[0])
	}
	// Who has the old one open does not save it again.
	if _, err := l.UpdateAnalysis(ctx, a.ID, a); err == nil {
		t.Error("an editor brought the identifier back")
	}
}
