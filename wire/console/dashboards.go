package console

import (
	"math"
	"net/http"
	"strconv"

	"lethe"
	"lethe/dash"
)

func (s *server) dashboardRoutes() []route {
	return []route{
		{"GET", "/dashboards", "listDashboards", s.listDashboards},
		{"GET", "/dashboards/{dashboard}", "getDashboard", s.getDashboard},
		{"DELETE", "/dashboards/{dashboard}", "deleteDashboard", s.deleteDashboard},
		{"PUT", "/dashboards/{dashboard}/shares", "putDashboardShares", s.putDashboardShares},
		{"GET", "/dashboards/{dashboard}/versions", "listDashboardVersions", s.dashboardVersions},
		{"POST", "/dashboards/{dashboard}/versions/{version}/publish", "publishDashboardVersion", s.publishVersion},
	}
}

// dashboardJSON is a dashboard with what its visuals need to know of its data sets.
type dashboardJSON struct {
	dash.Dashboard
	DataSets []dash.Shown `json:"data_sets"`
}

func (s *server) listDashboards(c *call) ([]need, func() error, error) {
	return s.of("dashboard", "*", "quicksight:ListDashboards"), func() error {
		list, err := s.Dash.Dashboards(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]any{"dashboards": list})
	}, nil
}

func (s *server) dashboardOut(c *call, d dash.Dashboard) error {
	sets, err := s.Dash.Shown(c.r.Context(), d.Definition, true)
	if err != nil {
		return err
	}
	return reply(c.w, http.StatusOK, dashboardJSON{d, sets})
}

func (s *server) getDashboard(c *call) ([]need, func() error, error) {
	id := c.path("dashboard")
	needs := s.of("dashboard", id, "quicksight:DescribeDashboard")
	version, err := c.number("version", 0, 1, math.MaxInt32)
	if version > 0 { // viewers see what is published, and nothing else
		needs = append(needs, s.of("dashboard", id, "quicksight:ListDashboardVersions")...)
	}
	return needs, func() error {
		d, err := s.Dash.Dashboard(c.r.Context(), id, int(version))
		if err != nil {
			return err
		}
		if err := s.Dash.Opened(c.r.Context(), d.Definition); err != nil {
			return err
		}
		return s.dashboardOut(c, d)
	}, err
}

func (s *server) deleteDashboard(c *call) ([]need, func() error, error) {
	id := c.path("dashboard")
	return s.of("dashboard", id, "quicksight:DeleteDashboard"), func() error {
		if err := s.Dash.DeleteDashboard(c.r.Context(), id); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}

func (s *server) putDashboardShares(c *call) ([]need, func() error, error) {
	id := c.path("dashboard")
	return s.of("dashboard", id, "quicksight:UpdateDashboardPermissions"), func() error {
		var in sharesJSON
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		list, err := s.Dash.ShareDashboard(c.r.Context(), id, in.Shares)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, sharesJSON{list})
	}, nil
}

func (s *server) dashboardVersions(c *call) ([]need, func() error, error) {
	id := c.path("dashboard")
	return s.of("dashboard", id, "quicksight:ListDashboardVersions"), func() error {
		list, err := s.Dash.Versions(c.r.Context(), id)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]any{"versions": list})
	}, nil
}

func (s *server) publishVersion(c *call) ([]need, func() error, error) {
	id := c.path("dashboard")
	return s.of("dashboard", id, "quicksight:UpdateDashboardPublishedVersion"), func() error {
		version, err := strconv.ParseInt(c.path("version"), 10, 32)
		if err != nil || version < 1 {
			return lethe.Errorf(lethe.NotFound, "there is no version %q", c.path("version"))
		}
		d, err := s.Dash.PublishVersion(c.r.Context(), id, int(version))
		if err != nil {
			return err
		}
		return s.dashboardOut(c, d)
	}, nil
}
