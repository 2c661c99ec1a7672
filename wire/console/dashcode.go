package console

import (
	"context"
	"errors"
	"io"
	"net/http"

	"lethe"
)

// codeRoutes are the operations on data sets, analyses and dashboards as YAML.
func (s *server) codeRoutes() []route {
	return []route{
		{"GET", "/data-sets/{data_set}/yaml", "getDataSetCode", s.dataSetCode},
		{"GET", "/analyses/{analysis}/yaml", "getAnalysisCode", s.analysisCode},
		{"GET", "/dashboards/{dashboard}/yaml", "getDashboardCode", s.dashboardCode},
		{"POST", "/dash-import", "importDashCode", s.importCode},
	}
}

func (s *server) dataSetCode(c *call) ([]need, func() error, error) {
	return s.code(c, "dataset", c.path("data_set"), "quicksight:DescribeDataSet", s.Dash.DataSetCode)
}

func (s *server) analysisCode(c *call) ([]need, func() error, error) {
	return s.code(c, "analysis", c.path("analysis"), "quicksight:DescribeAnalysis", s.Dash.AnalysisCode)
}

func (s *server) dashboardCode(c *call) ([]need, func() error, error) {
	return s.code(c, "dashboard", c.path("dashboard"), "quicksight:DescribeDashboard", s.Dash.DashboardCode)
}

func (s *server) code(c *call, kind, id, action string, code func(context.Context, string) ([]byte, error)) ([]need, func() error, error) {
	return s.of(kind, id, action), func() error {
		text, err := code(c.r.Context(), id)
		if err != nil {
			return err
		}
		c.w.Header().Set("Content-Type", "application/yaml")
		c.w.Header().Set("Content-Disposition", `attachment; filename="`+kind+`-`+id+`.yaml"`)
		c.w.Write(text) // nobody to tell if it fails
		return nil
	}, nil
}

// maxCode bounds the text of an import, in bytes.
const maxCode = 4 << 20

func (s *server) importCode(c *call) ([]need, func() error, error) {
	return []need{{"quicksight:StartAssetBundleImportJob", "*"}}, func() error {
		text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxCode))
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			return lethe.Errorf(lethe.Invalid, "the request's body is over %d bytes", maxCode)
		}
		if err != nil {
			return err
		}
		done, err := s.Dash.Import(c.r.Context(), text, c.query("replace") == "true")
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, done)
	}, nil
}
