package postgres_test

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"lethe/instance"
	"lethe/instance/instancetest"
	"lethe/instance/postgres"
	"lethe/lib/daemon"
)

func TestEngine(t *testing.T) {
	instancetest.Run(t, instancetest.Suite{
		New:     func(dir string) instance.Engine { return postgres.New(postgres.Options{Dir: dir}) },
		Open:    open,
		Kill:    kill,
		Show:    "SHOW %s",
		Dynamic: instancetest.Setting{Name: "work_mem", Value: "5120", Shown: "5MB"},
		Static:  instancetest.Setting{Name: "max_connections", Value: "77", Shown: "77"},
		Bad:     instancetest.Setting{Name: "shared_buffers", Value: "3"},
	})
}

// open connects as psql does with sslmode=verify-full.
func open(t testing.TB, s instance.Server, m instance.Master) *sql.DB {
	t.Helper()
	c, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	c.Host, c.Port, c.User, c.Password, c.Database = s.Host, uint16(s.Port), m.User, m.Password, m.Database
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.TLS.CA)
	c.TLSConfig = &tls.Config{RootCAs: roots, ServerName: s.Host}
	return stdlib.OpenDB(*c)
}

func kill(t testing.TB, s instance.Server) {
	t.Helper()
	p, err := daemon.Adopt(filepath.Join(s.Dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
