package console

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"lethe/dash"
)

// askRoutes are the questions to data sets.
func (s *server) askRoutes() []route {
	return []route{
		{"POST", "/data-sets/preview", "previewDataSet", s.previewDataSet},
		{"POST", "/data-sets/{data_set}/query", "queryDataSet", s.queryDataSet},
		{"POST", "/drawings", "drawVisual", s.drawVisual},
		{"POST", "/dashboards/{dashboard}/visuals/{visual}/answer", "getVisualAnswer", s.visualAnswer},
		{"POST", "/dashboards/{dashboard}/visuals/{visual}/answer.csv", "downloadVisualAnswer", s.visualCSV},
		{"POST", "/dashboards/{dashboard}/controls/{control}/values", "getControlValues", s.controlValues},
	}
}

// mostPreviewed is how many rows a preview can have.
const mostPreviewed = 1000

func (s *server) previewDataSet(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 0, 1, mostPreviewed)
	return s.of("dataset", "*", "quicksight:CreateDataSet"), func() error {
		var in dash.DataSet
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		p, err := s.Dash.Preview(c.r.Context(), in, int(limit))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, p)
	}, err
}

func (s *server) queryDataSet(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:PassDataSet"), func() error {
		var q dash.Query
		if err := decode(c.w, c.r, &q); err != nil {
			return err
		}
		a, err := s.Dash.Query(c.r.Context(), id, q)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, a)
	}, nil
}

// drawVisual needs that the caller has to do with analyses at all; which data set is asked stands
// in the body, and package dash decides about it.
func (s *server) drawVisual(c *call) ([]need, func() error, error) {
	return s.of("analysis", "*", "quicksight:ListAnalyses"), func() error {
		var d dash.Drawing
		if err := decode(c.w, c.r, &d); err != nil {
			return err
		}
		a, err := s.Dash.Draw(c.r.Context(), d)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, a)
	}, nil
}

func (s *server) visualAnswer(c *call) ([]need, func() error, error) {
	return s.viewed(c, func(a dash.Answer) error { return reply(c.w, http.StatusOK, a) })
}

func (s *server) visualCSV(c *call) ([]need, func() error, error) {
	return s.viewed(c, func(a dash.Answer) error { return answerCSV(c.w, a) })
}

// viewed asks a visual of a dashboard as the caller views it.
func (s *server) viewed(c *call, answer func(dash.Answer) error) ([]need, func() error, error) {
	id := c.path("dashboard")
	return s.of("dashboard", id, "quicksight:DescribeDashboard"), func() error {
		var v dash.View
		if err := decode(c.w, c.r, &v); err != nil {
			return err
		}
		a, err := s.Dash.DrawOf(c.r.Context(), id, c.path("visual"), v)
		if err != nil {
			return err
		}
		return answer(a)
	}, nil
}

func (s *server) controlValues(c *call) ([]need, func() error, error) {
	id := c.path("dashboard")
	return s.of("dashboard", id, "quicksight:DescribeDashboard"), func() error {
		var in dash.Choices
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		v, err := s.Dash.ControlValues(c.r.Context(), id, c.path("control"), in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, v)
	}, nil
}

// answerCSV writes an answer as CSV: a line of names, and one for each row; null is empty. Texts
// are written so that no spreadsheet runs them.
func answerCSV(w http.ResponseWriter, a dash.Answer) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="visual.csv"`)
	out := csv.NewWriter(w)
	row := make([]string, len(a.Columns))
	for i, c := range a.Columns {
		row[i] = inert(c.Name)
	}
	if err := out.Write(row); err != nil {
		return nil // the client has gone; there is nobody to tell
	}
	for n := range a.Rows {
		for i, c := range a.Columns {
			row[i] = cell(c.Type, c.Values[n])
		}
		if out.Write(row) != nil {
			return nil
		}
	}
	out.Flush()
	return nil
}

// cell is a value's text. Numbers beyond 2^53 come as texts, and are numbers.
func cell(of dash.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		if of == dash.Text {
			return inert(v)
		}
		return v
	}
	return fmt.Sprint(v)
}

// inert returns a text as a cell that spreadsheets show and do not run: what begins as a formula
// begins with an apostrophe instead (OWASP, "CSV Injection"), as in the files that pages make of
// their answers (toCSV in web/src/charts/csv.ts).
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
