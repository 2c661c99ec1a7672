package console

import (
	"net/http"

	"lethe/dash"
)

func (s *server) analysisRoutes() []route {
	return []route{
		{"GET", "/analyses", "listAnalyses", s.listAnalyses},
		{"POST", "/analyses", "createAnalysis", s.createAnalysis},
		{"GET", "/analyses/{analysis}", "getAnalysis", s.getAnalysis},
		{"PUT", "/analyses/{analysis}", "updateAnalysis", s.updateAnalysis},
		{"DELETE", "/analyses/{analysis}", "deleteAnalysis", s.deleteAnalysis},
		{"GET", "/analyses/{analysis}/changes", "getAnalysisChanges", s.analysisChanges},
		{"POST", "/analyses/{analysis}/publish", "publishAnalysis", s.publishAnalysis},
	}
}

// analysisJSON is an analysis with what its visuals need to know of its data sets.
type analysisJSON struct {
	dash.Analysis
	DataSets []dash.Shown `json:"data_sets,omitempty"`
}

func (s *server) listAnalyses(c *call) ([]need, func() error, error) {
	return s.of("analysis", "*", "quicksight:ListAnalyses"), func() error {
		list, err := s.Dash.Analyses(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]any{"analyses": list})
	}, nil
}

// analysisOut answers an analysis with what is shown of its data sets.
func (s *server) analysisOut(c *call, status int, a dash.Analysis) error {
	sets, err := s.Dash.Shown(c.r.Context(), a.Definition, false)
	if err != nil {
		return err
	}
	return reply(c.w, status, analysisJSON{a, sets})
}

func (s *server) createAnalysis(c *call) ([]need, func() error, error) {
	return s.of("analysis", "*", "quicksight:CreateAnalysis"), func() error {
		var in analysisJSON // as it is read
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		a, err := s.Dash.CreateAnalysis(c.r.Context(), in.Analysis)
		if err != nil {
			return err
		}
		return s.analysisOut(c, http.StatusCreated, a)
	}, nil
}

func (s *server) getAnalysis(c *call) ([]need, func() error, error) {
	id := c.path("analysis")
	return s.of("analysis", id, "quicksight:DescribeAnalysis"), func() error {
		a, err := s.Dash.Analysis(c.r.Context(), id)
		if err != nil {
			return err
		}
		return s.analysisOut(c, http.StatusOK, a)
	}, nil
}

func (s *server) updateAnalysis(c *call) ([]need, func() error, error) {
	id := c.path("analysis")
	return s.of("analysis", id, "quicksight:UpdateAnalysis"), func() error {
		var in analysisJSON
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		a, err := s.Dash.UpdateAnalysis(c.r.Context(), id, in.Analysis)
		if err != nil {
			return err
		}
		return s.analysisOut(c, http.StatusOK, a)
	}, nil
}

func (s *server) deleteAnalysis(c *call) ([]need, func() error, error) {
	id := c.path("analysis")
	return s.of("analysis", id, "quicksight:DeleteAnalysis"), func() error {
		if err := s.Dash.DeleteAnalysis(c.r.Context(), id); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

func (s *server) analysisChanges(c *call) ([]need, func() error, error) {
	id := c.path("analysis")
	return s.of("analysis", id, "quicksight:DescribeAnalysis"), func() error {
		x, err := s.Dash.Changes(c.r.Context(), id)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, x)
	}, nil
}

func (s *server) publishAnalysis(c *call) ([]need, func() error, error) {
	id := c.path("analysis")
	return s.of("analysis", id, "quicksight:DescribeAnalysis"), func() error {
		var in dash.Publishing
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		d, err := s.Dash.Publish(c.r.Context(), id, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, d)
	}, nil
}
