package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lethe"
)

// target is where a tool finds an instance.
type target struct {
	host                     string
	port                     int
	user, password, database string
}

// tool loads instances of an engine.
type tool interface {
	// load makes the tables.
	load(context.Context, target, Load) error
	measure(context.Context, target, Load) (Result, error)
}

func toolOf(engine string) (tool, error) {
	switch engine {
	case "postgres":
		path, err := find("pgbench", "postgresql-contrib or postgresql", "/usr/lib/postgresql/*/bin/pgbench")
		return pgbench{path}, err
	case "mariadb", "mysql":
		path, err := find("sysbench", "sysbench")
		return sysbench{path}, err
	}
	return nil, lethe.Errorf(lethe.Unsupported, "no load tool is known for the engine %q", engine).WithHint("postgres, mariadb and mysql have one")
}

// find looks for a program on the PATH, and then where a package keeps it beside it; of
// several, the last by name.
func find(name, packages string, places ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, p := range places {
		if found, _ := filepath.Glob(p); len(found) > 0 {
			slices.Sort(found)
			return found[len(found)-1], nil
		}
	}
	return "", lethe.Errorf(lethe.Unsupported, "the program %s is not on this machine", name).WithHint("install the package %s", packages)
}

// pgbench is PostgreSQL's own (PostgreSQL documentation, "pgbench").
type pgbench struct{ path string }

func (p pgbench) run(ctx context.Context, at target, args ...string) (string, error) {
	args = append(args, "-h", at.host, "-p", strconv.Itoa(at.port), "-U", at.user, at.database)
	return run(ctx, p.path, []string{"PGPASSWORD=" + at.password, "PGSSLMODE=require"}, args...)
}

func (p pgbench) load(ctx context.Context, at target, l Load) error {
	_, err := p.run(ctx, at, "-i", "-q", "-s", strconv.Itoa(l.Scale))
	return err
}

func (p pgbench) measure(ctx context.Context, at target, l Load) (Result, error) {
	args := []string{"-c", strconv.Itoa(l.Clients), "-j", strconv.Itoa(min(l.Clients, 4)), "-T", strconv.Itoa(int(l.Time.Seconds()))}
	if l.ReadOnly {
		args = append(args, "-S")
	}
	out, err := p.run(ctx, at, args...)
	if err != nil {
		return Result{}, err
	}
	return parse(out, `(?m)^tps = ([0-9.]+)`, `(?m)^latency average = ([0-9.]+) ms`)
}

// sysbench is the load tool of its name (github.com/akopytov/sysbench).
type sysbench struct{ path string }

func (s sysbench) run(ctx context.Context, at target, l Load, what string) (string, error) {
	script := "oltp_read_write"
	if l.ReadOnly {
		script = "oltp_point_select"
	}
	return run(ctx, s.path, nil, script, "--db-driver=mysql", "--mysql-host="+at.host, "--mysql-port="+strconv.Itoa(at.port), "--mysql-user="+at.user, "--mysql-password="+at.password,
		"--mysql-db="+at.database, "--tables=1", "--table-size="+strconv.Itoa(100_000*l.Scale), "--threads="+strconv.Itoa(l.Clients), "--time="+strconv.Itoa(int(l.Time.Seconds())), what)
}

func (s sysbench) load(ctx context.Context, at target, l Load) error {
	_, err := s.run(ctx, at, l, "prepare")
	return err
}

func (s sysbench) measure(ctx context.Context, at target, l Load) (Result, error) {
	out, err := s.run(ctx, at, l, "run")
	if err != nil {
		return Result{}, err
	}
	return parse(out, `transactions:\s+\d+\s+\(([0-9.]+) per sec`, `(?s)Latency \(ms\):.*?avg:\s+([0-9.]+)`)
}

// parse reads a tool's report.
func parse(out, tps, latency string) (r Result, err error) {
	for _, f := range []struct {
		pattern string
		into    *float64
	}{{tps, &r.TPS}, {latency, &r.Latency}} {
		m := regexp.MustCompile(f.pattern).FindStringSubmatch(out)
		if m == nil {
			return r, lethe.Errorf(lethe.Internal, "the load tool's report has nothing like %s: %s", f.pattern, last(out))
		}
		if *f.into, err = strconv.ParseFloat(m[1], 64); err != nil {
			return r, fmt.Errorf("the load tool's report: %w", err)
		}
	}
	return r, nil
}

// run runs a program and returns what it printed. Passwords are not in its errors.
func run(ctx context.Context, path string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", lethe.Errorf(lethe.Internal, "%s: %w: %s", filepath.Base(path), err, last(problems.String()+out.String()))
	}
	return out.String(), nil
}

// last returns the end of a text, for errors.
func last(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 400 {
		s = "..." + s[len(s)-400:]
	}
	return s
}
