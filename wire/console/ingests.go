package console

import (
	"context"
	"net/http"
	"time"

	"lethe"
	"lethe/ingest"
)

// Ingests make tables out of objects. See ingest.Service for what each method
// promises; it decides on the sources, the location and the table itself.
type Ingests interface {
	Start(ctx context.Context, j ingest.Job) (ingest.Run, error)
	Get(ctx context.Context, id string) (ingest.Run, error)
	Wait(ctx context.Context, id string) (ingest.Run, error)
	Runs(ctx context.Context, limit int) ([]ingest.Run, error)
	Cancel(ctx context.Context, id string) error
}

// Ingests are lethe's own, so their actions and resources are not AWS's.
const ingestResource = "arn:lethe:ingest:::*"

func (s *server) startIngest(c *call) ([]need, func() error, error) {
	var job ingest.Job
	if err := decode(c.w, c.r, &job); err != nil {
		return nil, nil, err
	}
	return []need{{"lethe:StartIngest", ingestResource}}, func() error {
		run, err := s.Ingests.Start(c.r.Context(), job)
		if err != nil {
			return err
		}
		c.w.Header().Set("Location", "/api/v1/ingests/"+run.ID)
		return reply(c.w, http.StatusCreated, run)
	}, nil
}

func (s *server) listIngests(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 50, 1, 1000)
	if err != nil {
		return nil, nil, err
	}
	return []need{{"lethe:ListIngests", ingestResource}}, func() error {
		runs, err := s.Ingests.Runs(c.r.Context(), int(limit))
		if err != nil {
			return err
		}
		if runs == nil {
			runs = []ingest.Run{}
		}
		return reply(c.w, http.StatusOK, struct {
			Ingests []ingest.Run `json:"ingests"`
		}{runs})
	}, nil
}

// getIngest answers a run; with wait_ms, when it is final or that time has gone.
func (s *server) getIngest(c *call) ([]need, func() error, error) {
	wait, err := c.number("wait_ms", 0, 0, 20_000)
	if err != nil {
		return nil, nil, err
	}
	return []need{{"lethe:GetIngest", ingestResource}}, func() error {
		ctx, id := c.r.Context(), c.path("id")
		run, err := s.Ingests.Get(ctx, id)
		if err == nil && wait > 0 && !run.Phase.Final() {
			waiting, stop := context.WithTimeout(ctx, time.Duration(wait)*time.Millisecond)
			defer stop()
			if done, waited := s.Ingests.Wait(waiting, id); waited == nil {
				run = done
			} else if waiting.Err() == nil {
				err = waited
			} else {
				run, err = s.Ingests.Get(ctx, id)
			}
		}
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, run)
	}, nil
}

func (s *server) cancelIngest(c *call) ([]need, func() error, error) {
	return []need{{"lethe:CancelIngest", ingestResource}}, func() error {
		if err := s.Ingests.Cancel(c.r.Context(), c.path("id")); err != nil && !lethe.Is(err, lethe.Conflict) {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}
