package console

import (
	"net/http"
	"time"

	"lethe/erasure"
)

// vacuumRoutes are of the blank records that erasures leave.
func (s *server) vacuumRoutes() []route {
	return []route{
		{"GET", "/vacuums", "listVacuums", s.listVacuums},
		{"POST", "/vacuums", "createVacuum", s.createVacuum},
		{"GET", "/vacuums/{vacuum}", "getVacuum", s.getVacuum},
	}
}

func (s *server) listVacuums(c *call) ([]need, func() error, error) {
	return on("lethe:ListVacuums", func() error {
		all, err := s.Erasure.Vacuums(c.r.Context())
		if err != nil {
			return err
		}
		blanked, err := s.Erasure.Blanked(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Blanked erasure.Blanked  `json:"blanked"`
			Vacuums []erasure.Vacuum `json:"vacuums"`
		}{blanked, orEmpty(all)})
	})
}

func (s *server) createVacuum(c *call) ([]need, func() error, error) {
	return on("lethe:CreateVacuum", func() error {
		var in struct {
			Table  string    `json:"table"`
			Prefix string    `json:"prefix"`
			Before time.Time `json:"before"`
			All    bool      `json:"all"`
			DryRun bool      `json:"dry_run"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		v, err := s.Erasure.StartVacuum(c.r.Context(), erasure.VacuumScope(in))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, v)
	})
}

func (s *server) getVacuum(c *call) ([]need, func() error, error) {
	return on("lethe:GetVacuum", func() error {
		v, err := s.Erasure.Vacuum(c.r.Context(), c.path("vacuum"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, v)
	})
}
