package console_test

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/dash"
	"lethe/lib/state"
	"lethe/wire/console"
)

// What the tests' lake keeps of pictures.
const (
	casesID  = "019aaf00-0000-7000-8000-000000000001"
	spreadID = "019aaf00-0000-7000-8000-000000000002"
	mortalID = "019aaf00-0000-7000-8000-000000000003"
	// sheetOfDeaths is a definition up to its filters.
	sheetOfDeaths = `
      data_sets: [` + casesID + `]
      sheets:
        - id: one
          name: One
          visuals:
            - id: deaths
              kind: bar
              data_set: ` + casesID + `
              wells:
                x: [{field: country}]
                value: [{field: deaths, aggregation: sum}]
              look: {}
              place: {x: 0, y: 0, w: 12, h: 6}
          filters:
`
	dashSeries = `lethe: 1
data_sets:
  - id: ` + casesID + `
    name: Cases
    source:
      sql: SELECT country, date, deaths FROM covid_death_cases
    fields:
      - name: country
        column: country
        geo: country
      - name: date
        column: date
        type: date
        format: yyyy-MM-dd
      - name: deaths
        column: deaths
    hierarchies:
      - name: place
        fields: [country, date]
    mode: live
    read_as: viewer
analyses:
  - id: ` + spreadID + `
    name: Spread
    definition:` + sheetOfDeaths + `            - data_set: ` + casesID + `
              id: days
              kind: time_range
              field: date
              from: 2020-09-10
              to: 2020-09-11
          controls:
            - id: day
              filter: days
dashboards:
  - id: ` + mortalID + `
    name: Mortality
    analysis: ` + spreadID + `
    definition:` + sheetOfDeaths + `            - data_set: ` + casesID + `
              id: where
              kind: category
              field: country
          controls:
            - id: which
              filter: where
`
)

// dashAccess is the tests' policy, and the account that package dash looks into.
type dashAccess struct{ *policy }

func (a dashAccess) Allows(_ context.Context, p lethe.Principal, action, resource string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return p.Administrator || slices.Contains(a.allowed, action+" "+resource), nil
}

func (dashAccess) User(_ context.Context, name string) (access.User, error) {
	if name != "reader" {
		return access.User{}, lethe.Errorf(lethe.NotFound, "there is no user %s", name)
	}
	return access.User{ID: reader.ID, Name: name, Path: "/"}, nil
}

func (dashAccess) Role(_ context.Context, name string) (access.Role, error) {
	return access.Role{}, lethe.Errorf(lethe.NotFound, "there is no role %s", name)
}

func (dashAccess) Group(_ context.Context, name string) (access.Group, []access.User, error) {
	return access.Group{}, nil, lethe.Errorf(lethe.NotFound, "there is no group %s", name)
}

func (dashAccess) Self(_ context.Context, p lethe.Principal) (access.Self, error) {
	return access.Self{User: p.Name}, nil
}

func (dashAccess) Groups(context.Context) ([]access.Group, error) { return nil, nil }

// series answers every statement with two countries, one of which a spreadsheet would run, and
// with a number of each if it makes any.
type series struct{}

func (series) Ask(_ context.Context, st dash.Statement) (dash.Rows, error) {
	r := dash.Rows{Columns: []dash.AnswerColumn{{Name: "country", Type: dash.Text, Values: []any{"Italy", "=Spain"}}}, N: 2}
	if strings.Contains(st.SQL, "sum(") || strings.Contains(st.SQL, "count(") {
		r.Columns = append(r.Columns, dash.AnswerColumn{Name: "deaths", Type: dash.Integer, Values: []any{int64(-3), nil}})
	}
	return r, nil
}

func (series) Describe(context.Context, dash.Statement) (dash.Described, error) {
	return dash.Described{Columns: []dash.Column{{Name: "country", Type: "varchar"}, {Name: "date", Type: "varchar"}, {Name: "deaths", Type: "bigint"}},
		Tables: []dash.TableName{{Catalog: lethe.DefaultCatalog, Database: "default", Table: "covid_death_cases"}}}, nil
}

func (series) SameSight(context.Context, lethe.Principal, lethe.Principal, []dash.TableName) (bool, error) {
	return true, nil
}

