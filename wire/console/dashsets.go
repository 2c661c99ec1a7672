package console

import (
	"net/http"
	"slices"

	"lethe"
	"lethe/dash"
)

// dashRoutes are the operations on data sets, analyses and dashboards. Each needs what
// QuickSight's needs (Service Authorization Reference, Amazon QuickSight); what depends on a
// request's body package dash decides.
func (s *server) dashRoutes() []route {
	return slices.Concat([]route{
		{"GET", "/data-sets", "listDataSets", s.listDataSets},
		{"POST", "/data-sets", "createDataSet", s.createDataSet},
		{"GET", "/data-sets/{data_set}", "getDataSet", s.getDataSet},
		{"PUT", "/data-sets/{data_set}", "updateDataSet", s.updateDataSet},
		{"DELETE", "/data-sets/{data_set}", "deleteDataSet", s.deleteDataSet},
		{"GET", "/data-sets/{data_set}/shares", "getDataSetShares", s.getDataSetShares},
		{"PUT", "/data-sets/{data_set}/shares", "putDataSetShares", s.putDataSetShares},
		{"GET", "/data-sets/{data_set}/extract", "getExtract", s.getExtract},
		{"GET", "/data-sets/{data_set}/refreshes", "listRefreshes", s.listRefreshes},
		{"POST", "/data-sets/{data_set}/refreshes", "startRefresh", s.startRefresh},
		{"DELETE", "/data-sets/{data_set}/refreshes/running", "stopRefresh", s.stopRefresh},
	}, s.analysisRoutes(), s.dashboardRoutes(), s.askRoutes(), s.codeRoutes())
}

// of is what an operation on one of these needs.
func (s *server) of(kind, id string, actions ...string) (needs []need) {
	for _, a := range actions {
		needs = append(needs, need{a, lethe.QuickSightARN(s.Region, kind, id)})
	}
	return needs
}

func (s *server) listDataSets(c *call) ([]need, func() error, error) {
	return s.of("dataset", "*", "quicksight:ListDataSets"), func() error {
		list, err := s.Dash.DataSets(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]any{"data_sets": list})
	}, nil
}

func (s *server) createDataSet(c *call) ([]need, func() error, error) {
	return s.of("dataset", "*", "quicksight:CreateDataSet"), func() error {
		var in dash.DataSet
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		d, err := s.Dash.CreateDataSet(c.r.Context(), in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, d)
	}, nil
}

func (s *server) getDataSet(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:DescribeDataSet"), func() error {
		d, err := s.Dash.DataSet(c.r.Context(), id)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, d)
	}, nil
}

func (s *server) updateDataSet(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:UpdateDataSet"), func() error {
		var in dash.DataSet
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		d, err := s.Dash.UpdateDataSet(c.r.Context(), id, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, d)
	}, nil
}

func (s *server) deleteDataSet(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:DeleteDataSet"), func() error {
		if err := s.Dash.DeleteDataSet(c.r.Context(), id, c.query("force") == "true"); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

// sharesJSON are whom something is shared with.
type sharesJSON struct {
	Shares []dash.Share `json:"shares"`
}

func (s *server) getDataSetShares(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:DescribeDataSetPermissions"), func() error {
		list, err := s.Dash.DataSetShares(c.r.Context(), id)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, sharesJSON{list})
	}, nil
}

func (s *server) putDataSetShares(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:UpdateDataSetPermissions"), func() error {
		var in sharesJSON
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		list, err := s.Dash.ShareDataSet(c.r.Context(), id, in.Shares)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, sharesJSON{list})
	}, nil
}

func (s *server) getExtract(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:DescribeIngestion"), func() error {
		x, err := s.Dash.Extract(c.r.Context(), id)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, x)
	}, nil
}

// mostRefreshes is how many refreshes a list shows.
const mostRefreshes = 100

func (s *server) listRefreshes(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:ListIngestions"), func() error {
		list, err := s.Dash.Refreshes(c.r.Context(), id, mostRefreshes)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]any{"refreshes": list})
	}, nil
}

func (s *server) startRefresh(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:CreateIngestion"), func() error {
		var in struct {
			Increment bool `json:"increment"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		x, err := s.Dash.Refresh(c.r.Context(), id, in.Increment)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, x)
	}, nil
}

func (s *server) stopRefresh(c *call) ([]need, func() error, error) {
	id := c.path("data_set")
	return s.of("dataset", id, "quicksight:CancelIngestion"), func() error {
		if err := s.Dash.StopRefresh(c.r.Context(), id); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}
