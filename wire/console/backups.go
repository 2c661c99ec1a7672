package console

import (
	"context"
	"net/http"
	"time"

	"lethe/backup"
)

// Backups makes backups of the lake. See app.Backups for what each method promises.
type Backups interface {
	List(ctx context.Context) ([]backup.Status, error)
	Start(ctx context.Context, o backup.Wanted) (backup.Entry, error)
}

const backupResource = "arn:lethe:backup:::*"

func (s *server) backupRoutes() []route {
	return []route{
		{"GET", "/backups", "listBackups", s.listBackups},
		{"POST", "/backups", "createBackup", s.createBackup},
	}
}

func (s *server) listBackups(c *call) ([]need, func() error, error) {
	return []need{{"lethe:ListBackups", backupResource}}, func() error {
		all, err := s.Backups.List(c.r.Context())
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, struct {
			Backups []backup.Status `json:"backups"`
		}{orEmpty(all)})
	}, nil
}

func (s *server) createBackup(c *call) ([]need, func() error, error) {
	return []need{{"lethe:CreateBackup", backupResource}}, func() error {
		var in struct {
			To      string    `json:"to"`
			Expires time.Time `json:"expires"`
			NoKeys  bool      `json:"no_keys"`
		}
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		e, err := s.Backups.Start(c.r.Context(), backup.Wanted{To: in.To, Expires: in.Expires, NoKeys: in.NoKeys})
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, e)
	}, nil
}
