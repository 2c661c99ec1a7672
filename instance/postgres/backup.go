package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// said by pg_basebackup.
var began = regexp.MustCompile(`write-ahead log start point: ([0-9A-F]+)/([0-9A-F]+) on timeline ([0-9]+)`)

// Backup writes pg_basebackup's tar file, compressed by Zstandard, which also has a
// checksum of it. It has the log that it needs in itself. Mark is the name of the first
// log file that a recovery beyond it needs.
func (e *Engine) Backup(ctx context.Context, s instance.Server, w io.Writer) (instance.Backup, error) {
	b, err := e.backup(ctx, s, w)
	return b, class(s, err)
}

func (e *Engine) backup(ctx context.Context, s instance.Server, w io.Writer) (instance.Backup, error) {
	b := instance.Backup{Settings: map[string]string{}}
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return b, err
	}
	u, err := e.user()
	if err != nil {
		return b, err
	}
	b.Version = i.Number
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return b, err
	}
	err = query(ctx, s, func(c *pgx.Conn) error {
		// While this connection is there, the server keeps its log from here on.
		if _, err := c.Exec(ctx, "SELECT pg_create_physical_replication_slot($1, true, true)", "lethe_backup_"+strings.ToLower(rand.Text())); err != nil {
			return err
		}
		var segment int64
		rows, err := c.Query(ctx, "SELECT name, setting FROM pg_settings WHERE name = ANY($1)", append(names(floors), "wal_segment_size"))
		if err != nil {
			return err
		}
		var k, v string
		if _, err := pgx.ForEachRow(rows, []any{&k, &v}, func() (err error) {
			if k == "wal_segment_size" {
				segment, err = strconv.ParseInt(v, 10, 64)
				return err
			}
			b.Settings[k] = v
			return nil
		}); err != nil {
			return err
		}
		counted := &counter{w: z}
		tool := i.tool(u, s, "pg_basebackup", "-h", "/proc/self/cwd/run", "-p", "1", "-U", admin, "-w", "-D", "-", "-F", "tar", "-X", "fetch", "-c", "fast", "-v", "-l", "lethe")
		if i.major >= 13 {
			tool.Args = append(tool.Args, "--no-manifest")
		}
		tool.Stdout = counted
		said, err := tool.Run(ctx)
		if err != nil {
			return err
		}
		b.Bytes = counted.n
		if b.Mark, err = mark(said, segment); err != nil {
			return err
		}
		return c.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&b.End)
	})
	if err != nil {
		z.Close()
		return b, err
	}
	return b, z.Close()
}

func names(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

// mark is the name of the log file in which a backup begins (xlog_internal.h,
// XLogFileName).
func mark(said string, segment int64) (string, error) {
	m := began.FindStringSubmatch(said)
	if m == nil || segment <= 0 {
		return "", fmt.Errorf("pg_basebackup does not say where the log goes on: %s", said)
	}
	high, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		return "", err
	}
	low, err := strconv.ParseUint(m[2], 16, 32)
	if err != nil {
		return "", err
	}
	line, err := strconv.ParseUint(m[3], 10, 32)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%08X%08X%08X", line, high, low/uint64(segment)), nil
}

// counter counts the bytes that go through.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Restore unpacks a backup and has a server that nobody else reaches recover it.
func (e *Engine) Restore(ctx context.Context, s instance.Server, r io.Reader, how instance.Recovery) error {
	defer e.held(s)()
	return class(s, e.restore(ctx, s, r, how))
}

