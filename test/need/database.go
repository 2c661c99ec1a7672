package need

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the databases/sql drivers of the servers below
	_ "github.com/jackc/pgx/v5/stdlib"
)

// Postgres starts a PostgreSQL server for the tests of this process, once, and
// returns the URL of a new, empty database in it. TestMain calls StopServers.
func Postgres(t testing.TB) string { return postgres.database(t) }

// MariaDB does the same for a MariaDB server.
func MariaDB(t testing.TB) string { return mariadb.database(t) }

// StopServers stops the servers that the tests of this process have started and
// removes their files.
func StopServers() {
	postgres.stop()
	mariadb.stop()
	stopDynamo()
}

var (
	postgres = &server{name: "PostgreSQL", driver: "pgx", start: startPostgres}
	mariadb  = &server{name: "MariaDB", driver: "mysql", start: startMariaDB}
)

// server is one that runs as long as this process.
type server struct {
	name, driver string
	start        func(t testing.TB, s *server, port int) (cmd *exec.Cmd, admin string)

	mu    sync.Mutex
	dir   string
	cmd   *exec.Cmd
	ended chan struct{}
	port  int
	admin *sql.DB
	made  int
}

func (s *server) database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil {
		s.run(t)
	}
	s.made++
	name := fmt.Sprintf("test%d", s.made)
	if _, err := s.admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	if s.driver == "pgx" {
		return fmt.Sprintf("postgres://lethe@127.0.0.1:%d/%s?sslmode=disable", s.port, name)
	}
	return fmt.Sprintf("mysql://lethe:lethe@127.0.0.1:%d/%s", s.port, name)
}

// run starts the server on a free port of the loopback interface and waits until
// it answers.
func (s *server) run(t testing.TB) {
	t.Helper()
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "lethe-server-")
		if err != nil {
			t.Fatal(err)
		}
		s.dir = dir
		if err := errors.Join(os.Chmod(dir, 0o755), own(dir)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd, admin := s.start(t, s, s.port)
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	started := make(chan error)
	s.ended = make(chan struct{})
	go func() {
		// The server ends with the thread that started it, which therefore stays
		// this goroutine's, and ends with the process.
		runtime.LockOSThread()
		started <- cmd.Start()
		cmd.Wait()
		close(s.ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s.cmd = cmd
	db, err := sql.Open(s.driver, admin)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if err = db.Ping(); err == nil {
			break
		}
		select {
		case <-s.ended:
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("%s ended: %s", s.name, text)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", s.name, err)
		}
	}
	if s.driver == "mysql" {
		if _, err := db.Exec("GRANT ALL ON *.* TO lethe@localhost IDENTIFIED BY 'lethe'"); err != nil {
			t.Fatal(err)
		}
	}
	s.admin = db
}

func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin != nil {
		s.admin.Close()
		s.cmd.Process.Kill() // nothing of it is kept
		<-s.ended
		s.admin = nil
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
		s.dir = ""
	}
}

// unprivileged is as whom servers run that refuse to run as root.
func unprivileged() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	c := &syscall.Credential{Uid: 65534, Gid: 65534}
	if u, err := user.Lookup("nobody"); err == nil {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.Uid, c.Gid = uint32(uid), uint32(gid)
	}
	return c
}

func own(dir string) error {
	if c := unprivileged(); c != nil {
		return os.Chown(dir, int(c.Uid), int(c.Gid))
	}
	return nil
}

func command(dir, path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(), Pdeathsig: syscall.SIGKILL}
	return cmd
}

func startPostgres(t testing.TB, s *server, port int) (*exec.Cmd, string) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		absent(t, "needs a PostgreSQL server: apt-get install --no-install-recommends postgresql")
	}
	slices.Sort(found)
	path := found[len(found)-1]
	data := filepath.Join(s.dir, "data")
	out, err := command(s.dir, filepath.Join(filepath.Dir(path), "initdb"), "-D", data, "-U", "lethe", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	cmd := command(s.dir, path, "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "autovacuum=off")
	return cmd, fmt.Sprintf("postgres://lethe@127.0.0.1:%d/postgres?sslmode=disable", port)
}

func startMariaDB(t testing.TB, s *server, port int) (*exec.Cmd, string) {
	t.Helper()
	path, err := exec.LookPath("mariadbd")
	if err != nil {
		path = "/usr/sbin/mariadbd"
	}
	if _, err := os.Stat(path); err != nil {
		absent(t, "needs a MariaDB server: apt-get install --no-install-recommends mariadb-server")
	}
	data := filepath.Join(s.dir, "data")
	out, err := command(s.dir, "/usr/bin/mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput()
	if err != nil {
		t.Fatalf("mariadb-install-db: %v: %s", err, out)
	}
	cmd := command(s.dir, path, "--no-defaults", "--datadir="+data, "--port="+strconv.Itoa(port), "--bind-address=127.0.0.1", "--socket="+filepath.Join(s.dir, "socket"),
		"--pid-file="+filepath.Join(s.dir, "pid"), "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--max-connections=300", "--innodb-flush-method=nosync")
	return cmd, fmt.Sprintf("root@tcp(127.0.0.1:%d)/", port)
}
