// Package covid holds the walk-through's statement and its dashboard, for the sample lake
// and for whoever wants to begin with them.
package covid

import (
	_ "embed"
	"strings"
)

// The ids of what Dashboard makes.
const (
	DataSet     = "019b0000-c019-7000-8000-000000000001"
	Analysis    = "019b0000-c019-7000-8000-000000000002"
	DashboardID = "019b0000-c019-7000-8000-000000000003"
)

// SQL joins the three series.
//
//go:embed covid-19.sql
var SQL string

//go:embed dashboard.yaml
var dashboard string

const (
	source    = "Cumulative cases of COVID-19 by place and day. Source: Johns Hopkins University CSSE COVID-19 Data Repository, CC BY 4.0."
	simulated = "SIMULATED: cumulative cases of an invented outbreak by place and day. These are no real figures."
)

// Dashboard is the data set, the analysis and the dashboard of the walk-through as YAML;
// of simulated series it says that they are.
func Dashboard(invented bool) string {
	if !invented {
		return dashboard
	}
	text := strings.ReplaceAll(dashboard, source, simulated)
	return strings.ReplaceAll(text, "name: COVID-19\n", "name: COVID-19 (simulated)\n")
}