func (e *Engine) restore(ctx context.Context, s instance.Server, r io.Reader, how instance.Recovery) error {
	i, err := e.of(ctx, s.Version)
	if err != nil {
		return err
	}
	u, err := e.user()
	if err != nil {
		return err
	}
	if done, err := isMade(s); done || err != nil {
		return err
	}
	if from, _, _ := strings.Cut(how.Backup.Version, "."); from != strconv.Itoa(i.major) {
		return lethe.Errorf(lethe.Invalid, "a backup of PostgreSQL %s cannot be restored as PostgreSQL %s", how.Backup.Version, i.Number)
	}
	if how.Master != nil {
		if err := check(*how.Master); err != nil {
			return err
		}
	}
	if how.Logs != "" && !how.Until.IsZero() && how.Until.Before(how.Backup.End) {
		return lethe.Errorf(lethe.Invalid, "the backup ended at %s; what was at %s is not in it", how.Backup.End.UTC(), how.Until.UTC())
	}
	if err := prepare(s, u); err != nil {
		return err
	}
	if err := e.anew(ctx, s, u); err != nil {
		return err
	}
	if err := unpack(ctx, i, u, s, r); err != nil {
		return err
	}
	logs, err := lend(s, u, how.Logs)
	if err != nil {
		return err
	}
	defer os.Remove(logs)
	if s, err = raise(s, how.Backup.Settings); err != nil {
		return err
	}
	more := map[string]string{
		"restore_command":        "cp ../conf/logs/%f %p",
		"recovery_target_action": "promote",
		// Nobody is to see it on its way, and what only such a server needs does not count.
		"hot_standby": "off",
	}
	if how.Logs == "" {
		more["restore_command"] = "/bin/false"
	}
	if !how.Until.IsZero() {
		more["recovery_target_time"] = how.Until.UTC().Format("2006-01-02 15:04:05.999999+00")
	}
	after := func(s instance.Server) error {
		if how.Master == nil {
			return nil
		}
		return first(ctx, s, *how.Master)
	}
	err = e.private(ctx, i, u, s, more, after)
	if err != nil && strings.Contains(err.Error(), "recovery ended before configured recovery target was reached") {
		// Nothing was committed after that moment: all that the logs have is it.
		delete(more, "recovery_target_time")
		err = e.private(ctx, i, u, s, more, after)
	}
	if err != nil {
		return err
	}
	return finish(s)
}

// unpack makes data/ of a backup, without what was configured where it was taken.
func unpack(ctx context.Context, i install, u daemon.User, s instance.Server, r io.Reader) error {
	z, err := zstd.NewReader(r)
	if err != nil {
		return err
	}
	defer z.Close()
	tar := i.tool(u, s, "/bin/tar", "-x", "-f", "-", "-C", "data", "--no-same-owner")
	read := &reader{r: z}
	tar.Stdin = read
	if _, err := tar.Run(ctx); err != nil {
		if read.err != nil {
			return lethe.Errorf(lethe.Invalid, "the backup cannot be read: %w", read.err)
		}
		if e := told(s, err.Error()); lethe.Is(e, lethe.Exhausted) {
			return e
		}
		return lethe.Errorf(lethe.Invalid, "the backup cannot be unpacked: %w", err)
	}
	if read.err != nil {
		return lethe.Errorf(lethe.Invalid, "the backup cannot be read: %w", read.err)
	}
	if _, err := io.Copy(io.Discard, read); err != nil {
		return lethe.Errorf(lethe.Invalid, "the backup cannot be read to its end: %w", err)
	}
	const clean = "rm -f standby.signal && : >postgresql.auto.conf && : >recovery.signal"
	c := i.tool(u, s, "/bin/sh", "-c", clean)
	c.Dir = data(s)
	_, err = c.Run(ctx)
	return err
}

// reader remembers what went wrong with what it reads.
type reader struct {
	r   io.Reader
	err error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// lend gives the server the log files to read, by a link of which it knows the way.
func lend(s instance.Server, u daemon.User, logs string) (string, error) {
	link := filepath.Join(s.Dir, "conf", "logs")
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	if logs == "" {
		return link, nil
	}
	logs, err := filepath.Abs(logs)
	if err != nil {
		return "", err
	}
	all, err := os.ReadDir(logs)
	if err != nil {
		return "", err
	}
	for _, f := range all {
		if f.Type().IsRegular() {
			if err := u.Own(filepath.Join(logs, f.Name())); err != nil {
				return "", err
			}
		}
	}
	if err := u.Own(logs); err != nil {
		return "", err
	}
	if err := u.Reach(logs); err != nil {
		return "", err
	}
	return link, os.Symlink(logs, link)
}
