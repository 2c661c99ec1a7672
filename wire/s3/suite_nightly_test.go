//go:build nightly && linux

package s3_test

import (
	"context"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"lethe/object/disk"
	wire "lethe/wire/s3"

	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/tests/integration"
)

// TestSuiteFull runs all of the suite against the disk store, through the proxy,
// with versitygw's own users, ACLs and bucket policies instead of lethe's
// decisions. It takes minutes.
func TestSuiteFull(t *testing.T) {
	excused := map[string]string{
		"GetObject_directory_success":                                   directoryObjects,
		"AccessControl_policy_normalizes_object_key_for_get_put_delete": "keys are not normalized: a/../b is another key than b",
	}
	for name, versions := range map[string]bool{"unversioned": false, "versioned": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			// The suite makes users with versitygw's command line; this test
			// binary stands in for it.
			exe, err := os.Executable()
			must(t, err)
			must(t, os.Symlink(exe, "versitygw"))
			must(t, os.Mkdir("iam", 0o700))
			store, err := disk.Open(filepath.Join(dir, "store"), disk.Options{NoSync: true, NoVersions: !versions})
			must(t, err)
			defer store.Close()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			addr := l.Addr().String()
			must(t, l.Close())
			ctx, cancel := context.WithCancel(context.Background())
			ready, ended := make(chan struct{}), make(chan error, 1)
			lines := capture(t, func() {
				go func() {
					ended <- embedgw.RunVersityGW(ctx, store.Gateway(), &embedgw.Config{
						RootUserAccess: adminKey, RootUserSecret: adminSecret, Region: suiteRegion, Ports: []string{addr},
						MaxConnections: 4096, MaxRequests: 2048, MultipartMaxParts: 10000, Quiet: true, KeepAlive: true,
						IAMDir:    filepath.Join(dir, "iam"),
						S3Options: []s3api.Option{s3api.WithOnListen(func() { close(ready) })},
					})
				}()
				<-ready
				front := httptest.NewServer(wire.Proxy(addr, nil))
				defer front.Close()
				ts := state(front.URL, adminKey, adminSecret, suiteRegion, versions)
				integration.TestFullFlow(ts)
				ts.Wait()
			})
			cancel()
			<-ended
			judge(t, lines, excused)
		})
	}
}
