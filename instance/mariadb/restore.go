package mariadb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/instance"
)

// Restore makes a server's data from a backup, and from the binary logs since then. These
// are applied by the server's own replication thread.
func (e *Engine) Restore(ctx context.Context, s instance.Server, r io.Reader, how instance.Recovery) error {
	return kind(e.restore(ctx, s, r, how))
}

func (e *Engine) restore(ctx context.Context, s instance.Server, r io.Reader, how instance.Recovery) error {
	f := at(s)
	if there, err := exists(f.data()); there || err != nil {
		return err
	}
	v, err := e.version(ctx, s.Version)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(how.Backup.Version+".", strings.TrimPrefix(v.Family, "mariadb")+".") {
		return lethe.Errorf(lethe.Invalid, "the backup is of MariaDB %s, which %s cannot read", how.Backup.Version, s.Version)
	}
	var m mark
	if err := json.Unmarshal([]byte(how.Backup.Mark), &m); err != nil {
		return lethe.Errorf(lethe.Invalid, "%q does not mark where the logs of a MariaDB server go on", how.Backup.Mark)
	}
	if !how.Until.IsZero() && how.Until.Before(how.Backup.End) {
		return lethe.Errorf(lethe.Invalid, "the backup can be recovered to %s and later, not to %s", how.Backup.End.Format(time.RFC3339), how.Until.UTC().Format(time.RFC3339))
	}
	if how.Master != nil {
		if err := checkMaster(*how.Master); err != nil {
			return err
		}
	}
	var stretches []stretch
	if how.Logs != "" {
		if stretches, err = plan(how.Logs, m, how.Until); err != nil {
			return err
		}
	}
	if err := e.end(ctx, s); err != nil { // a recovery that a crash interrupted
		return err
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	if err := e.unpack(ctx, s, z); err != nil {
		if errors.Is(err, zstd.ErrMagicMismatch) || errors.Is(err, zstd.ErrCRCMismatch) {
			return lethe.Errorf(lethe.Invalid, "the backup is damaged: %w", err)
		}
		return err
	}
	if err := e.recover(ctx, s, stretches, how.Master); err != nil {
		e.end(context.WithoutCancel(ctx), s)
		return err
	}
	if err := f.forget(); err != nil {
		return err
	}
	return f.settle()
}

// forget removes what a server in this folder before left.
func (f folder) forget() error {
	for _, path := range []string{f.role(), f.released(), f.first(), f.followers(), f.join("replay"), f.join("generation")} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// recover runs the server for lethe only, applies logs, and makes it one that follows
// nobody.
func (e *Engine) recover(ctx context.Context, s instance.Server, stretches []stretch, m *instance.Master) error {
	f := at(s)
	replay := f.join("replay")
	if err := os.RemoveAll(replay); err != nil {
		return err
	}
	if err := os.RemoveAll(f.role()); err != nil {
		return err
	}
	private := mode{own: true, data: f.unready(), extra: map[string]string{
		"relay_log": filepath.Join(replay, "relay"), "relay_log_purge": "OFF", "relay_log_recovery": "OFF", "replicate_same_server_id": "ON",
	}}
	if len(stretches) == 0 {
		stretches = append(stretches, stretch{})
	}
	for i, part := range stretches {
		if err := e.lay(replay, part); err != nil {
			return err
		}
		if err := e.run(ctx, s, private); err != nil {
			return err
		}
		err := f.session(ctx, f.unready(), func(c *sql.Conn) error {
			if len(part.files) > 0 {
				if err := apply(ctx, c, part); err != nil {
					return err
				}
			}
			if i+1 < len(stretches) {
				return nil
			}
			// No transaction of the server before is this one's to go on from.
			if err := execute(ctx, c, "SET GLOBAL gtid_slave_pos = ''"); err != nil {
				return err
			}
			if m == nil {
				return nil
			}
			return execute(ctx, c, grants(*m, true)...)
		})
		if err := errors.Join(err, e.end(ctx, s)); err != nil {
			return err
		}
	}
	return nil
}

// lay copies logs into a folder of relay logs, cut where the recovery ends.
func (e *Engine) lay(dir string, part stretch) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := e.user.Own(dir); err != nil {
		return err
	}
	if len(part.files) == 0 {
		return nil
	}
	var index strings.Builder
	for i, from := range part.files {
		to := filepath.Join(dir, relayName(i))
		if err := copyFile(from, to); err != nil {
			return err
		}
		if i == len(part.files)-1 {
			if err := os.Truncate(to, part.until); err != nil {
				return err
			}
		}
		if err := e.user.Own(to); err != nil {
			return err
		}
		index.WriteString(to + "\n")
	}
	return e.write(filepath.Join(dir, "relay.index"), []byte(index.String()))
}

func relayName(i int) string {
	n := strconv.Itoa(i + 1)
	return "relay." + strings.Repeat("0", max(0, 6-len(n))) + n
}

// apply has the replication thread apply relay logs that are there.
func apply(ctx context.Context, c *sql.Conn, part stretch) error {
	err := execute(ctx, c,
		"CHANGE MASTER TO MASTER_HOST = 'nobody', MASTER_USER = 'nobody', MASTER_USE_GTID = no, RELAY_LOG_FILE = "+
			literal(relayName(0))+", RELAY_LOG_POS = "+strconv.FormatInt(part.from, 10),
		"START SLAVE SQL_THREAD")
	if err != nil {
		return err
	}
	if err := drained(ctx, c); err != nil {
		return err
	}
	return execute(ctx, c, "STOP SLAVE", "RESET SLAVE ALL")
}

// drained waits until the replication thread has applied all relay logs.
func drained(ctx context.Context, c *sql.Conn) error {
	for {
		r, err := row(ctx, c, "SHOW SLAVE STATUS")
		if err != nil {
			return err
		}
		switch {
		case r["Last_SQL_Errno"] != "" && r["Last_SQL_Errno"] != "0":
			return lethe.Errorf(lethe.BadData, "a transaction of the logs cannot be applied: %s", r["Last_SQL_Error"])
		case r["Slave_SQL_Running"] != "Yes":
			return lethe.Errorf(lethe.Internal, "the replication thread of the server ended")
		case strings.HasPrefix(r["Slave_SQL_Running_State"], "Slave has read all relay log"):
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * time.Millisecond):
		}
	}
}