// pictures gives a lake a data set, an analysis and a dashboard.
func pictures(t *testing.T) func(*console.Options) {
	return func(o *console.Options) {
		t.Helper()
		db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		o.Dash, err = dash.Open(t.Context(), dash.Config{DB: db, Access: dashAccess{o.Access.(*policy)}, Asker: series{}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Dash.Import(lethe.WithPrincipal(t.Context(), admin), []byte(dashSeries), false); err != nil {
			t.Fatal(err)
		}
	}
}

// draftJSON, analysisDraft are what a page sends.
const (
	draftJSON     = `{"name":"More","source":{"sql":"SELECT 1 AS country"},"fields":[{"name":"country","column":"country"}],"mode":"live","read_as":"viewer"}`
	drawing       = `{"visual":{"id":"v","kind":"bar","data_set":"` + casesID + `","wells":{"x":[{"field":"country"}],"value":[{"field":"deaths","aggregation":"sum"}]},"look":{},"place":{"x":0,"y":0,"w":6,"h":6}},"view":{}}`
	analysisDraft = `{"name":"Second","definition":{"data_sets":["` + casesID + `"],"sheets":[{"id":"s","name":"S","visuals":[]}]}}`
)

func TestPicturesAreDecidedByTheirKinds(t *testing.T) {
	of := func(kind string) string { return lethe.QuickSightARN(lethe.DefaultRegion, kind, "") }
	set, analysis, board := of("dataset"), of("analysis"), of("dashboard")
	pass := "quicksight:PassDataSet " + set + casesID
	for _, tt := range []struct {
		method, path, body string
		want               []string
	}{
		{"GET", "/data-sets", "", []string{"quicksight:ListDataSets " + set + "*"}},
		{"POST", "/data-sets", draftJSON, []string{"quicksight:CreateDataSet " + set + "*"}},
		{"GET", "/data-sets/" + casesID, "", []string{"quicksight:DescribeDataSet " + set + casesID}},
		{"PUT", "/data-sets/" + casesID, strings.Replace(draftJSON, `"mode"`, `"revision":1,"mode"`, 1), []string{"quicksight:UpdateDataSet " + set + casesID}},
		{"GET", "/data-sets/" + casesID + "/shares", "", []string{"quicksight:DescribeDataSetPermissions " + set + casesID}},
		{"PUT", "/data-sets/" + casesID + "/shares", `{"shares":[]}`, []string{"quicksight:UpdateDataSetPermissions " + set + casesID}},
		{"GET", "/data-sets/" + casesID + "/extract", "", []string{"quicksight:DescribeIngestion " + set + casesID}},
		{"GET", "/data-sets/" + casesID + "/refreshes", "", []string{"quicksight:ListIngestions " + set + casesID}},
		{"GET", "/data-sets/" + casesID + "/yaml", "", []string{"quicksight:DescribeDataSet " + set + casesID, "quicksight:DescribeDataSet " + set + casesID}},
		{"DELETE", "/data-sets/" + casesID + "?force=true", "", []string{"quicksight:DeleteDataSet " + set + casesID}},
		{"POST", "/data-sets/preview?limit=10", draftJSON, []string{"quicksight:CreateDataSet " + set + "*"}},
		{"POST", "/data-sets/" + casesID + "/query", `{"dimensions":[{"field":"country"}]}`, []string{pass}},
		{"POST", "/drawings", drawing, []string{"quicksight:ListAnalyses " + analysis + "*", pass}},
		{"POST", "/dashboards/" + mortalID + "/visuals/deaths/answer", `{}`, []string{"quicksight:DescribeDashboard " + board + mortalID}},
		{"POST", "/dashboards/" + mortalID + "/visuals/deaths/answer.csv", `{}`, []string{"quicksight:DescribeDashboard " + board + mortalID}},
		{"POST", "/dashboards/" + mortalID + "/controls/which/values", `{}`, []string{"quicksight:DescribeDashboard " + board + mortalID}},
		{"GET", "/analyses", "", []string{"quicksight:ListAnalyses " + analysis + "*"}},
		{"POST", "/analyses", analysisDraft, []string{"quicksight:CreateAnalysis " + analysis + "*", pass}},
		{"GET", "/analyses/" + spreadID, "", []string{"quicksight:DescribeAnalysis " + analysis + spreadID}},
		{"PUT", "/analyses/" + spreadID, strings.Replace(analysisDraft, `"name"`, `"revision":1,"name"`, 1), []string{"quicksight:UpdateAnalysis " + analysis + spreadID, pass}},
		{"GET", "/analyses/" + spreadID + "/changes", "", []string{"quicksight:DescribeAnalysis " + analysis + spreadID}},
		{"POST", "/analyses/" + spreadID + "/publish", `{"name":"","note":"n","revision":1}`, []string{"quicksight:DescribeAnalysis " + analysis + spreadID, "quicksight:UpdateDashboard " + board + mortalID, pass}},
		{"GET", "/analyses/" + spreadID + "/yaml", "", []string{"quicksight:DescribeAnalysis " + analysis + spreadID, "quicksight:DescribeDataSet " + set + casesID}},
		{"DELETE", "/analyses/" + spreadID, "", []string{"quicksight:DeleteAnalysis " + analysis + spreadID}},
		{"GET", "/dashboards", "", []string{"quicksight:ListDashboards " + board + "*"}},
		{"GET", "/dashboards/" + mortalID, "", []string{"quicksight:DescribeDashboard " + board + mortalID}},
		{"GET", "/dashboards/" + mortalID + "?version=1", "", []string{"quicksight:DescribeDashboard " + board + mortalID, "quicksight:ListDashboardVersions " + board + mortalID}},
		{"PUT", "/dashboards/" + mortalID + "/shares", `{"shares":[]}`, []string{"quicksight:UpdateDashboardPermissions " + board + mortalID}},
		{"GET", "/dashboards/" + mortalID + "/versions", "", []string{"quicksight:ListDashboardVersions " + board + mortalID}},
		{"POST", "/dashboards/" + mortalID + "/versions/1/publish", "", []string{"quicksight:UpdateDashboardPublishedVersion " + board + mortalID, pass}},
		{"GET", "/dashboards/" + mortalID + "/yaml", "", []string{"quicksight:DescribeDashboard " + board + mortalID, "quicksight:DescribeAnalysis " + analysis + spreadID, "quicksight:DescribeDataSet " + set + casesID}},
		{"DELETE", "/dashboards/" + mortalID, "", []string{"quicksight:DeleteDashboard " + board + mortalID}},
		{"POST", "/dash-import", dashSeries, []string{"quicksight:StartAssetBundleImportJob *", "quicksight:UpdateDataSet " + set + casesID, "quicksight:UpdateAnalysis " + analysis + spreadID, "quicksight:UpdateDashboard " + board + mortalID}},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			c := serve(t, pictures(t)).as("admin")
			c.lake.policy.asked = nil
			if a := c.do(tt.method, "/api/v1"+tt.path, tt.body); a.res.StatusCode >= 300 {
				t.Errorf("status %d: %s", a.res.StatusCode, a.body)
			}
			if !slices.Equal(c.lake.policy.asked, tt.want) {
				t.Errorf("decided %q, want %q", c.lake.policy.asked, tt.want)
			}
		})
	}
}

