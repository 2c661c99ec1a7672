package remote_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/object"
	"lethe/object/objecttest"
	"lethe/test/s3server"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

// versitygw's own storage is a folder with files named as the keys; it is another
// S3 than ours in all but the front end. It changes the process's working
// directory, so it runs in a process of its own: this test's program, told by the
// environment.
const (
	serveVariable   = "LETHE_TEST_VERSITYGW"
	addressVariable = "LETHE_TEST_VERSITYGW_ADDRESS"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		fmt.Fprintln(os.Stderr, versitygw(dir, os.Getenv(addressVariable)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// versitygw serves until the process is killed.
func versitygw(dir, addr string) error {
	data, versions := filepath.Join(dir, "data"), filepath.Join(dir, "versions")
	for _, d := range []string{data, versions} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	store, err := posix.New(data, meta.XattrMeta{}, posix.PosixOpts{VersioningDir: versions, CopyObjectThreshold: 5 << 30})
	if err != nil {
		return err
	}
	root := auth.Account{Access: s3server.AccessKeyID, Secret: s3server.SecretAccessKey, Role: auth.RoleAdmin}
	srv, err := s3api.New(store, middlewares.RootUserConfig{Access: root.Access, Secret: root.Secret}, lethe.DefaultRegion,
		auth.NewIAMServiceSingle(root), nil, nil, nil, nil, s3api.WithQuiet(), s3api.WithKeepAlive(),
		s3api.WithConcurrencyLimiter(1024, 1024), s3api.WithMpMaxParts(10_000))
	if err != nil {
		return err
	}
	go func() { // the test's end closes the pipe, however it ends
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return srv.ServeMultiPort([]string{addr})
}

// startVersitygw runs it on an empty folder and returns its URL.
func startVersitygw(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	var out strings.Builder
	cmd.Env, cmd.Stderr = append(os.Environ(), serveVariable+"="+t.TempDir(), addressVariable+"="+addr), &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stdin.Close()
		<-ended
	})
	for deadline := time.Now().Add(time.Minute); ; {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return "http://" + addr
		}
		select {
		case <-ended:
			t.Fatalf("versitygw ended: %s", out.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("versitygw does not answer")
		}
	}
}

// TestVersitygw runs the suite against an S3 that is not ours.
func TestVersitygw(t *testing.T) {
	urls := map[object.Store]string{}
	objecttest.Suite{
		Open: func(t testing.TB) object.Store {
			url := startVersitygw(t)
			s := connect(t, url)
			urls[s] = url
			return s
		},
		Client:  func(t testing.TB, s object.Store) *s3.Client { return s3server.Client(urls[s]) },
		Far:     true,
		OwnType: "application/octet-stream",
		Lacks: map[string]string{
			"CommitIsAtomic": notAtomic,
			"OneDeleteWins":  deletesNothing,
			"LinkRaces":      "it reads an object's attributes one after the other, so that one that is replaced meanwhile has the old content type and the new ETag",
		},
		NoKey: func(key string) string {
			switch {
			case strings.Contains(key, "/"):
				return "its keys are paths of files: they are cleaned, and n excludes n/child"
			case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' }):
				return "its listings are XML without an encoding of keys, where a control character cannot stand"
			case len(key) > 255:
				return "a name in a path has at most 255 bytes"
			}
			return noKey(key)
		},
		NoList: func(o object.ListOptions) string {
			if o.Delimiter != "" && strings.Contains(strings.TrimPrefix(o.After, o.Prefix), o.Delimiter) {
				return "it leaves out a common prefix whose keys are only in part before the beginning"
			}
			return ""
		},
	}.Run(t)
}
