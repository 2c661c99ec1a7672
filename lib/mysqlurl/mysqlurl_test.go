package mysqlurl_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe/lib/ca"
	"lethe/lib/mysqlurl"
)

func TestParse(t *testing.T) {
	c, err := mysqlurl.Parse("mysql://ada:p%40ss@db.example:3307/crm?readTimeout=3s")
	if err != nil || c.User != "ada" || c.Passwd != "p@ss" || c.Addr != "db.example:3307" || c.DBName != "crm" || c.ReadTimeout.Seconds() != 3 || c.Timeout.Seconds() != 5 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := mysqlurl.Parse("mariadb://ada@[::1]/crm"); err != nil || c.Addr != "[::1]:3306" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := mysqlurl.Parse("mysql:///crm?socket=/run/db"); err != nil || c.Net != "unix" || c.Addr != "/run/db" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{"", "secret", "postgres://h/secret", "mysql://secret@h", "mysql:///secret", "mysql://h/d?timeout=secret", "mysql://h:%zz/secret"} {
		if _, err := mysqlurl.Parse(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAuthority(t *testing.T) {
	a, err := ca.New("authority", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := a.PEM()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := mysqlurl.Parse("mysql://seb@db.example/crm?ssl-ca=" + url.QueryEscape(path))
	if err != nil || c.TLS == nil || c.TLS.ServerName != "db.example" || c.TLS.RootCAs == nil || c.TLS.InsecureSkipVerify {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{path + "x", "/dev/null"} {
		if _, err := mysqlurl.Parse("mysql://seb@db.example/crm?ssl-ca=" + bad); err == nil || !strings.Contains(err.Error(), "ssl-ca") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
