//go:build linux

package s3_test

import (
	"bufio"
	"context"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
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

// excuses reads testdata/excused.md: the cases of the suite that need not pass,
// by name or by a pattern of path.Match, each with its reason. Some are for one
// way to run the suite only, which then stands behind the name.
func excuses(t *testing.T, way string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "excused.md"))
	must(t, err)
	reasons := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 4 || !strings.Contains(cells[1], "`") {
			continue // prose, and the table's head
		}
		name, only, _ := strings.Cut(strings.TrimLeft(cells[1], " `"), "`")
		if only = strings.TrimSpace(only); only == "" || only == way || way == "" {
			reasons[name] = strings.TrimSpace(cells[2])
		}
	}
	if len(reasons) == 0 {
		t.Error("testdata/excused.md has no table")
	}
	return reasons
}

// judge fails the test for every case that failed without an excuse and for
// every one that has an excuse and passed. It answers the excuses that were
// needed. An excuse is the reason for the deviation, by name or pattern.
func judge(t *testing.T, lines []string, excused map[string]string) (needed map[string]bool) {
	t.Helper()
	needed = map[string]bool{}
	ran, failed, waived := 0, 0, 0
	for _, l := range lines {
		m := verdict.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		ran++
		excuse := ""
		for pattern := range excused {
			if ok, err := path.Match(pattern, m[2]); err != nil {
				t.Fatalf("excuse %s: %v", pattern, err)
			} else if ok {
				excuse = pattern
			}
		}
		switch {
		case m[1] == "FAIL" && excuse == "":
			t.Errorf("%s: %s", m[2], m[3])
			failed++
		case m[1] == "FAIL":
			needed[excuse] = true
			failed++
			waived++
		case m[1] == "PASS" && excuse != "":
			t.Errorf("%s passes now, although %s", m[2], excused[excuse])
		}
	}
	t.Logf("%d cases, %d failed, of them %d excused", ran, failed, waived)
	if ran == 0 {
		t.Error("no case ran")
	}
	return needed
}

func state(ctx context.Context, endpoint, key, secret, region string, versions bool) *integration.TestState {
	opts := []integration.Option{integration.WithAccess(key), integration.WithSecret(secret), integration.WithRegion(region),
		integration.WithEndpoint(endpoint), integration.WithPartSize(5 << 20), integration.WithConcurrency(4)}
	if versions {
		opts = append(opts, integration.WithVersioningEnabled())
	}
	return integration.NewTestState(ctx, integration.NewS3Conf(opts...), false)
}

// TestSuite runs the quick part of the suite against lethe's gateway: its keys,
// its decisions, its proxy.
func TestSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	l := newLake(t)
	lines := capture(t, func() {
		ts := state(t.Context(), l.url, adminKey, adminSecret, lethe.DefaultRegion, true)
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
	excused := excuses(t, "")
	maps.Copy(excused, map[string]string{
		"GetObject_overrides_fail_public":             "no policy lets in a request without a signature",
		"Authentication_credentials_incorrect_region": "it signs ListBuckets for us-east-1, which is accepted everywhere, as AWS does",
		"Authentication_date_mismatch":                "it makes a user through versitygw's own API",
	})
	judge(t, lines, excused)
}
