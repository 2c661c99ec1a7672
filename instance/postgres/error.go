package postgres

import (
	"errors"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// class gives an error the kind that instance.Engine promises.
func class(s instance.Server, err error) error {
	var of *lethe.Error
	var folder *daemon.FolderError
	var said *pgconn.PgError
	switch {
	case err == nil || errors.As(err, &of):
		return err
	case errors.As(err, &said):
		if said.Code == "53100" { // disk_full
			return lethe.Errorf(lethe.Exhausted, "there is no room left on the disk for the server %s: %w", s.ID, err)
		}
		return err
	case errors.As(err, &folder):
		return lethe.Errorf(lethe.Unsupported, "PostgreSQL cannot run in %s: %w", s.Dir, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return lethe.Errorf(lethe.Exhausted, "there is no room for the server %s: %w", s.ID, err)
	}
	if e := told(s, err.Error()); e != nil {
		return e
	}
	return err
}

// lines are what a server or one of its tools prints: a level, then the message.
var lines = regexp.MustCompile(`(?m)(?:^|[\s:])(LOG|WARNING|ERROR|FATAL|PANIC|HINT|error|fatal|detail|hint): +(.*)$`)

// at fault is a setting where the server says one of these.
var setting = regexp.MustCompile(`(?i)invalid value for parameter|is outside the valid range|unrecognized configuration parameter|requires a (boolean|numeric|temporal) value|configuration file .* contains errors|syntax error in file|cannot be changed|could not map anonymous shared memory|insufficient parameter settings|could not access file|could not load library|must be (less|greater|at least|enabled|set)|can only be|WAL (streaming|archival) .* requires|too many (server )?connections|parameter "`)

// told makes an error of what a server printed before it ended, or returns nil.
func told(s instance.Server, text string) error {
	if strings.Contains(text, "No space left on device") || strings.Contains(text, "Disk quota exceeded") {
		return lethe.Errorf(lethe.Exhausted, "there is no room left on the disk for the server %s", s.ID)
	}
	var reasons []string
	at := false
	for _, m := range lines.FindAllStringSubmatch(text, -1) {
		level, message := strings.ToLower(m[1]), strings.TrimSpace(m[2])
		fault := setting.MatchString(message)
		if level == "fatal" || level == "panic" || level == "error" || level == "log" && fault {
			reasons = append(reasons, message)
			at = at || fault
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	reason := reasons[0]
	switch {
	case strings.Contains(text, "Address already in use"), strings.Contains(text, "could not create any TCP/IP sockets"):
		return lethe.Errorf(lethe.Conflict, "the server %s cannot listen at %s: %d: %s", s.ID, s.Host, s.Port, reason)
	case at:
		for _, r := range reasons {
			if setting.MatchString(r) && !strings.Contains(r, "contains errors") {
				reason = r
				break
			}
		}
		return lethe.Errorf(lethe.Invalid, "PostgreSQL does not take the settings of the server %s: %s", s.ID, reason)
	}
	return lethe.Errorf(lethe.Internal, "PostgreSQL says of the server %s: %s", s.ID, strings.Join(reasons, "; "))
}
