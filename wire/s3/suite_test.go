//go:build linux

package s3_test

import (
	"bufio"
	"context"
	"os"
	"regexp"
	"slices"
	"testing"

	"lethe"

	"github.com/versity/versitygw/tests/integration"
	"golang.org/x/sys/unix"
)

// versitygw's own test suite can be imported. Its groups print their verdicts.

// capture runs f and returns the lines that the process printed meanwhile. It
// redirects the descriptor, because goroutines use os.Stdout all along.
func capture(t *testing.T, f func()) (lines []string) {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	stdout, err := unix.Dup(1)
	must(t, err)
	must(t, unix.Dup3(int(w.Fd()), 1, 0))
	must(t, w.Close()) // descriptor 1 is the writing end now
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := bufio.NewScanner(r)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			lines = append(lines, s.Text())
		}
	}()
	defer func() {
		must(t, unix.Dup3(stdout, 1, 0)) // ends the pipe
		must(t, unix.Close(stdout))
		<-done
		must(t, r.Close())
	}()
	f()
	return
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
