// Package instancetest holds what every engine of database instances does, as tests that
// each engine runs with real servers.
package instancetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	math "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lethe/instance"
)

// Suite says what the tests must know of an engine.
type Suite struct {
	// New returns the engine as a program has it that was started just now. What it keeps
	// for all servers is in dir.
	New func(dir string) instance.Engine
	// Open connects a client by TCP with TLS, and verifies the certificate by s.TLS.CA.
	Open func(t testing.TB, s instance.Server, m instance.Master) *sql.DB
	// Kill ends the server's process with SIGKILL.
	Kill func(t testing.TB, s instance.Server)
	// Show is the statement that shows a setting, with %s for its name.
	Show string
	// Dynamic can be changed while the server runs, Static when it starts. Bad has a value
	// that the engine refuses.
	Dynamic, Static, Bad Setting
}

// Setting is a setting with a value and how the server shows that.
type Setting struct{ Name, Value, Shown string }

// Run runs the tests. A machine without the engine fails them.
func Run(t *testing.T, suite Suite) {
	t.Helper()
	dir := folder(t)
	s := &under{Suite: suite, dir: dir, shared: filepath.Join(dir, "shared")}
	all, err := s.engine().Versions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.version = all[0]
	// What is made once for all servers is no part of any test.
	if _, err := s.engine().Parameters(s.version.Family); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, *under)
	}{
		{"Life", testLife},
		{"Settings", testSettings},
		{"Parameters", testParameters},
		{"Crash", testCrash},
		{"Backup", testBackup},
		{"Moment", testMoment},
		{"Replica", testReplica},
		{"Failover", testFailover},
		{"ReplicaDies", testReplicaDies},
		{"Names", testNames},
		{"Folder", testFolder},
		{"Missing", testMissing},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, s) })
	}
}

// under is what is tested.
type under struct {
	Suite
	dir, shared string
	version     instance.Version

	mu   sync.Mutex
	made int
}

func (u *under) engine() instance.Engine { return u.New(u.shared) }

// folder is one that every user can enter, and that goes with the test. It is in memory
// where there is room: servers sync thousands of files, and what a kill of a process
// leaves is the same.
func folder(t testing.TB) string {
	t.Helper()
	base := ""
	var st unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &st); err == nil && st.Bavail*uint64(st.Bsize) > 4<<30 {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "instance-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// server is a server that there is not yet. If it runs when the test ends, it is ended.
func (u *under) server(t testing.TB) instance.Server {
	t.Helper()
	u.mu.Lock()
	u.made++
	id := fmt.Sprintf("db-TEST%d", u.made)
	u.mu.Unlock()
	s := instance.Server{
		ID: id, Dir: filepath.Join(u.dir, id), Version: u.version.Number, Host: "127.0.0.1", Port: Port(t), TLS: certificate(t),
		Settings: map[string]string{u.Static.Name: u.Static.Value},
		Archive:  true,
	}
	t.Cleanup(func() {
		e := u.engine()
		select {
		case <-e.Ended(s):
		default:
			u.Kill(t, s)
			await(t, e.Ended(s))
		}
		os.RemoveAll(s.Dir)
	})
	return s
}

var master = instance.Master{User: "chief", Password: `it's "secret" \12`, Database: "app"}

// running is a server that runs, with its first user connected to its database.
func (u *under) running(t testing.TB) (instance.Engine, instance.Server, *sql.DB) {
	t.Helper()
	e, s := u.engine(), u.server(t)
	must(t, e.Create(within(t), s, master))
	must(t, e.Start(within(t), s))
	return e, s, u.open(t, s, master)
}

func (u *under) open(t testing.TB, s instance.Server, m instance.Master) *sql.DB {
	t.Helper()
	db := u.Open(t, s, m)
	db.SetMaxIdleConns(-1) // servers end meanwhile
	t.Cleanup(func() { db.Close() })
	return db
}

// within bounds what takes long on a loaded machine, but not for ever.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var ports struct {
	sync.Mutex
	given map[int]bool
}

// Port returns a port of the loopback interface at which nobody listens, and which this
// program has not had before. It is none of those that the kernel gives to connections
// (ip_local_port_range begins at 32768), which would take it until a server is started.
func Port(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 1000 {
		p := 10_000 + math.IntN(22_000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil || ports.given[p] {
			continue
		}
		l.Close()
		if ports.given == nil {
			ports.given = map[int]bool{}
		}
		ports.given[p] = true
		return p
	}
	t.Fatal("no port is free")
	return 0
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func await(t testing.TB, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("waited for two minutes")
	}
}

// until waits until a condition holds.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for two minutes: %s", what)
		}
	}
}

func exec(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(within(t), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func count(t testing.TB, db *sql.DB, table string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(within(t), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatalf("count of %s: %v", table, err)
	}
	return n
}

// certificate is one for 127.0.0.1, signed by another.
var certificate = func() func(testing.TB) instance.TLS {
	made := sync.OnceValues(certify)
	return func(t testing.TB) instance.TLS {
		t.Helper()
		c, err := made()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}()

func certify() (c instance.TLS, err error) {
	var key, parentKey *ecdsa.PrivateKey
	var parent *x509.Certificate
	for i, name := range []string{"authority", "127.0.0.1"} {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return c, err
		}
		cert := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		}
		if parent == nil {
			cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage = true, true, x509.KeyUsageCertSign
			parent, parentKey = cert, key
		} else {
			cert.IPAddresses, cert.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}
		der, err := x509.CreateCertificate(rand.Reader, cert, parent, key.Public(), parentKey)
		if err != nil {
			return c, err
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if i == 0 {
			c.CA = text
			continue
		}
		c.Cert = text
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	c.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return c, err
}
