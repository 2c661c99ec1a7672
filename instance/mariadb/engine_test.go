package mariadb_test

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"io"
	"log"
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"

	"lethe/instance"
	"lethe/instance/instancetest"
	"lethe/instance/mariadb"
	"lethe/lib/daemon"
)

func TestEngine(t *testing.T) {
	t.Parallel()
	if _, err := mariadb.New(mariadb.Options{Dir: t.TempDir()}).Versions(t.Context()); err != nil {
		t.Skip(err)
	}
	instancetest.Run(t, instancetest.Suite{
		New:     func(dir string) instance.Engine { return mariadb.New(mariadb.Options{Dir: dir}) },
		Open:    open,
		Kill:    kill,
		Show:    "SELECT @@GLOBAL.%s",
		Dynamic: instancetest.Setting{Name: "max_connections", Value: "77", Shown: "77"},
		Static:  instancetest.Setting{Name: "back_log", Value: "77", Shown: "77"},
		Bad:     instancetest.Setting{Name: "binlog_format", Value: "ODD"},
	})
}

// open connects with TLS, and verifies the certificate.
func open(t testing.TB, s instance.Server, m instance.Master) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = m.User, m.Password, m.Database
	c.Net, c.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	c.Logger = log.New(io.Discard, "", 0)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.TLS.CA)
	c.TLS = &tls.Config{RootCAs: roots, ServerName: s.Host}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(connector)
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
