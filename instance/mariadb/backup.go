package mariadb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// mark is where the logs of a server go on after a backup of it, in JSON.
type mark struct {
	File     string            `json:"file"`
	Position int64             `json:"position"`
	GTID     map[uint32]uint64 `json:"gtid"`     // by domain, the number of the last transaction
	GTIDPos  string            `json:"gtid_pos"` // the same, as replicas have it
}

const packageOfBackup = "mariadb-backup"

// Backup writes what mariadb-backup streams of a running server, as xbstream compressed
// by Zstandard.
func (e *Engine) Backup(ctx context.Context, s instance.Server, w io.Writer) (instance.Backup, error) {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return instance.Backup{}, err
	}
	count := &counter{w: z}
	m, err := e.stream(ctx, s, count)
	if err := errors.Join(err, z.Close()); err != nil {
		return instance.Backup{}, kind(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return instance.Backup{}, err
	}
	// Times of logs are whole seconds: what committed in this one may be in the backup.
	end := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	return instance.Backup{Mark: string(text), End: end, Bytes: count.n, Version: s.Version}, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// stream copies a running server's data.
func (e *Engine) stream(ctx context.Context, s instance.Server, w io.Writer) (m mark, err error) {
	if e.process(s) == nil {
		return m, lethe.Errorf(lethe.Conflict, "the server %s does not run", s.ID)
	}
	tool, err := e.executable("mariadb-backup", packageOfBackup)
	if err != nil {
		return m, err
	}
	f := at(s)
	tmp, err := os.MkdirTemp(f.join("tmp"), "backup-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(tmp)
	if err := e.user.Own(tmp); err != nil {
		return m, err
	}
	_, err = daemon.Command{
		Path: tool, User: e.user, Dir: f.data(), Env: environment(tmp), Stdout: w,
		Args: []string{"--defaults-file=" + f.config(), "--backup", "--stream=xbstream", "--target-dir=" + tmp, "--extra-lsndir=" + tmp},
	}.Run(ctx)
	if err != nil {
		return m, err
	}
	info, err := os.ReadFile(tmp + "/xtrabackup_info")
	if err != nil {
		return m, err
	}
	return parseInfo(string(info))
}

var position = regexp.MustCompile(`(?m)^binlog_pos = filename '([^']+)', position '(\d+)'(?:, GTID of the last change '([^']*)')?`)

// parseInfo reads mariadb-backup's description of a backup.
func parseInfo(info string) (m mark, err error) {
	p := position.FindStringSubmatch(info)
	if p == nil {
		return m, lethe.Errorf(lethe.Internal, "mariadb-backup does not say where the logs go on")
	}
	m.File = p[1]
	if m.Position, err = strconv.ParseInt(p[2], 10, 64); err != nil {
		return m, err
	}
	m.GTIDPos, m.GTID = p[3], map[uint32]uint64{}
	for one := range strings.SplitSeq(p[3], ",") {
		if one == "" {
			continue
		}
		var domain, server uint32
		var seq uint64
		if _, err := fmt.Sscanf(one, "%d-%d-%d", &domain, &server, &seq); err != nil {
			return m, lethe.Errorf(lethe.Internal, "mariadb-backup names a transaction %q", one)
		}
		m.GTID[domain] = max(m.GTID[domain], seq)
	}
	return m, nil
}

// unpack makes a data folder from a stream of mariadb-backup's.
func (e *Engine) unpack(ctx context.Context, s instance.Server, r io.Reader) error {
	f := at(s)
	extract, err := e.executable("mbstream", packageOfBackup)
	if err != nil {
		return err
	}
	prepare, err := e.executable("mariadb-backup", packageOfBackup)
	if err != nil {
		return err
	}
	if err := e.make(f); err != nil {
		return err
	}
	if err := os.RemoveAll(f.unready()); err != nil {
		return err
	}
	if err := os.Mkdir(f.unready(), 0o700); err != nil {
		return err
	}
	if err := e.user.Own(f.unready()); err != nil {
		return err
	}
	_, err = daemon.Command{Path: extract, Args: []string{"-x", "-C", f.unready()}, User: e.user, Dir: string(f), Env: environment(f.join("tmp")), Stdin: r}.Run(ctx)
	if err != nil {
		return err
	}
	memory := max(128<<20, s.Limits.Memory/2)
	_, err = daemon.Command{
		Path: prepare, User: e.user, Dir: string(f), Env: environment(f.join("tmp")),
		Args: []string{"--no-defaults", "--prepare", "--target-dir=" + f.unready(), "--use-memory=" + strconv.FormatInt(memory, 10)},
	}.Run(ctx)
	return err
}
