//go:build nightly

package rds_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"lethe"
	"lethe/access/accesstest"
	"lethe/event"
	"lethe/instance"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	wire "lethe/wire/aws"
	"lethe/wire/rds"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// TestMoto runs moto's tests of RDS, in server mode, against this port, with an engine on
// paper. The environment variable LETHE_PEERS names a folder in which moto's source, of the
// version that testdata/moto.md names, lies as moto/; python3 must have pytest, boto3 and
// what moto's tests import. testdata/moto.md lists the tests that do not apply, each with
// its reason, and what of the requests is changed on the way: all others must pass, and
// none of the list may.
func TestMoto(t *testing.T) {
	source := filepath.Join(os.Getenv("LETHE_PEERS"), "moto")
	if _, err := os.Stat(filepath.Join(source, "tests", "test_rds")); err != nil {
		t.Skip("LETHE_PEERS names no folder that holds moto's source as moto/")
	}
	l := &lab{t: t}
	l.open()
	server := httptest.NewServer(l)
	defer server.Close()
	plugin, err := filepath.Abs(filepath.Join("..", "iam", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	exceptions := readExceptions(t)
	files, err := filepath.Glob(filepath.Join(source, "tests", "test_rds", "test_*.py"))
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	// One after the other: a test that fails while its class is set up has no other after it
	// begin with nothing.
	for _, file := range files {
		file = filepath.Join("test_rds", filepath.Base(file))
		if slices.Contains(exceptions, file+"::*") {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "python3", "-m", "pytest", "-q", "-rA", "--color=no", "--tb=line", "-p", "no:cacheprovider", "-p", "lethe_account", "tests/"+file)
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "TEST_SERVER_MODE=true", "TEST_SERVER_MODE_ENDPOINT="+server.URL, "PYTHONPATH="+plugin+":"+source+":"+os.Getenv("PYTHONPATH"),
			"COLUMNS=1000", "LETHE_ACCOUNT="+lethe.Account, "AWS_DEFAULT_REGION=us-east-1")
		one, err := cmd.Output()
		if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
			t.Fatalf("pytest: %v\n%s", err, tail(one))
		}
		out = append(out, one...)
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
		listed := slices.Contains(exceptions, strings.TrimPrefix(name, "tests/"))
		switch verdict {
		case "PASSED":
			passed++
			if listed {
				t.Errorf("%s passes: take it from the list", name)
			}
		case "FAILED", "ERROR":
			if !listed {
				t.Errorf("%s", lines.Text())
			}
		}
	}
	if passed == 0 {
		t.Fatalf("pytest ran nothing:\n%s", tail(out))
	}
	t.Logf("%d passed", passed)
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }

var exception = regexp.MustCompile("^- `([^`]+)`")

// readExceptions lists the tests that do not apply, from lines that begin with "- `".
func readExceptions(t *testing.T) (list []string) {
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

// lab is a host of instances that is made anew by POST /moto-api/reset.
type lab struct {
	t  *testing.T
	mu sync.Mutex

	account *accesstest.Account // stays: it takes long to make
	local   *instance.Local
	h       http.Handler
	end     func()
}

// open makes the account.
func (l *lab) open() {
	l.account = accesstest.New(l.t)
	l.reset()
}

func (l *lab) reset() {
	if l.end != nil {
		l.end()
	}
	ctx, cancel := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "moto")
	must(l.t, err)
	must(l.t, os.Mkdir(filepath.Join(dir, "backups"), 0o700))
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	must(l.t, err)
	keys := sealtest.Keyring(l.t, db)
	g := workflow.NewRegistry()
	log := slog.New(slog.DiscardHandler)
	engine, err := journal.Open(ctx, journal.Config{State: db, Registry: g, Log: log})
	must(l.t, err)
	versions := func(name string, numbers ...string) *paper {
		p := &paper{name: name, running: map[string]chan struct{}{}}
		for _, n := range numbers {
			v := strings.Split(n, ".")
			family := name + v[0]
			if name != "postgres" {
				family += "." + v[1]
			}
			p.versions = append(p.versions, instance.Version{Number: n, Family: family, Title: name + " " + n})
		}
		return p
	}
	l.local, err = instance.NewLocal(ctx, instance.Options{
		DB: db, Keys: keys, Workflow: engine, Backups: folder(filepath.Join(dir, "backups")), Secrets: secrets{}, Log: log,
		Engines: []instance.Engine{versions("mariadb", "10.6.10"), versions("mysql", "8.0.32", "5.6.51"), versions("postgres", "16.1", "15.18", "13.4")},
		Targets: topics,
		Dir:     filepath.Join(dir, "servers"), Host: "127.0.0.1", Memory: 1 << 50,
	})
	must(l.t, err)
	l.local.Register(g)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		engine.Run(ctx)
	}()
	must(l.t, l.local.Start(ctx))
	svc, err := rds.New(l.local, l.account)
	must(l.t, err)
	l.h, err = wire.New(wire.Config{Keys: l.account, S3: http.NotFoundHandler(), Log: log}, svc)
	must(l.t, err)
	l.end = func() {
		cancel()
		<-ended
		must(l.t, l.local.Close(context.Background(), false))
		must(l.t, errors.Join(db.Close(), os.RemoveAll(dir)))
	}
}

