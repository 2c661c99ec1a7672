package console_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"lethe"
	"lethe/backup"
)

// backups are those of a lake that has made one and makes another.
type backups struct{}

var aBackup = backup.Entry{ID: "0193f0a1-0000-7000-8000-000000000001", Place: "/vault", State: backup.Made, Made: time.Unix(1, 0).UTC(), Expires: time.Unix(1e9, 0).UTC(), Files: 3, Bytes: 1000, Copied: 10, Missing: 1, Problem: "p"}

func (backups) List(context.Context) ([]backup.Status, error) {
	making := aBackup
	making.State = backup.Making
	return []backup.Status{{Entry: aBackup}, {Entry: making, Progress: &backup.Progress{Files: 2, FilesDone: 1}}}, nil
}

func (backups) Start(_ context.Context, o backup.Wanted) (backup.Entry, error) {
	if o.To != "/vault" {
		return backup.Entry{}, lethe.Errorf(lethe.NotFound, "there are no backups at %s", o.To)
	}
	e := aBackup
	e.State, e.Expires = backup.Making, o.Expires
	return e, nil
}

// TestBackups: a backup is begun at a place of backups, and listed.
func TestBackups(t *testing.T) {
	c := serve(t).as("admin")
	a := c.do("POST", "/api/v1/backups", `{"to":"/vault","expires":"2999-01-01T00:00:00Z"}`)
	c.want(a, http.StatusAccepted)
	if e := decode[backup.Entry](c, a); e.State != backup.Making || e.Expires.Year() != 2999 {
		t.Errorf("%+v", e)
	}
	c.problem(c.do("POST", "/api/v1/backups", `{"to":"/etc"}`), http.StatusNotFound, lethe.NotFound)
	got := decode[struct{ Backups []backup.Status }](c, c.do("GET", "/api/v1/backups", ""))
	if len(got.Backups) != 2 || got.Backups[1].Progress.FilesDone != 1 {
		t.Errorf("%+v", got)
	}
}
