package postgres

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"lethe"
	"lethe/instance"
)

// archive is what the server runs in data/ with a log file's path and name. The file is
// on disk, with its name, before the server is told so and removes its own. After a
// crash in between, the server comes again with the same file (PostgreSQL documentation,
// continuous archiving).
const archive = `set -e
to=../archive/$2
if [ -e "$to" ]; then
	cmp -s "$1" "$to"
	exit
fi
cp --preserve=timestamps --reflink=auto "$1" "$to.new"
sync "$to.new"
mv "$to.new" "$to"
sync ../archive
`

// archived are the names that the server gives to log files: segments, also unfinished
// ones of a former timeline, histories of timelines and labels of backups.
var archived = regexp.MustCompile(`^([0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)$`)

// slack is what a commit may take from reading the clock to being in the log.
const slack = time.Second

// Closed lists the segments that were archived.
func (e *Engine) Closed(ctx context.Context, s instance.Server, rotate bool) ([]instance.Log, error) {
	if rotate && s.Archive {
		if err := e.rotate(ctx, s); err != nil {
			return nil, err
		}
	}
	dir := filepath.Join(s.Dir, "archive")
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, class(s, err)
	}
	var logs []instance.Log
	for _, f := range all {
		if !f.Type().IsRegular() || !archived.MatchString(f.Name()) {
			continue
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// The server wrote the last of it then.
		logs = append(logs, instance.Log{Name: f.Name(), Path: filepath.Join(dir, f.Name()), Last: info.ModTime().Add(-slack), Size: info.Size()})
	}
	return logs, nil
}

// rotate ends the current segment and waits until it is archived. A commit goes before,
// so that a recovery finds one after all that was there.
func (e *Engine) rotate(ctx context.Context, s instance.Server) error {
	return query(ctx, s, func(c *pgx.Conn) error {
		var replica bool
		if err := c.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica); err != nil || replica {
			return err
		}
		if _, err := c.Exec(ctx, "SET synchronous_commit = local; SELECT txid_current()"); err != nil {
			return err
		}
		var file string
		if err := c.QueryRow(ctx, "SELECT pg_walfile_name(pg_switch_wal())").Scan(&file); err != nil {
			return err
		}
		var failed int64 = -1
		for {
			var last string
			var now int64
			if err := c.QueryRow(ctx, "SELECT failed_count, coalesce(last_archived_wal, '') FROM pg_stat_archiver").Scan(&now, &last); err != nil {
				return err
			}
			if len(last) >= 24 && last[:24] >= file {
				return nil
			}
			if _, err := os.Lstat(filepath.Join(s.Dir, "archive", file)); err == nil {
				return nil
			}
			if failed < 0 {
				failed = now
			}
			if now >= failed+3 {
				if left, err := free(s.Dir); err == nil && left < 32<<20 {
					return lethe.Errorf(lethe.Exhausted, "there is no room on the disk for the log of the server %s", s.ID)
				}
				return lethe.Errorf(lethe.Internal, "the server %s cannot archive its log file %s; its own log says why", s.ID, file)
			}
			if err := pause(ctx); err != nil {
				return err
			}
		}
	})
}

// Release removes an archived file.
func (e *Engine) Release(_ context.Context, s instance.Server, l instance.Log) error {
	if !archived.MatchString(l.Name) {
		return lethe.Errorf(lethe.Invalid, "%q is no log file of PostgreSQL", l.Name)
	}
	err := os.Remove(filepath.Join(s.Dir, "archive", l.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