// topics are those that moto's tests name.
var topics = map[string]event.Target{"db-primary-1-events-topic": topic{}, "db-master-1-events-topic": topic{}, "interesting-events": topic{}}

// topic takes every event.
type topic struct{}

func (topic) Send(context.Context, []event.Message) []error { return nil }

func (topic) Close() error { return nil }

// Both ways: what moto's tests say and lethe, as RDS, does not take, and what it becomes.
var words = map[string]string{
	"db.m1.small": "db.t3.small", "db.t2.micro": "db.t3.micro", "db.r5.large": "db.r5.large", "staging-postgres": "staging_postgres",
}

// complete adds to a request what RDS wants and moto does not.
func complete(form url.Values) {
	for k := range form {
		// Some of moto's tests have its account in their text.
		form.Set(k, strings.NewReplacer(":123456789012:", ":"+lethe.Account+":", ":1234567890:", ":"+lethe.Account+":").Replace(form.Get(k)))
		for from, to := range words {
			if form.Get(k) == from {
				form.Set(k, to)
			}
		}
	}
	if form.Get("Action") != "CreateDBInstance" || form.Get("DBClusterIdentifier") != "" {
		return
	}
	for k, v := range map[string]string{"MasterUsername": "editor", "MasterUserPassword": "one-long-password", "AllocatedStorage": "20", "DBInstanceClass": "db.t3.small"} {
		if form.Get(k) == "" && (k != "MasterUserPassword" || form.Get("ManageMasterUserPassword") == "") {
			form.Set(k, v)
		}
	}
	if form.Get("MasterUsername") == "root" {
		form.Set("MasterUsername", "editor")
	}
	if form.Get("AllocatedStorage") == "10" || form.Get("AllocatedStorage") == "5" {
		form.Set("AllocatedStorage", "20")
	}
	for k := range form {
		if strings.HasPrefix(k, "DBSecurityGroups.") {
			form.Del(k)
		}
	}
	if p := form.Get("MasterUserPassword"); p != "" && len(p) < 8 {
		form.Set("MasterUserPassword", p+p)
	}
}

var scope = regexp.MustCompile(`Credential=[^/]*/[0-9]{8}/([^/]+)/rds/`)

func (l *lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.URL.Path == "/moto-api/reset" {
		l.reset()
		return
	}
	body, err := io.ReadAll(r.Body)
	form, ferr := url.ParseQuery(string(body))
	region := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if err := errors.Join(err, ferr); err != nil || region == nil {
		http.Error(w, "not a request of RDS", http.StatusBadRequest)
		return
	}
	complete(form)
	text := form.Encode()
	q := httptest.NewRequest(http.MethodPost, "http://"+r.Host+"/", strings.NewReader(text))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	sum := sha256.Sum256([]byte(text))
	credentials := aws.Credentials{AccessKeyID: l.account.Admin.AccessKeyID, SecretAccessKey: l.account.Admin.SecretKey}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, q, hex.EncodeToString(sum[:]), "rds", region[1], time.Now()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := httptest.NewRecorder()
	l.h.ServeHTTP(answer, q)
	out := answer.Body.String()
	for from, to := range words {
		out = strings.ReplaceAll(out, ">"+to+"<", ">"+from+"<")
	}
	l.settle()
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.WriteHeader(answer.Code)
	io.WriteString(w, out)
}

// settle waits until what a request has begun is done, for which moto's tests do not wait.
func (l *lab) settle() {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		all, err := l.local.Measure(context.Background())
		must(l.t, err)
		if !slices.ContainsFunc(all, func(m instance.Measured) bool {
			return !slices.Contains([]string{"available", "stopped", "failed", "storage-full", "incompatible-parameters", "incompatible-restore"}, m.Status)
		}) {
			return
		}
	}
	l.t.Logf("an instance does not settle")
}
