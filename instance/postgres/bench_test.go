package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lethe/instance"
	"lethe/instance/instancetest"
	"lethe/instance/postgres"
)

// BenchmarkLife measures what clients see: how long until a new server answers, and how
// long none does when the class changes or a standby takes over. Run it with -benchtime=5x.
func BenchmarkLife(b *testing.B) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	e := postgres.New(postgres.Options{Dir: filepath.Join(dir, "shared")})
	all, err := e.Versions(b.Context())
	if err != nil {
		b.Skip(err)
	}
	if _, err := e.Parameters(all[0].Family); err != nil { // makes the template
		b.Fatal(err)
	}
	m := instance.Master{User: "chief", Password: "long-enough", Database: "app"}
	ctx := context.Background()
	ok := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var create, change, failover time.Duration
	for i := range b.N {
		s := instance.Server{ID: "db-A" + strconv.Itoa(i), Version: all[0].Number, Host: "127.0.0.1", Port: instancetest.Port(b), Settings: class(1 << 30), Archive: true}
		s.Dir = filepath.Join(dir, s.ID)
		from := time.Now()
		ok(e.Create(ctx, s, m))
		ok(e.Start(ctx, s))
		ok(answer(ctx, s, m))
		create += time.Since(from)
		pgbench(b, all[0], s, m, "-i", "-q", "-s", "5")
		change += outage(b, s, m, func() {
			s.Settings = class(2 << 30)
			ok(e.Stop(ctx, s))
			ok(e.Start(ctx, s))
		})
		if i == 0 {
			b.ReportMetric(pgbench(b, all[0], s, m, "-c", "4", "-T", "5"), "tps")
		}
		r := s
		r.ID, r.Dir, r.Port = "db-B"+strconv.Itoa(i), filepath.Join(dir, "db-B"+strconv.Itoa(i)), instancetest.Port(b)
		ok(e.Follow(ctx, r, s, true))
		ok(e.Start(ctx, r))
		failover += outage(b, s, m, func() {
			ended := e.Ended(s)
			kill(b, s)
			<-ended
			r.Port = s.Port
			ok(e.Promote(ctx, r))
		})
		ok(e.Stop(ctx, r))
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(create.Milliseconds())/n, "ms/create")
	b.ReportMetric(float64(change.Milliseconds())/n, "ms/change")
	b.ReportMetric(float64(failover.Milliseconds())/n, "ms/failover")
}

// class are settings of RDS's formulas for so much memory.
func class(memory int64) map[string]string {
	return map[string]string{"shared_buffers": strconv.FormatInt(memory/32768, 10), "max_connections": strconv.FormatInt(memory/9531392, 10)}
}

func answer(ctx context.Context, s instance.Server, m instance.Master) error {
	c, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return err
	}
	c.Host, c.Port, c.User, c.Password, c.Database = s.Host, uint16(s.Port), m.User, m.Password, m.Database
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "SELECT 1")
	return err
}

// outage is the longest time between two answers while f runs.
func outage(b *testing.B, s instance.Server, m instance.Master, f func()) (longest time.Duration) {
	var done atomic.Bool
	var asked sync.WaitGroup
	first := make(chan struct{})
	asked.Go(func() {
		last := time.Time{}
		for {
			over := done.Load()
			if answer(context.Background(), s, m) == nil {
				now := time.Now()
				if last.IsZero() {
					close(first)
				} else {
					longest = max(longest, now.Sub(last))
				}
				if last = now; over {
					return
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	<-first
	f()
	done.Store(true)
	asked.Wait()
	return longest
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench runs PostgreSQL's benchmark and returns its transactions a second.
func pgbench(b *testing.B, v instance.Version, s instance.Server, m instance.Master, args ...string) float64 {
	b.Helper()
	major, _, _ := strings.Cut(v.Number, ".")
	path := "/usr/lib/postgresql/" + major + "/bin/pgbench"
	cmd := exec.Command(path, append(args, "-h", s.Host, "-p", strconv.Itoa(s.Port), "-U", m.User, m.Database)...)
	cmd.Env = []string{"PGPASSWORD=" + m.Password}
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	if f := tps.FindSubmatch(out); f != nil {
		n, err := strconv.ParseFloat(string(f[1]), 64)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 0
}
