package s3_test

import (
	"bufio"
	"context"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"lethe"
	"lethe/object/disk"
	wire "lethe/wire/s3"

	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/tests/integration"
)

// versitygw's own test suite can be imported. Its groups print their verdicts.

// capture runs f and returns the lines that it printed.
func capture(t *testing.T, f func()) (lines []string) {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	stdout := os.Stdout
	os.Stdout = w
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := bufio.NewScanner(r)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			lines = append(lines, s.Text())
		}
	}()
	defer func() { <-done; r.Close() }()
	defer func() { os.Stdout = stdout; w.Close() }()
	f()
	return lines
}

var verdict = regexp.MustCompile("^\x1b\\[[0-9;]*m(FAIL|PASS|SKIP) *\x1b\\[[0-9;]*m([A-Za-z0-9_]+):? ?(.*)")

// judge fails the test for every case that failed and is not excused, and for
// every excuse that is not needed. An excuse is the reason for the deviation.
func judge(t *testing.T, lines []string, excused map[string]string) {
	t.Helper()
	ran := map[string]bool{}
	failed := map[string]bool{}
	for _, l := range lines {
		m := verdict.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		ran[m[2]] = true
		if m[1] == "FAIL" {
			failed[m[2]] = true
			if excused[m[2]] == "" {
				t.Errorf("%s: %s", m[2], m[3])
			}
		}
	}
	for name, why := range excused {
		if ran[name] && !failed[name] {
			t.Errorf("%s passes now, although %s", name, why)
		}
	}
	t.Logf("%d cases, %d failed, of them %d excused", len(ran), len(failed), len(slices.DeleteFunc(keys(failed), func(k string) bool { return excused[k] == "" })))
	if len(ran) == 0 {
		t.Error("no case ran")
	}
}

func keys[V any](m map[string]V) (k []string) {
	for x := range m {
		k = append(k, x)
	}
	return k
}

func state(endpoint, key, secret, region string, versions bool) *integration.TestState {
	opts := []integration.Option{integration.WithAccess(key), integration.WithSecret(secret), integration.WithRegion(region),
		integration.WithEndpoint(endpoint), integration.WithPartSize(5 << 20), integration.WithConcurrency(4)}
	if versions {
		opts = append(opts, integration.WithVersioningEnabled())
	}
	return integration.NewTestState(context.Background(), integration.NewS3Conf(opts...), false)
}

// TestSuiteFull runs all of the suite against the disk store, through the proxy,
// with versitygw's own users, ACLs and bucket policies instead of lethe's
// decisions. It takes minutes: set LETHE_NIGHTLY.
func TestSuiteFull(t *testing.T) {
	if os.Getenv("LETHE_NIGHTLY") == "" {
		t.Skip("set LETHE_NIGHTLY=1 to run versitygw's whole suite")
	}
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

// suiteRegion is the one that some cases take for granted.
const suiteRegion = "us-east-1"

// TestSuite runs the quick part of the suite against lethe's gateway: its keys,
// its decisions, its proxy.
func TestSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	l := newLake(t)
	lines := capture(t, func() {
		ts := state(l.url, adminKey, adminSecret, lethe.DefaultRegion, true)
		for _, group := range []func(*integration.TestState){
			integration.TestAuthentication,
			integration.TestPresignedAuthentication,
			integration.TestHeadBucket,
			integration.TestGetObject,
			integration.TestListObjectsV2,
			integration.TestDeleteObjects,
			integration.TestPutObjectTagging,
			integration.TestListMultipartUploads,
			integration.TestAbortMultipartUpload,
			integration.TestUnsignedStreaminPayloadTrailer,
			integration.TestSignedStreaminPayload,
			integration.TestSignedStreaminPayloadTrailer,
		} {
			group(ts)
		}
		ts.Wait()
	})
	judge(t, lines, map[string]string{
		"GetObject_directory_success":                 directoryObjects,
		"GetObject_overrides_fail_public":             "bucket policies are refused",
		"Authentication_credentials_incorrect_region": "it signs ListBuckets for us-east-1, which is accepted everywhere, as AWS does",
		"Authentication_date_mismatch":                "it makes a user through versitygw's own API",
	})
}

const directoryObjects = "a key with a slash at its end is an object like any other here"
