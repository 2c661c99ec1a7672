package config

import (
	"errors"
	"strings"
	"testing"
)

func TestMetastoreErrorsNameFieldAndValue(t *testing.T) {
	for field, change := range map[string]func(*Metastore){
		"metastore.addr":              func(m *Metastore) { m.Addr = "localhost:http" },
		"metastore.warehouse":         func(m *Metastore) { m.Warehouse = "/user/hive/warehouse" },
		"metastore.anonymous_from":    func(m *Metastore) { m.AnonymousFrom = []string{"10.1.2.3"} },
		"metastore.database":          func(m *Metastore) { m.Database = "oracle://user:secret@host/db" },
		"metastore.database_password": func(m *Metastore) { m.DatabasePassword = "secret" },
		"metastore.database_version":  func(m *Metastore) { m.DatabaseVersion = "2.3" },
		"metastore.cert_file":         func(m *Metastore) { m.CertFile = "cert.pem" },
	} {
		c := Default()
		change(&c.Metastore)
		var e *Error
		if err := c.Check(); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v tells a secret", field, err)
		}
	}
	c := Default()
	c.Metastore.Addr = ""
	if err := c.Check(); err != nil {
		t.Errorf("without a metastore: %v", err)
	}
}
