package mariadb

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"lethe"
	"lethe/instance"
	"lethe/instance/instancetest"
)

// templates is where all tests' templates are: it takes seconds to make one.
var (
	templates string
	preparing sync.Mutex
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "mariadb")
		if err == nil {
			err = os.Chmod(dir, 0o755)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		templates = filepath.Join(dir, "templates")
		return m.Run()
	}())
}

// engine returns MariaDB with its version; the test needs it installed.
func engine(t testing.TB) (*Engine, instance.Version) {
	t.Helper()
	preparing.Lock() // each test has an engine of its own
	defer preparing.Unlock()
	e := New(Options{Dir: templates})
	all, err := e.Versions(t.Context())
	if err != nil {
		t.Skipf("%v", err)
	}
	if err := e.Prepare(t.Context(), all[0].Number); err != nil {
		t.Fatal(err)
	}
	return e, all[0]
}

// server is a server of a test's, with what clients need to know of it.
type server struct {
	instance.Server
	e      *Engine
	master instance.Master
}

var certificate = sync.OnceValues(func() (instance.TLS, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return instance.TLS{}, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lethe"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return instance.TLS{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return instance.TLS{Cert: cert, Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), CA: cert}, err
})

// place describes a server in a new folder, which is stopped when the test ends.
func place(t testing.TB, e *Engine, v instance.Version) *server {
	t.Helper()
	top, err := os.MkdirTemp("", "mariadb")
	if err == nil {
		err = os.Chmod(top, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	keys, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	id := "db-" + lethe.NewID()
	s := &server{
		Server: instance.Server{
			ID: id, Dir: filepath.Join(top, id), Version: v.Number, Host: "127.0.0.1", Port: instancetest.Port(t), TLS: keys, Archive: true,
			Settings: map[string]string{"innodb_buffer_pool_size": strconv.Itoa(64 << 20)},
		},
		e: e, master: instance.Master{User: "master", Password: "s3cret 'quoted' \\ \" password", Database: "app"},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", s.ID, tail(at(s.Server).errors(), 4000))
		}
		if p := e.process(s.Server); p != nil {
			p.Signal(9)
			<-p.Done()
		}
		os.RemoveAll(top)
	})
	return s
}

// fresh returns a running server.
func fresh(t testing.TB, e *Engine, v instance.Version) *server {
	t.Helper()
	s := place(t, e, v)
	if err := e.Create(t.Context(), s.Server, s.master); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	return s
}

func (s *server) start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.e.Start(ctx, s.Server); err != nil {
		t.Fatal(err)
	}
}

// db connects as the first user, over TLS.
func (s *server) db(t testing.TB) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = s.master.User, s.master.Password, "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), s.master.Database
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.TLS.CA)
	c.Logger = log.New(io.Discard, "", 0)
	c.TLS = &tls.Config{RootCAs: roots, ServerName: s.Host}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

func (s *server) exec(t testing.TB, statements ...string) {
	t.Helper()
	db := s.db(t)
	defer db.Close()
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// one returns the first value of an answer.
func (s *server) one(t testing.TB, query string) string {
	t.Helper()
	db := s.db(t)
	defer db.Close()
	var v string
	if err := db.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}
