package mysqlurl_test

import (
	"strings"
	"testing"

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
