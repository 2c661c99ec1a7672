//go:build nightly

package iam_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/access"
)

// TestMoto runs moto's tests of IAM and STS, in server mode, against this port. The
// environment variable LETHE_PEERS names a folder in which moto's source, of the version
// that testdata/moto.md names, lies as moto/; python3 must have pytest, boto3 and what
// moto's tests import. testdata/moto.md lists the tests that do not apply, each with
// its reason: all others must pass, and none of the list may.
func TestMoto(t *testing.T) {
	source := filepath.Join(os.Getenv("LETHE_PEERS"), "moto")
	if _, err := os.Stat(filepath.Join(source, "tests", "test_iam")); err != nil {
		t.Skip("LETHE_PEERS names no folder that holds moto's source as moto/")
	}
	l := &lab{t: t}
	l.reset()
	server := httptest.NewServer(l)
	defer server.Close()

	plugin, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	exceptions := readExceptions(t)
	cmd := exec.CommandContext(t.Context(), "python3", "-m", "pytest", "-q", "-rA", "--tb=line", "-p", "no:cacheprovider", "-p", "lethe_account", "tests/test_iam", "tests/test_sts")
	for _, e := range exceptions {
		if prefix, ok := strings.CutSuffix(e, "*"); ok && strings.HasSuffix(prefix, ".py::") {
			cmd.Args = append(cmd.Args, "--ignore=tests/"+strings.TrimSuffix(prefix, "::"))
		}
	}
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "TEST_SERVER_MODE=true", "TEST_SERVER_MODE_ENDPOINT="+server.URL, "PYTHONPATH="+plugin+":"+source+":"+os.Getenv("PYTHONPATH"),
		"LETHE_ACCOUNT="+lethe.Account, "AWS_DEFAULT_REGION=us-east-1")
	out, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("pytest: %v\n%s", err, tail(out))
	}
	passed := 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		verdict, rest, _ := strings.Cut(lines.Text(), " ")
		name, _, _ := strings.Cut(rest, " - ")
		if !strings.HasPrefix(name, "tests/") {
			continue
		}
		listed := exceptions.has(name)
		if name == lines.Text() {
			continue
		}
		switch verdict {
		case "PASSED":
			passed++
			if listed == exactly {
				t.Errorf("%s passes: take it from the list", name)
			}
		case "FAILED", "ERROR":
			if listed == "" {
				t.Errorf("%s", lines.Text())
			}
		}
	}
	if passed == 0 {
		t.Fatalf("pytest ran nothing:\n%s", tail(out))
	}
	t.Logf("%d passed", passed)
	if t.Failed() {
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, ".py:") && !strings.HasPrefix(line, "PASSED") && !strings.HasPrefix(line, "FAILED") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }

// exceptions are tests that do not apply, from lines that begin with "- `".
type exceptions []string

const exactly, byPrefix = "exactly", "by prefix"

var exception = regexp.MustCompile("^- `([^`]+)`")

func readExceptions(t *testing.T) (list exceptions) {
	t.Helper()
	text, err := os.ReadFile("testdata/moto.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if m := exception.FindStringSubmatch(line); m != nil {
			list = append(list, m[1])
		}
	}
	return list
}

// has reports whether a test is listed: by its name without the folder, or by a
// prefix of it that ends in *.
func (x exceptions) has(name string) string {
	name = strings.TrimPrefix(name, "tests/")
	bare, _, _ := strings.Cut(name, "[")
	if slices.Contains(x, name) {
		return exactly
	}
	for _, e := range x {
		if prefix, ok := strings.CutSuffix(e, "*"); ok && strings.HasPrefix(name, prefix) || e == bare {
			return byPrefix
		}
	}
	return ""
}

// lab is an account that is made anew by POST /moto-api/reset. Everyone who signs
// with a key that it does not know may do everything, with the secret that moto's tests
// use.
type lab struct {
	t  *testing.T
	mu sync.Mutex
	s  *access.Service
	h  http.Handler
}

func (l *lab) reset() {
	s, c := service(l.t, l.t.TempDir())
	if err := empty(s, c); err != nil {
		l.t.Fatal(err)
	}
	l.s, l.h = s, handler(l.t, s, guests{s})
}

// empty deletes the administrator: the tests count users.
func empty(s *access.Service, c access.Credentials) error {
	ctx := context.Background()
	return errors.Join(
		s.DeleteAccessKey(ctx, c.Name, c.AccessKeyID), s.DeleteLoginProfile(ctx, c.Name),
		s.Detach(ctx, access.UserNamed(c.Name), access.AdministratorAccess), s.DeleteUser(ctx, c.Name))
}

func (l *lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	if r.URL.Path == "/moto-api/reset" {
		l.reset()
		l.mu.Unlock()
		return
	}
	h := l.h
	l.mu.Unlock()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	body := hint.ReplaceAll(answer.Body.Bytes(), []byte("</Message>"))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Code)
	w.Write(body)
}

// hint is where in a policy the error is, which lethe says after AWS's words. The tests
// compare the words.
var hint = regexp.MustCompile(`(?s) \(line [0-9]+, column [0-9]+: .*\)</Message>`)

// guests are the keys of a lab.
type guests struct{ *access.Service }

func (g guests) Key(ctx context.Context, id string) (access.Key, error) {
	k, err := g.Service.Key(ctx, id)
	if lethe.Is(err, lethe.NotFound) {
		return access.Key{Secret: "FOOBARSECRET", Principal: lethe.System}, nil
	}
	return k, err
}
