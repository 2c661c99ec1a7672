package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lethe"
	"lethe/app"
	"lethe/config"
	"lethe/lib/state"
)

// finding is one thing that doctor looked at.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"` // ok, warning or problem
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

const (
	ok      = "ok"
	warning = "warning"
	problem = "problem"
)

func newDoctor() *cobra.Command {
	var data *string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine and a lake",
		Long: `Check whether this machine can run a lake: kernel, memory, disk and ports.
With --data, check the lake there too: whether it answers, or while it is
stopped, whether its files are sound.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := checkMachine()
			if *data != "" {
				found = append(found, checkLake(cmd.Context(), *data)...)
			} else {
				found = append(found, checkPorts()...)
			}
			problems := 0
			for _, f := range found {
				if f.State == problem {
					problems++
				}
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				if err := e.Encode(found); err != nil {
					return err
				}
			} else {
				for _, f := range found {
					fmt.Fprintf(cmd.OutOrStdout(), "%-8s %-14s %s\n", f.State, f.Check, f.Detail)
					if f.Hint != "" {
						fmt.Fprintf(cmd.OutOrStdout(), "%24s%s\n", "", f.Hint)
					}
				}
			}
			if problems > 0 {
				return lethe.Errorf(lethe.Invalid, "%d problem(s) found", problems)
			}
			return nil
		},
	}
	data = lakeFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func checkMachine() []finding {
	list := []finding{{Check: "system", State: ok, Detail: runtime.GOOS + "/" + runtime.GOARCH + fmt.Sprintf(", %d cores", runtime.NumCPU())}}
	if runtime.GOOS != "linux" {
		list[0].State, list[0].Hint = warning, "lethe is made for Linux; queries cannot be confined here"
		return list
	}
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch {
	case errno != 0:
		list = append(list, finding{"landlock", problem, "the kernel does not offer it: " + errno.Error(),
			"run Linux 5.13 or later with landlock in the boot parameter lsm, or set query.allow_no_landlock"})
	case abi < 4:
		list = append(list, finding{"landlock", warning, fmt.Sprintf("version %d does not confine the network", abi), "run Linux 6.7 or later"})
	default:
		list = append(list, finding{"landlock", ok, fmt.Sprintf("version %d confines queries to their own files", abi), ""})
	}
	var m unix.Sysinfo_t
	if err := unix.Sysinfo(&m); err == nil {
		total := m.Totalram * uint64(m.Unit)
		f := finding{"memory", ok, fmt.Sprintf("%.1f GiB", float64(total)/(1<<30)), ""}
		if q := config.Default().Query; total < uint64(q.Memory)*uint64(q.Concurrency) {
			f.State, f.Hint = warning, fmt.Sprintf("%d queries of %v do not fit: lower --query-memory", q.Concurrency, q.Memory)
		}
		list = append(list, f)
	}
	return list
}

func checkPorts() []finding {
	c := config.Default()
	var list []finding
	for name, addr := range map[string]string{"aws port": c.AWS.Addr, "console port": c.Console.Addr, "metastore port": c.Metastore.Addr} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			list = append(list, finding{name, warning, addr + " is taken", "choose another with --aws-addr, --console-addr and --hms-addr; port 0 takes a free one"})
			continue
		}
		l.Close()
		list = append(list, finding{name, ok, addr + " is free", ""})
	}
	return list
}

func checkLake(ctx context.Context, data string) []finding {
	list := []finding{checkDisk(data)}
	if r, err := app.ReadScrub(data); err == nil {
		f := finding{"scrub", ok, fmt.Sprintf("%d versions, %d MB sound on %s", r.Versions, r.Bytes>>20, r.Ended.Format(time.DateOnly)), ""}
		if n := r.Damaged + r.Missing + r.Strays; n > 0 {
			f.State, f.Detail = problem, fmt.Sprintf("on %s: %d damaged, %d missing, %d stray", r.Ended.Format(time.DateOnly), r.Damaged, r.Missing, r.Strays)
			f.Hint = "see " + filepath.Join(data, app.ScrubFile) + "; put the damaged objects again from where they came"
		}
		list = append(list, f)
	}
	l, err := findLake(data)
	if err == nil {
		return append(list, checkRunning(ctx, l)...)
	}
	list = append(list, finding{"lake", ok, explain(err), ""})
	for _, name := range []string{"state.db", "catalog.db"} {
		path := filepath.Join(data, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		f := finding{name, ok, "sound", ""}
		if err := checkState(ctx, path); err != nil {
			f.State, f.Detail = problem, err.Error()
		}
		list = append(list, f)
	}
	return append(list, checkAuditFiles(data)...)
}

func checkState(ctx context.Context, path string) error {
	db, err := state.Open(ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Check(ctx)
}

func checkDisk(data string) finding {
	dir := data
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return finding{"disk", problem, err.Error(), ""}
	}
	free := s.Bavail * uint64(s.Bsize)
	f := finding{"disk", ok, fmt.Sprintf("%.1f GiB free at %s", float64(free)/(1<<30), dir), ""}
	switch {
	case free < 1<<30:
		f.State, f.Hint = problem, "a lake needs room to write"
	case free < 10<<30:
		f.State = warning
	}
	if unix.Access(dir, unix.W_OK) != nil {
		f.State, f.Detail = problem, dir+" cannot be written"
	}
	return f
}

func checkRunning(ctx context.Context, l lake) []finding {
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	list := []finding{{"lake", ok, fmt.Sprintf("version %s runs as process %d", l.Version, l.PID), ""}}
	for name, url := range map[string]string{"console": l.Console + "/readyz", "aws": l.AWS + "/"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			list = append(list, finding{name, problem, err.Error(), ""})
			continue
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			list = append(list, finding{name, problem, err.Error(), "look at the server's log"})
			continue
		}
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 300)) // it only explains
		resp.Body.Close()
		// The AWS port refuses what is not signed: that is an answer too.
		if name == "console" && resp.StatusCode != http.StatusOK || resp.StatusCode >= 500 {
			detail := "answers " + resp.Status
			if name == "console" {
				detail += ": " + strings.TrimSpace(string(said))
			}
			list = append(list, finding{name, problem, detail, "look at the server's log"})
			continue
		}
		list = append(list, finding{name, ok, "answers at " + url, ""})
	}
	return append(list, checkAuditRunning(ctx, l.Console)...)
}
