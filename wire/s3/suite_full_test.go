//go:build linux

package s3_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lethe/object/disk"
	wire "lethe/wire/s3"

	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/tests/integration"
)

// TestSuiteFull runs all of the suite against the disk store, through the proxy
// and with this package's operations and refusals, once without and once with
// versions. Its users, ACLs and bucket policies are versitygw's own instead of
// lethe's keys and decisions, because it makes and needs them; TestSuite runs
// what it can of it against those.
func TestSuiteFull(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	if race {
		// The race detector watches the same code in TestSuite; all of the suite
		// under it would take many minutes. This is the same test without it.
		out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-timeout=20m", "-run=^TestSuiteFull$", "-v", ".").CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "_test.go:") {
				t.Log(strings.TrimSpace(line))
			}
		}
		if err != nil {
			t.Errorf("%v\n%s", err, out[max(0, len(out)-2000):])
		}
		return
	}
	needed := map[string]bool{}
	for name, versions := range map[string]bool{"unversioned": false, "versioned": true} {
		t.Run(name, func(t *testing.T) {
			excused := excuses(t, name)
			dir := t.TempDir()
			t.Chdir(dir)
			ready := make(chan struct{})
			// The suite makes users with versitygw's command line; this test
			// binary stands in for it.
			exe, err := os.Executable()
			must(t, err)
			must(t, os.Symlink(exe, "versitygw"))
			must(t, os.Mkdir("iam", 0o700))
			store, err := disk.Open(filepath.Join(dir, "store"), disk.Options{NoSync: true, NoVersions: !versions})
			must(t, err)
			defer store.Close()
			options := append(wire.Options(wire.Config{Region: suiteRegion, Settings: store, Log: slog.New(slog.DiscardHandler)}, store.Gateway(), adminKey, adminSecret, keyRing{}),
				s3api.WithOnListen(func() { close(ready) }))
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			addr := l.Addr().String()
			must(t, l.Close())
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			lines := capture(t, func() {
				go func() {
					ended <- embedgw.RunVersityGW(ctx, store.Gateway(), &embedgw.Config{
						RootUserAccess: adminKey, RootUserSecret: adminSecret, Region: suiteRegion, Ports: []string{addr},
						MaxConnections: 4096, MaxRequests: 2048, MultipartMaxParts: 10000, Quiet: true, KeepAlive: true,
						IAMDir:    filepath.Join(dir, "iam"),
						S3Options: options,
					})
				}()
				<-ready
				front := httptest.NewServer(wire.Proxy(addr, nil))
				defer front.Close()
				sideBySide(func(ctx context.Context) *integration.TestState {
					return state(ctx, front.URL, adminKey, adminSecret, suiteRegion, versions)
				})
			})
			cancel()
			<-ended
			maps.Copy(needed, judge(t, lines, excused))
		})
	}
	for name, why := range excuses(t, "") {
		if !needed[name] && !t.Failed() {
			t.Errorf("no case needs the excuse %s (%s)", name, why)
		}
	}
}

// sideBySide runs all of the suite, some cases at a time: many of them wait some
// seconds for a lock to end. The suite's own way to do so runs a hundred at a
// time, among which locks end before their cases look at them.
func sideBySide(state func(context.Context) *integration.TestState) {
	const runs = 6
	var taken sync.Map
	var states [runs]*integration.TestState
	var turns [runs]*turn
	var wg sync.WaitGroup
	for i := range runs {
		turns[i] = &turn{Context: context.Background(), taken: &taken}
		states[i] = state(turns[i])
		wg.Go(func() { integration.TestFullFlow(states[i]) })
	}
	wg.Wait()
	for i := range runs {
		turns[i].taken = nil
		states[i].Wait() // runs its cases that must be alone
	}
}

// turn is the context of one of several runs of the same cases, of which each case
// is for one run. The suite asks its context before every case whether it is
// cancelled; so it looks for cases that another run has taken.
type turn struct {
	context.Context
	taken *sync.Map // by the case's number in the suite; nil when all that is left is this run's
	next  int
}

var cancelled = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (t *turn) Done() <-chan struct{} {
	if t.taken != nil {
		_, others := t.taken.LoadOrStore(t.next, true)
		t.next++
		if others {
			return cancelled
		}
	}
	return t.Context.Done()
}