func TestAnswersAboutPicturesAreAsDescribed(t *testing.T) {
	c := serve(t, pictures(t)).as("admin")
	c.asDescribed([]described{
		{"listDataSets", "GET", "/data-sets", ""},
		{"createDataSet", "POST", "/data-sets", draftJSON},
		{"getDataSet", "GET", "/data-sets/" + casesID, ""},
		{"putDataSetShares", "PUT", "/data-sets/" + casesID + "/shares", `{"shares":[{"principal":"` + reader.ARN + `","role":"viewer"}]}`},
		{"getDataSetShares", "GET", "/data-sets/" + casesID + "/shares", ""},
		{"getExtract", "GET", "/data-sets/" + casesID + "/extract", ""},
		{"listRefreshes", "GET", "/data-sets/" + casesID + "/refreshes", ""},
		{"previewDataSet", "POST", "/data-sets/preview?limit=10", draftJSON},
		{"queryDataSet", "POST", "/data-sets/" + casesID + "/query", `{"dimensions":[{"field":"country"}]}`},
		{"drawVisual", "POST", "/drawings", drawing},
		{"getVisualAnswer", "POST", "/dashboards/" + mortalID + "/visuals/deaths/answer", `{}`},
		{"getControlValues", "POST", "/dashboards/" + mortalID + "/controls/which/values", `{"search":"","limit":10}`},
		{"listAnalyses", "GET", "/analyses", ""},
		{"createAnalysis", "POST", "/analyses", analysisDraft},
		{"getAnalysis", "GET", "/analyses/" + spreadID, ""},
		{"getAnalysisChanges", "GET", "/analyses/" + spreadID + "/changes", ""},
		{"publishAnalysis", "POST", "/analyses/" + spreadID + "/publish", `{"name":"","note":"n","revision":1}`},
		{"listDashboards", "GET", "/dashboards", ""},
		{"putDashboardShares", "PUT", "/dashboards/" + mortalID + "/shares", `{"shares":[{"principal":"` + reader.ARN + `","role":"viewer"}]}`},
		{"getDashboard", "GET", "/dashboards/" + mortalID, ""},
		{"listDashboardVersions", "GET", "/dashboards/" + mortalID + "/versions", ""},
		{"publishDashboardVersion", "POST", "/dashboards/" + mortalID + "/versions/1/publish", ""},
		{"deleteAnalysis", "DELETE", "/analyses/" + spreadID, ""},
	})
	if code := c.do("GET", "/api/v1/dashboards/"+mortalID+"/yaml", ""); !strings.HasPrefix(code.body, "lethe: 1\n") || code.res.Header.Get("Content-Type") != "application/yaml" {
		t.Error(code.body)
	}
	if a := c.do("POST", "/api/v1/dashboards/"+mortalID+"/visuals/deaths/answer.csv", `{}`); a.body != "country,deaths\nItaly,-3\n'=Spain,\n" {
		t.Errorf("%q", a.body)
	}
	c.want(c.do("GET", "/api/v1/dashboards/"+mortalID+"?version=9", ""), http.StatusNotFound)
	c.want(c.do("POST", "/api/v1/dashboards/"+mortalID+"/versions/0/publish", ""), http.StatusNotFound)
}
